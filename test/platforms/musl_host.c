// A host for the addon, linked with musl. It has just enough of Node-API to load the binary and to call its functions.
// Its values are plain C structs. It is needed because the npm registry has no Node.js with musl.
//
//   musl-gcc -rdynamic -o musl_host musl_host.c && ./musl_host port4me.musl.node < questions
//
// Each line of its input asks for ports. It has four fields: the letter u and the text of a seed (hex of its UTF-16
// units), the set of candidates (hex of its bytes), how many candidates to skip, and how many to print.

#include <dlfcn.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAPI __attribute__((visibility("default"))) int

enum { OK = 0, REFUSED = 9 };

typedef struct {
  enum { UNDEFINED, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT } type;
  double number;
  const char* text;       // ASCII; unused if `units` is set
  const uint16_t* units;  // UTF-16
  int array_type;  // napi_typedarray_type of js_native_api_types.h
  size_t length;
  void* data;
} Value;

typedef Value* (*Callback)(void* env, void* info);
typedef struct {
  size_t argc;
  Value** argv;
  void* data;
} Info;
typedef struct {
  const char* name;
  void* name_value;
  Callback method, getter, setter;
  Value* value;
  int attributes;
  void* data;
} Property;

static Property properties[64];
static size_t property_count;
static const char* thrown;

static Value* New(int type) {
  Value* value = calloc(1, sizeof(Value));
  value->type = type;
  return value;
}

NAPI napi_define_properties(void* env, Value* object, size_t count, const Property* added) {
  (void)env, (void)object;
  for (size_t i = 0; i < count; ++i) properties[property_count++] = added[i];
  return OK;
}
NAPI napi_get_cb_info(void* env, Info* info, size_t* argc, Value** argv, Value** self, void** data) {
  (void)env;
  if (argv != NULL) {
    for (size_t i = 0; i < *argc; ++i) argv[i] = i < info->argc ? info->argv[i] : New(UNDEFINED);
  }
  if (argc != NULL) *argc = info->argc;
  if (self != NULL) *self = New(OBJECT);
  if (data != NULL) *data = info->data;
  return OK;
}
NAPI napi_get_value_double(void* env, Value* value, double* result) {
  (void)env;
  if (value->type != NUMBER) return REFUSED;
  *result = value->number;
  return OK;
}
NAPI napi_get_value_string_utf16(void* env, Value* value, uint16_t* buffer, size_t size, size_t* length) {
  (void)env;
  if (value->type != STRING) return REFUSED;
  *length = value->units != NULL ? value->length : strlen(value->text);
  if (buffer == NULL) return OK;
  for (size_t i = 0; i < *length && i < size; ++i) {
    buffer[i] = value->units != NULL ? value->units[i] : (unsigned char)value->text[i];
  }
  return OK;
}
NAPI napi_get_typedarray_info(void* env, Value* value, int* type, size_t* length, void** data,
                              Value** buffer, size_t* offset) {
  (void)env, (void)buffer, (void)offset;
  if (value->type != ARRAY) return REFUSED;
  *type = value->array_type;
  *length = value->length;
  *data = value->data;
  return OK;
}
NAPI napi_create_double(void* env, double number, Value** result) {
  (void)env;
  *result = New(NUMBER);
  (*result)->number = number;
  return OK;
}
NAPI napi_get_boolean(void* env, bool value, Value** result) {
  (void)env;
  *result = New(BOOLEAN);
  (*result)->number = value;
  return OK;
}
NAPI napi_get_undefined(void* env, Value** result) {
  (void)env;
  *result = New(UNDEFINED);
  return OK;
}
NAPI napi_create_string_utf8(void* env, const char* text, size_t length, Value** result) {
  (void)env, (void)length;
  *result = New(STRING);
  (*result)->text = strdup(text);
  return OK;
}
static int Thrown(void* env, Value* code, Value* message, Value** result) {
  (void)env, (void)code;
  thrown = message->text;
  *result = New(OBJECT);
  return OK;
}
NAPI napi_create_error(void* e, Value* c, Value* m, Value** r) { return Thrown(e, c, m, r); }
NAPI napi_create_type_error(void* e, Value* c, Value* m, Value** r) { return Thrown(e, c, m, r); }
NAPI napi_create_range_error(void* e, Value* c, Value* m, Value** r) { return Thrown(e, c, m, r); }

