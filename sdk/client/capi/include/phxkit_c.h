#ifndef PHXKIT_C_H
#define PHXKIT_C_H
/*
 * The Phoenix Channels client for C and everything that can call C. Guide: docs/c-api.md.
 *
 * STABILITY  Functions, fields and numbers are only added. Structs that the caller fills begin with struct_size = sizeof(struct): a program
 *            built against an older header works with a newer library; one that sets a field the library does not know gets
 *            PHX_E_INVALID_ARGUMENT. Zero always means the default. Structs given to callbacks grow at their end only.
 * STRINGS    phx_str: bytes and their number, UTF-8, not terminated. Borrowed for the call, both ways. JSON is text.
 * ERRORS     phx_status: PHX_OK, or why not; phx_last_error() says it in a line, per thread. Nothing is thrown.
 * THREADS    Any function from any thread. Callbacks of one socket run one at a time, in the order of events: on a thread of the library,
 *            or, with options.poll, inside phx_socket_poll. They may call anything here, free their own socket too.
 * LIFETIME   phx_x_free: no callback of the handle runs afterwards; it waits for one that does, except inside a callback. Handles of one socket
 *            may be freed in any order; what belonged to a freed socket fails with PHX_E_CANCELLED. free(NULL) does nothing.
 * USER DATA  `user` is given to its callbacks; `drop(user)`, when not NULL, is called once, from any thread, when they will not be called any more,
 *            also when the function that took it fails (unless its struct_size was wrong).
 */
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PHX_API __attribute__((visibility("default")))
#else
#define PHX_API
#endif

