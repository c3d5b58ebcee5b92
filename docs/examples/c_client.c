/* The first client in C: one thread, everything happens inside phx_socket_poll. docs/c-api.md explains it. */
#include <phxkit_c.h>

#include <stdio.h>
#include <string.h>

typedef struct state {
  phx_channel* room;
  int done;
} state;

static void print(const char* what, phx_str text) { printf("%s %.*s\n", what, (int)text.size, text.data); }

static void on_message(void* user, const phx_message* message) {
  print("heard", message->payload.data);
  ((state*)user)->done = 1;
}

static void on_pong(void* user, const phx_reply* reply) {
  state* s = user;
  if (reply->error != PHX_OK) {
    fprintf(stderr, "no reply: %s\n", phx_status_text(reply->error));
    s->done = -1;
    return;
  }
  print("ok", reply->response.data);
  phx_payload body = {PHX_STR("{\"body\":\"hi\"}"), 0};
  phx_channel_push(s->room, PHX_STR("new_msg"), body, NULL, NULL, NULL, NULL);
}

int main(int argc, char** argv) {
  const char* url = argc > 1 ? argv[1] : "ws://127.0.0.1:4000/socket";
  phx_socket_options options = PHX_SOCKET_OPTIONS_INIT;
  options.poll = 1;
  phx_socket* socket = NULL;
  state s = {NULL, 0};
  if (phx_socket_new((phx_str){url, strlen(url)}, &options, NULL, &socket) != PHX_OK ||
      phx_socket_channel(socket, PHX_STR("room:lobby"), (phx_str){0}, 0, &s.room) != PHX_OK) {
    fprintf(stderr, "%s\n", phx_last_error());
    phx_socket_free(socket);
    return 1;
  }
  phx_channel_on(s.room, PHX_STR("new_msg"), on_message, &s, NULL, NULL);
  phx_socket_connect(socket);
  phx_channel_join(s.room, NULL, NULL, NULL);
  phx_payload hello = {PHX_STR("{\"hello\":\"world\"}"), 0};
  phx_channel_push(s.room, PHX_STR("ping"), hello, NULL, on_pong, &s, NULL); /* waits until joined */

  while (s.done == 0) phx_socket_poll(socket, 1000, 0, NULL);
  phx_channel_free(s.room);
  phx_socket_free(socket);
  return s.done == 1 ? 0 : 1;
}