// The addon calls these functions, but any result is good enough.
static Value nothing;
static void* instance;
NAPI napi_set_instance_data(void* env, void* data, void* finalize, void* hint) {
  (void)env, (void)finalize, (void)hint;
  instance = data;
  return OK;
}
NAPI napi_get_instance_data(void* env, void** data) {
  (void)env;
  *data = instance;
  return OK;
}
NAPI napi_define_class(void* env, const char* name, size_t length, Callback constructor, void* data,
                       size_t count, const Property* members, Value** result) {
  (void)env, (void)name, (void)length, (void)constructor, (void)data, (void)count, (void)members;
  *result = &nothing;
  return OK;
}
NAPI napi_create_function(void* env, const char* name, size_t length, Callback callback, void* data,
                          Value** result) {
  (void)env, (void)name, (void)length;
  Property property = {.name = name, .method = callback, .data = data};
  *result = New(OBJECT);
  (*result)->data = memcpy(malloc(sizeof(property)), &property, sizeof(property));
  return OK;
}
#define GIVES_NOTHING(name, ...) \
  NAPI name(__VA_ARGS__) { return *result = (void*)&nothing, OK; }
GIVES_NOTHING(napi_create_reference, void* env, Value* value, uint32_t count, void** result)
GIVES_NOTHING(napi_get_reference_value, void* env, void* reference, void** result)
GIVES_NOTHING(napi_open_handle_scope, void* env, void** result)
GIVES_NOTHING(napi_open_escapable_handle_scope, void* env, void** result)
GIVES_NOTHING(napi_escape_handle, void* env, void* scope, void* value, void** result)
GIVES_NOTHING(napi_get_new_target, void* env, void* info, void** result)
GIVES_NOTHING(napi_create_object, void* env, void** result)
#define IS_OK(name) \
  NAPI name(void) { return OK; }
IS_OK(napi_close_handle_scope)
IS_OK(napi_close_escapable_handle_scope)
IS_OK(napi_delete_reference)
IS_OK(napi_add_finalizer)
IS_OK(napi_set_named_property)
IS_OK(napi_throw)
NAPI napi_typeof(void* env, Value* value, int* result) {
  (void)env, (void)value;
  *result = 6;  // napi_object
  return OK;
}
NAPI napi_is_exception_pending(void* env, bool* result) {
  (void)env;
  *result = false;
  return OK;
}
// The addon throws an error. Call() prints its message.
#define THROWS(name) \
  NAPI name(void* env, const char* code, const char* message) { \
    (void)env, (void)code; \
    thrown = strdup(message); \
    return OK; \
  }
THROWS(napi_throw_range_error)
THROWS(napi_throw_type_error)

#define IS_REFUSED(name) \
  NAPI name(void) { return REFUSED; }
IS_REFUSED(napi_get_value_bool)
IS_REFUSED(napi_get_value_string_utf8)
IS_REFUSED(napi_create_array)
IS_REFUSED(napi_call_function)
IS_REFUSED(napi_create_arraybuffer)
IS_REFUSED(napi_create_async_work)
IS_REFUSED(napi_create_promise)
IS_REFUSED(napi_create_string_latin1)
IS_REFUSED(napi_create_typedarray)
IS_REFUSED(napi_delete_async_work)
IS_REFUSED(napi_fatal_error)
IS_REFUSED(napi_get_and_clear_last_exception)
IS_REFUSED(napi_get_arraybuffer_info)
IS_REFUSED(napi_get_last_error_info)
IS_REFUSED(napi_get_property)
IS_REFUSED(napi_has_property)
IS_REFUSED(napi_new_instance)
IS_REFUSED(napi_queue_async_work)
IS_REFUSED(napi_reject_deferred)
IS_REFUSED(napi_remove_wrap)
IS_REFUSED(napi_resolve_deferred)
IS_REFUSED(napi_unwrap)
IS_REFUSED(napi_wrap)

static Value* Number(double number) {
  Value* value = New(NUMBER);
  value->number = number;
  return value;
}
static Value* Text(const char* text) {
  Value* value = New(STRING);
  value->text = text;
  return value;
}
static Value* Array(int type, size_t length, void* data) {
  Value* value = New(ARRAY);
  value->array_type = type;
  value->length = length;
  value->data = data;
  return value;
}

// Calls a function of the addon.
static Value* Call(const char* name, size_t argc, Value** argv) {
  for (size_t i = 0; i < property_count; ++i) {
    const char* found = properties[i].name;
    if (found == NULL && properties[i].name_value != NULL) found = ((Value*)properties[i].name_value)->text;
    if (found == NULL || strcmp(found, name) != 0) continue;
    Property* property = &properties[i];
    if (property->method == NULL) property = property->value->data;
    Info info = {argc, argv, property->data};
    thrown = NULL;
    Value* result = property->method(&nothing, &info);
    if (thrown != NULL) printf("%s threw: %s\n", name, thrown), exit(1);
    return result;
  }
  printf("no function %s\n", name);
  exit(1);
}