#ifdef __cplusplus
template <class T>
T phx_init() {
  T value{};
  value.struct_size = sizeof(T);
  return value;
}
#define PHX_INIT(type) phx_init<type>()
extern "C" {
#else
#define PHX_INIT(type) {.struct_size = sizeof(type)}
#endif

typedef int32_t phx_status;
enum {
  PHX_OK = 0,
  PHX_E_BAD_ENVELOPE = 1,
  PHX_E_BAD_JSON = 2,
  PHX_E_FIELD_TOO_LONG = 3,
  PHX_E_BINARY_UNSUPPORTED = 4,
  PHX_E_FRAME_TOO_LARGE = 5,
  PHX_E_MESSAGE_TOO_LARGE = 6,
  PHX_E_PROTOCOL_ERROR = 7,
  PHX_E_INVALID_UTF8 = 8,
  PHX_E_HANDSHAKE_REFUSED = 9,
  PHX_E_HANDSHAKE_INVALID = 10,
  PHX_E_HEADER_TOO_LARGE = 11,
  PHX_E_BAD_REQUEST = 12,
  PHX_E_CONNECTION_CLOSED = 13,
  PHX_E_CONNECT_TIMEOUT = 14,
  PHX_E_JOIN_TIMEOUT = 15,
  PHX_E_PUSH_TIMEOUT = 16,
  PHX_E_HEARTBEAT_TIMEOUT = 17,
  PHX_E_CHANNEL_CLOSED = 18,
  PHX_E_QUEUE_FULL = 19,
  PHX_E_UNAUTHORIZED = 20,
  PHX_E_CANCELLED = 21,
  PHX_E_BAD_URL = 22,
  PHX_E_BAD_DEFLATE = 23,
  PHX_E_TLS_FAILED = 24,
  PHX_E_PROXY_FAILED = 25,
  PHX_E_CREDENTIALS_TIMEOUT = 26,
  PHX_E_GAVE_UP = 27,
  /* of this interface */
  PHX_E_INVALID_ARGUMENT = 1001, /* NULL, no URL, an empty topic, an unknown option */
  PHX_E_INVALID_STATE = 1002,    /* a push before the first join, a second join */
  PHX_E_NO_MEMORY = 1003,
  PHX_E_NOT_CONNECTED = 1004, /* PHX_IF_JOINED, and it was not */
  PHX_E_SYSTEM_ERROR = 1005,  /* of the operating system: phx_last_error() or the message says which */
  PHX_E_INTERNAL = 1006
};

typedef struct phx_str {
  const char* data;
  size_t size;
} phx_str;
/* Of a literal. */
#define PHX_STR(literal) ((phx_str){(literal), sizeof(literal) - 1})

/* JSON text, or bytes when binary is not 0. All zero: {} */
typedef struct phx_payload {
  phx_str data;
  int32_t binary;
} phx_payload;

typedef struct phx_socket phx_socket;
typedef struct phx_channel phx_channel;
typedef struct phx_presence phx_presence;
typedef struct phx_subscription phx_subscription;
typedef struct phx_text phx_text;
typedef struct phx_credentials_call phx_credentials_call;

typedef void (*phx_drop_fn)(void* user);

/* ---- library ---- */

PHX_API uint32_t phx_version(void); /* major << 16 | minor << 8 | patch */
PHX_API const char* phx_version_string(void);
/* One line; valid until the next call on the same thread. */
PHX_API const char* phx_status_text(phx_status status);
/* Why the last call on this thread that failed did so; valid until the next one that fails. */
PHX_API const char* phx_last_error(void);

/* Text that belongs to the caller. */
PHX_API phx_str phx_text_str(const phx_text* text);
PHX_API void phx_text_free(phx_text* text);

/* ---- socket ---- */

enum { PHX_TRANSPORT_WEBSOCKET = 0, PHX_TRANSPORT_LONGPOLL = 1, PHX_TRANSPORT_AUTO = 2 };
enum { PHX_POLICY_PHXKIT = 0, PHX_POLICY_PHOENIX_JS = 1 };
enum { PHX_SOCKET_CLOSED = 0, PHX_SOCKET_CONNECTING = 1, PHX_SOCKET_OPEN = 2, PHX_SOCKET_CLOSING = 3 };

typedef struct phx_header {
  phx_str name, value;
} phx_header;

typedef struct phx_credentials {
  size_t struct_size;
  phx_str params;     /* JSON object, becomes the query */
  phx_str auth_token; /* travels as subprotocol */
  const phx_header* headers;
  size_t header_count;
} phx_credentials;
#define PHX_CREDENTIALS_INIT PHX_INIT(phx_credentials)

typedef struct phx_socket_options {
  size_t struct_size;
  phx_str params, auth_token; /* as in phx_credentials */
  const phx_header* headers;
  size_t header_count;
  /* Instead of those: asked for every connection attempt. Each call must be answered once, by phx_credentials_answer or _fail, from any
     thread, now or later. refresh: the last ones were refused, do not take them from a cache. */
  void (*credentials)(void* user, int32_t refresh, phx_credentials_call* call);
  void* credentials_user;
  phx_drop_fn credentials_drop;
  int32_t vsn;                /* 1 or 2; 0: 2 */
  int32_t transport;          /* PHX_TRANSPORT_ */
  int32_t policy;             /* PHX_POLICY_ */
  int32_t poll;               /* 1: callbacks run inside phx_socket_poll only */
  int32_t deflate;            /* 1: offer permessage-deflate */
  int32_t insecure_tls;       /* 1: take any certificate; anybody can be in the middle */
  uint32_t timeout_ms;        /* of joins and pushes; 0: 10 s */
  uint32_t connect_timeout_ms;
  uint32_t heartbeat_interval_ms;
  uint32_t heartbeat_timeout_ms;
  size_t max_message_bytes;
  phx_str ca_file, client_cert_file, client_key_file, tls_server_name;
  const phx_str* pins; /* SHA-256 of public keys, base64 */
  size_t pin_count;
  phx_str proxy; /* http://user:password@host:port or socks5://... */
  int32_t proxy_from_environment;   /* 1: HTTPS_PROXY, ALL_PROXY, NO_PROXY, unless proxy names one */
  int32_t longpoll_token_in_header; /* 1: keeps the session out of the logs of Phoenix >= 1.8.10 */
} phx_socket_options;
#define PHX_SOCKET_OPTIONS_INIT PHX_INIT(phx_socket_options)

typedef struct phx_message {
  phx_str topic, event;
  phx_payload payload;
} phx_message;

typedef struct phx_connection_error {
  phx_status status;
  phx_str message;     /* one line for people */
  int32_t http_status; /* of a refused upgrade, else 0 */
  int32_t is_final;    /* no further attempt will be made */
} phx_connection_error;

typedef struct phx_closed {
  uint16_t code;
  phx_str reason;
  int32_t clean;
} phx_closed;

typedef struct phx_reconnecting {
  uint64_t delay_ms;
  uint32_t attempt;
} phx_reconnecting;

/* Each may be NULL. */
typedef struct phx_socket_handlers {
  size_t struct_size;
  void* user;
  phx_drop_fn drop;
  void (*on_open)(void* user);
  void (*on_close)(void* user, const phx_closed* closed);
  void (*on_error)(void* user, const phx_connection_error* error);
  void (*on_reconnecting)(void* user, const phx_reconnecting* next);
  void (*on_message)(void* user, const phx_message* message); /* every one of every topic */
} phx_socket_handlers;
#define PHX_SOCKET_HANDLERS_INIT PHX_INIT(phx_socket_handlers)

typedef struct phx_metrics {
  size_t struct_size;
  uint64_t attempts, opens, closes, frames_in, bytes_in, frames_out, bytes_out, bad_frames;
  uint64_t waiting_pushes, in_flight, waiting_callbacks;
} phx_metrics;
#define PHX_METRICS_INIT PHX_INIT(phx_metrics)

/* url: ws://host:port/socket. options and handlers may be NULL. */
PHX_API phx_status phx_socket_new(phx_str url, const phx_socket_options* options, const phx_socket_handlers* handlers, phx_socket** out);
PHX_API void phx_socket_free(phx_socket* socket);
/* Connects, and keeps connecting after a loss until phx_socket_disconnect. */
PHX_API phx_status phx_socket_connect(phx_socket* socket);
/* Starts the closing handshake; code 0: 1000. on_close follows. */
PHX_API phx_status phx_socket_disconnect(phx_socket* socket, uint16_t code, phx_str reason);
PHX_API int32_t phx_socket_state(const phx_socket* socket); /* PHX_SOCKET_ */
/* Waits up to timeout_ms for a callback, then runs those that wait, at most max (0: all). ran may be NULL. From one thread at a time.
   Sockets without options.poll: PHX_E_INVALID_STATE. */
PHX_API phx_status phx_socket_poll(phx_socket* socket, uint32_t timeout_ms, size_t max, size_t* ran);
/* Round trip of a heartbeat. */
typedef void (*phx_ping_fn)(void* user, phx_status status, uint64_t round_trip_us);
PHX_API phx_status phx_socket_ping(phx_socket* socket, phx_ping_fn on_pong, void* user, phx_drop_fn drop);
/* The program is put aside: no reconnects until resume; disconnect 1: closes the connection too. */
PHX_API phx_status phx_socket_suspend(phx_socket* socket, int32_t disconnect);
PHX_API phx_status phx_socket_resume(phx_socket* socket);
PHX_API phx_status phx_socket_network_changed(phx_socket* socket);
PHX_API phx_status phx_socket_metrics(const phx_socket* socket, phx_metrics* out);

PHX_API phx_status phx_credentials_answer(phx_credentials_call* call, const phx_credentials* credentials);
PHX_API phx_status phx_credentials_fail(phx_credentials_call* call, phx_status why);

/* ---- channel ---- */

enum { PHX_CHANNEL_CLOSED = 0, PHX_CHANNEL_JOINING = 1, PHX_CHANNEL_JOINED = 2, PHX_CHANNEL_ERRORED = 3, PHX_CHANNEL_LEAVING = 4 };

/* What becomes of a push when its channel is not joined, or its connection is lost. */
enum {
  PHX_QUEUE = 0,         /* waits in a bounded queue until joined */
  PHX_IF_JOINED = 1,     /* fails at once with PHX_E_NOT_CONNECTED */
  PHX_AT_LEAST_ONCE = 2, /* sent again after every rejoin until answered; key: its id */
  PHX_LATEST = 3         /* a newer one with its key takes its turn */
};

typedef struct phx_push_options {
  size_t struct_size;
  uint32_t timeout_ms; /* 0: the channel's */
  int32_t delivery;
  phx_str key;
  uint64_t until_ms; /* of PHX_AT_LEAST_ONCE; 0: a day */
} phx_push_options;
#define PHX_PUSH_OPTIONS_INIT PHX_INIT(phx_push_options)

typedef struct phx_reply {
  phx_status error; /* PHX_OK: the server answered, with any status; else why there is no answer */
  phx_str status;   /* "ok", "error", ... */
  phx_payload response;
} phx_reply;

typedef void (*phx_reply_fn)(void* user, const phx_reply* reply);
typedef void (*phx_message_fn)(void* user, const phx_message* message);
typedef void (*phx_state_fn)(void* user, int32_t state);

/* params: JSON object of the join. timeout_ms of its join and pushes, 0: the socket's. */
PHX_API phx_status phx_socket_channel(phx_socket* socket, phx_str topic, phx_str params, uint32_t timeout_ms, phx_channel** out);
/* Leaves. */
PHX_API void phx_channel_free(phx_channel* channel);
/* Joins, and rejoins by itself until left. on_reply (may be NULL) gets the first answer; later ones show as states. */
PHX_API phx_status phx_channel_join(phx_channel* channel, phx_reply_fn on_reply, void* user, phx_drop_fn drop);
PHX_API phx_status phx_channel_leave(phx_channel* channel, phx_reply_fn on_reply, void* user, phx_drop_fn drop);
/* options and on_reply may be NULL. on_reply is called once, unless the socket is freed first. Never blocks: when the queue of pushes is full,
   on_reply gets PHX_E_QUEUE_FULL. */
PHX_API phx_status phx_channel_push(phx_channel* channel, phx_str event, phx_payload payload, const phx_push_options* options,
                                    phx_reply_fn on_reply, void* user, phx_drop_fn drop);
PHX_API int32_t phx_channel_state(const phx_channel* channel); /* PHX_CHANNEL_ */
PHX_API int32_t phx_channel_can_push(const phx_channel* channel);
/* Messages of one event; an empty one: all of the channel. out NULL: for the life of the channel. */
PHX_API phx_status phx_channel_on(phx_channel* channel, phx_str event, phx_message_fn on_message, void* user, phx_drop_fn drop,
                                  phx_subscription** out);
PHX_API phx_status phx_channel_on_state(phx_channel* channel, phx_state_fn on_state, void* user, phx_drop_fn drop,
                                        phx_subscription** out);
PHX_API void phx_subscription_free(phx_subscription* subscription);

/* ---- presence ---- */

typedef struct phx_presence_entry {
  phx_str key;
  phx_str metas; /* JSON array: those that came or went */
} phx_presence_entry;

/* Each may be NULL. */
typedef struct phx_presence_handlers {
  size_t struct_size;
  void* user;
  phx_drop_fn drop;
  void (*on_join)(void* user, const phx_presence_entry* entry);
  void (*on_leave)(void* user, const phx_presence_entry* entry);
  void (*on_sync)(void* user); /* a state or diff is fully applied */
} phx_presence_handlers;
#define PHX_PRESENCE_HANDLERS_INIT PHX_INIT(phx_presence_handlers)

/* Who is on a channel; follows it across rejoins. Make it before the join. */
PHX_API phx_status phx_presence_new(phx_channel* channel, const phx_presence_handlers* handlers, phx_presence** out);
PHX_API void phx_presence_free(phx_presence* presence);
/* JSON object: key -> {"metas": [...]}. Free the text. */
PHX_API phx_status phx_presence_list(const phx_presence* presence, phx_text** out);

#ifdef __cplusplus
}
#endif
#endif
