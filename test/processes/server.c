// A server as in textbooks: SO_REUSEADDR, bind, listen. It answers one connection.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const int yes = 1;
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)atoi(argv[argc - 1]));
  if (setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      bind(server, (struct sockaddr*)&address, sizeof(address)) != 0 || listen(server, 8) != 0) {
    perror("server");
    return 1;
  }
  puts("listening");
  fflush(stdout);
  const int client = accept(server, NULL, NULL);
  if (write(client, "served", 6) != 6) return 1;
  close(client);
  return 0;
}