static void Expect(const char* what, double actual, double expected) {
  if (actual == expected) return;
  printf("%s: %.0f, not %.0f\n", what, actual, expected);
  exit(1);
}

enum { UINT8 = 1, UINT16 = 4, TCP_BOTH_FAMILIES = 1 + 4 + 8 };

static double Pick(uint16_t* ports, size_t count) {
  static uint8_t none[8192];
  Value* argv[] = {Number(0), Array(UINT8, sizeof(none), none), Array(UINT16, count, ports),
                   Number(0), Number(65535), Number(TCP_BOTH_FAMILIES), Text("")};
  return Call("pick", 7, argv)->number;
}

static double IsFree(uint16_t port) {
  Value* argv[] = {Number(port), Number(TCP_BOTH_FAMILIES), Text("")};
  return Call("isFree", 3, argv)->number;
}

// Reads numbers from hex digits. Each number has `digits` digits.
static size_t ReadHex(const char* hex, int digits, uint16_t* out) {
  size_t count = strlen(hex) / digits;
  for (size_t i = 0; i < count; ++i) {
    char number[5] = {0};
    memcpy(number, hex + i * digits, digits);
    out[i] = (uint16_t)strtoul(number, NULL, 16);
  }
  return count;
}

static void AnswerQuestions(void) {
  static char text[4096], set[2 * 8192 + 1];
  static uint16_t units[1024], numbers[8192], out[4096];
  static uint8_t candidates[8192];
  unsigned skip, count;
  while (scanf("%4095s %16384s %u %u", text, set, &skip, &count) == 4) {
    Value* seed = New(STRING);
    seed->units = units;
    seed->length = ReadHex(text + 1, 4, units);  // after the letter u, because the text may be empty
    ReadHex(set, 2, numbers);
    for (size_t i = 0; i < sizeof(candidates); ++i) candidates[i] = (uint8_t)numbers[i];
    Value* argv[] = {Call("hashcode", 1, &seed), Array(UINT8, sizeof(candidates), candidates),
                     Number(skip), Array(UINT16, count, out)};
    if (!Call("sequence", 4, argv)->number) count = 0;
    for (unsigned i = 0; i < count; ++i) printf("%s%u", i == 0 ? "" : ",", out[i]);
    printf("\n");
  }
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  void* addon = dlopen(argv[1], RTLD_NOW);
  if (addon == NULL) return printf("%s\n", dlerror()), 1;
  Value* (*init)(void*, Value*) = (Value * (*)(void*, Value*)) dlsym(addon, "napi_register_module_v1");
  if (init == NULL) return printf("%s\n", dlerror()), 1;
  init(&nothing, New(OBJECT));

  Value* text = Text("alice,rstudio");
  Expect("hashcode", Call("hashcode", 1, &text)->number, 3688618396.0);

  // The ports of alice, if all ports from 1024 are allowed. None of them is in the sets of unsafe ports.
  text = Text("alice");
  uint8_t all[8192];
  memset(all, 255, sizeof(all));
  memset(all, 0, 1024 / 8);
  uint16_t out[5];
  const uint16_t alice[] = {30845, 19654, 32310, 63992, 15273};
  Value* sequence[] = {Call("hashcode", 1, &text), Array(UINT8, sizeof(all), all), Number(0),
                       Array(UINT16, 5, out)};
  Expect("sequence", Call("sequence", 4, sequence)->number, true);
  for (int i = 0; i < 5; ++i) Expect("a port of alice", out[i], alice[i]);

  const int server = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof(address);
  if (bind(server, (struct sockaddr*)&address, length) != 0 || listen(server, 1) != 0 ||
      getsockname(server, (struct sockaddr*)&address, &length) != 0) {
    return perror("server"), 1;
  }
  const uint16_t busy = ntohs(address.sin_port);
  uint16_t ports[] = {busy, 0};
  Expect("busy", IsFree(busy), false);
  for (uint16_t port = 20000; ports[1] == 0; ++port) {
    if (IsFree(port)) ports[1] = port;
  }
  Expect("the pick after a busy port", Pick(ports, 2), 2 * 65536.0 + ports[1]);
  close(server);
  Expect("free again", IsFree(busy), true);
  AnswerQuestions();
  printf("%zu functions, all right\n", property_count - 2);  // without name and contract
  return 0;
}
