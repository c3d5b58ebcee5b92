/* The header as C11 sees it: the initialisers, and one use of everything. */
#include <phxkit_c.h>

typedef void (*any_function)(void);

static const any_function functions[] = {
    (any_function)phx_version,
    (any_function)phx_version_string,
    (any_function)phx_status_text,
    (any_function)phx_last_error,
    (any_function)phx_text_str,
    (any_function)phx_text_free,
    (any_function)phx_socket_new,
    (any_function)phx_socket_free,
    (any_function)phx_socket_connect,
    (any_function)phx_socket_disconnect,
    (any_function)phx_socket_state,
    (any_function)phx_socket_poll,
    (any_function)phx_socket_ping,
    (any_function)phx_socket_suspend,
    (any_function)phx_socket_resume,
    (any_function)phx_socket_network_changed,
    (any_function)phx_socket_metrics,
    (any_function)phx_credentials_answer,
    (any_function)phx_credentials_fail,
    (any_function)phx_socket_channel,
    (any_function)phx_channel_free,
    (any_function)phx_channel_join,
    (any_function)phx_channel_leave,
    (any_function)phx_channel_push,
    (any_function)phx_channel_state,
    (any_function)phx_channel_can_push,
    (any_function)phx_channel_on,
    (any_function)phx_channel_on_state,
    (any_function)phx_subscription_free,
    (any_function)phx_presence_new,
    (any_function)phx_presence_free,
    (any_function)phx_presence_list,
};

size_t function_count(void);
size_t function_count(void) { return sizeof functions / sizeof functions[0]; }

/* What a C program gets from each initialiser: 0 when all sizes are right and the rest is zero. */
int initialisers_wrong(void);
int initialisers_wrong(void) {
  phx_socket_options options = PHX_SOCKET_OPTIONS_INIT;
  phx_socket_handlers handlers = PHX_SOCKET_HANDLERS_INIT;
  phx_push_options push = PHX_PUSH_OPTIONS_INIT;
  phx_presence_handlers presence = PHX_PRESENCE_HANDLERS_INIT;
  phx_metrics metrics = PHX_METRICS_INIT;
  phx_credentials credentials = PHX_CREDENTIALS_INIT;
  phx_str text = PHX_STR("literal");
  return options.struct_size != sizeof options || handlers.struct_size != sizeof handlers || push.struct_size != sizeof push ||
         presence.struct_size != sizeof presence || metrics.struct_size != sizeof metrics || credentials.struct_size != sizeof credentials ||
         text.size != 7 || options.credentials || handlers.on_open || push.delivery != PHX_QUEUE || presence.on_sync || metrics.opens;
}
