// An addon of somebody else. When it is loaded, it makes the file that the variable FOREIGN_MARK names.

#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void leaveMark(void) {
  const char *name = getenv("FOREIGN_MARK");
  FILE *mark = name == NULL ? NULL : fopen(name, "w");
  if (mark != NULL) fclose(mark);
}
