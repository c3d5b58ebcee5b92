// phxkit_c.h against the stub server of the client's tests: what a C program sees, whatever it does wrong.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <phxkit_c.h>

#include <phx/core/error.hpp>

#include "stub_server.hpp"

extern "C" {
std::size_t function_count(void);
int initialisers_wrong(void);
}

namespace phx::test {
namespace {

phx_str str(std::string_view text) { return {text.data(), text.size()}; }
std::string string(phx_str text) { return {text.data, text.size}; }
phx_payload json(std::string_view text) { return {str(text), 0}; }

/// What callbacks saw, and on which thread.
struct Log {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> lines;
  std::vector<std::thread::id> threads;
  std::atomic<int> dropped = 0;

  void add(std::string line) {
    const std::scoped_lock lock(mutex);
    lines.push_back(std::move(line));
    threads.push_back(std::this_thread::get_id());
    changed.notify_all();
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return lines.size() >= count; })) << lines.size() << " lines";
    return lines;
  }
  static Log& of(void* user) { return *static_cast<Log*>(user); }
  static void drop(void* user) { ++of(user).dropped; }
  static void on_reply(void* user, const phx_reply* reply) {
    if (reply->error != PHX_OK)
      of(user).add("error " + std::to_string(reply->error));
    else
      of(user).add(string(reply->status) + (reply->response.binary ? " binary " : " ") + string(reply->response.data));
  }
  static void on_message(void* user, const phx_message* message) {
    of(user).add(string(message->topic) + " " + string(message->event) + " " + string(message->payload.data));
  }
  static void on_state(void* user, int32_t state) { of(user).add("state " + std::to_string(state)); }
};

struct Joined {
  explicit Joined(const StubServer& server, const phx_socket_options* options = nullptr) {
    EXPECT_EQ(phx_socket_new(str(server.url()), options, nullptr, &socket), PHX_OK) << phx_last_error();
    EXPECT_EQ(phx_socket_connect(socket), PHX_OK);
    EXPECT_EQ(phx_socket_channel(socket, str("room:lobby"), str(R"({"a":1})"), 0, &room), PHX_OK);
  }
  ~Joined() {
    phx_channel_free(room);
    phx_socket_free(socket);
  }
  phx_socket* socket = nullptr;
  phx_channel* room = nullptr;
};

TEST(CApi, HeaderIsC11AndItsInitialisersAreRight) {
  EXPECT_EQ(initialisers_wrong(), 0);
  EXPECT_EQ(function_count(), 32u);
}

TEST(CApi, JoinsPushesAndHears) {
  StubServer server;
  Log log, heard;
  Joined j(server);
  ASSERT_EQ(phx_channel_on(j.room, str("shout"), Log::on_message, &heard, Log::drop, nullptr), PHX_OK);
  ASSERT_EQ(phx_channel_join(j.room, Log::on_reply, &log, Log::drop), PHX_OK);
  EXPECT_EQ(log.wait_for(1)[0], "ok {}");
  ASSERT_EQ(phx_channel_push(j.room, str("echo"), json(R"({"n":1})"), nullptr, Log::on_reply, &log, Log::drop), PHX_OK);
  EXPECT_EQ(log.wait_for(2)[1], R"(ok {"n":1})");
  phx_channel_push(j.room, str("refuse"), {}, nullptr, Log::on_reply, &log, Log::drop);
  EXPECT_EQ(log.wait_for(3)[2].substr(0, 5), "error");
  phx_channel_push(j.room, str("shout"), json(R"({"x":2})"), nullptr, nullptr, nullptr, nullptr);
  EXPECT_EQ(heard.wait_for(1)[0], R"(room:lobby shout {"x":2})");
  EXPECT_EQ(phx_channel_state(j.room), PHX_CHANNEL_JOINED);
  EXPECT_EQ(phx_channel_can_push(j.room), 1);
  phx_metrics metrics = PHX_METRICS_INIT;
  ASSERT_EQ(phx_socket_metrics(j.socket, &metrics), PHX_OK);
  EXPECT_EQ(metrics.opens, 1u);
  ASSERT_EQ(phx_channel_leave(j.room, Log::on_reply, &log, Log::drop), PHX_OK);
  EXPECT_EQ(log.wait_for(4)[3], "ok {}");
}

TEST(CApi, BytesTravelBothWays) {
  StubServer server;
  Log log;
  Joined j(server);
  phx_channel_join(j.room, nullptr, nullptr, nullptr);
  const std::string bytes("\0\xff\x01", 3);
  phx_channel_push(j.room, str("echo"), {str(bytes), 1}, nullptr, Log::on_reply, &log, Log::drop);
  EXPECT_EQ(log.wait_for(1)[0], "ok binary " + bytes);
}

TEST(CApi, PollModeCallsOnlyInsidePoll) {
  StubServer server;
  Log log;
  phx_socket_options options = PHX_SOCKET_OPTIONS_INIT;
  options.poll = 1;
  Joined j(server, &options);
  phx_channel_on_state(j.room, Log::on_state, &log, nullptr, nullptr);
  phx_channel_join(j.room, Log::on_reply, &log, nullptr);
  for (int n = 0; n < 100 && log.lines.size() < 3; ++n) {
    std::size_t ran = 0;
    ASSERT_EQ(phx_socket_poll(j.socket, 1000, 1, &ran), PHX_OK);
    EXPECT_LE(ran, 1u);
  }
  ASSERT_GE(log.lines.size(), 3u);  // joining, joined, and the reply
  for (const auto& thread : log.threads) EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST(CApi, WrongCallsAreRefusedWithALine) {
  StubServer server;
  phx_socket* socket = nullptr;
  const auto refused = [](phx_status status, phx_status expected) {
    EXPECT_EQ(status, expected) << phx_last_error();
    EXPECT_STRNE(phx_last_error(), "");
  };
  refused(phx_socket_new(str("no url"), nullptr, nullptr, &socket), PHX_E_INVALID_ARGUMENT);
  EXPECT_EQ(socket, nullptr);
  refused(phx_socket_new({nullptr, 7}, nullptr, nullptr, &socket), PHX_E_INVALID_ARGUMENT);
  refused(phx_socket_new(str(server.url()), nullptr, nullptr, nullptr), PHX_E_INVALID_ARGUMENT);
  phx_socket_options options = PHX_SOCKET_OPTIONS_INIT;
  options.transport = 3;
  refused(phx_socket_new(str(server.url()), &options, nullptr, &socket), PHX_E_INVALID_ARGUMENT);
  options.transport = 0;
  options.params = str("{");
  refused(phx_socket_new(str(server.url()), &options, nullptr, &socket), PHX_E_INVALID_ARGUMENT);
  refused(phx_socket_connect(nullptr), PHX_E_INVALID_ARGUMENT);
  Joined j(server);
  phx_channel* none = nullptr;
  refused(phx_socket_channel(j.socket, str(""), {}, 0, &none), PHX_E_INVALID_ARGUMENT);
  refused(phx_channel_push(j.room, str("x"), {}, nullptr, nullptr, nullptr, nullptr), PHX_E_INVALID_STATE);
  ASSERT_EQ(phx_channel_join(j.room, nullptr, nullptr, nullptr), PHX_OK);
  refused(phx_channel_join(j.room, nullptr, nullptr, nullptr), PHX_E_INVALID_STATE);
  refused(phx_channel_push(j.room, str("x"), json("{"), nullptr, nullptr, nullptr, nullptr), PHX_E_INVALID_ARGUMENT);
  refused(phx_channel_on(j.room, str("x"), nullptr, nullptr, nullptr, nullptr), PHX_E_INVALID_ARGUMENT);
  refused(phx_socket_poll(j.socket, 0, 0, nullptr), PHX_E_INVALID_STATE);
  refused(phx_socket_ping(j.socket, nullptr, nullptr, nullptr), PHX_E_INVALID_ARGUMENT);
  EXPECT_EQ(phx_channel_state(nullptr), PHX_CHANNEL_CLOSED);
  phx_socket_free(nullptr);
  phx_channel_free(nullptr);
  phx_subscription_free(nullptr);
  phx_presence_free(nullptr);
  phx_text_free(nullptr);
}

TEST(CApi, StructsOfOlderAndNewerHeadersAreRead) {
  StubServer server;
  const std::string url = server.url();
  struct Newer {
    phx_push_options known = PHX_PUSH_OPTIONS_INIT;
    std::uint64_t later = 0;
  } newer;
  newer.known.struct_size = sizeof newer;
  Log log;
  Joined j(server);
  phx_channel_join(j.room, nullptr, nullptr, nullptr);
  EXPECT_EQ(phx_channel_push(j.room, str("echo"), {}, &newer.known, Log::on_reply, &log, nullptr), PHX_OK);
  EXPECT_EQ(log.wait_for(1)[0], "ok {}");
  newer.later = 1;  // a wish that this library cannot fulfil
  EXPECT_EQ(phx_channel_push(j.room, str("echo"), {}, &newer.known, nullptr, nullptr, nullptr), PHX_E_INVALID_ARGUMENT);

  std::vector<unsigned char> older(offsetof(phx_push_options, key), 0);  // ends before `key`; ASan sees a read beyond
  const std::size_t size = older.size();
  std::memcpy(older.data(), &size, sizeof size);
  EXPECT_EQ(phx_channel_push(j.room, str("echo"), {}, reinterpret_cast<phx_push_options*>(older.data()), Log::on_reply, &log, nullptr),
            PHX_OK);
  EXPECT_EQ(log.wait_for(2)[1], "ok {}");
  phx_push_options unset = {};
  EXPECT_EQ(phx_channel_push(j.room, str("echo"), {}, &unset, nullptr, nullptr, nullptr), PHX_E_INVALID_ARGUMENT);
}

TEST(CApi, UserDataIsDroppedOnceWhateverHappens) {
  StubServer server;
  Log log;
  int owed = 0;
  phx_socket_handlers handlers = PHX_SOCKET_HANDLERS_INIT;
  handlers.user = &log;
  handlers.drop = Log::drop;
  handlers.on_open = [](void*) {};
  handlers.on_error = [](void*, const phx_connection_error*) {};
  phx_socket* refused = nullptr;
  EXPECT_NE(phx_socket_new(str("no url"), nullptr, &handlers, &refused), PHX_OK);
  EXPECT_EQ(log.dropped, ++owed);
  phx_socket* socket = nullptr;
  ASSERT_EQ(phx_socket_new(str(server.url()), nullptr, &handlers, &socket), PHX_OK);
  ++owed;
  phx_channel* room = nullptr;
  phx_socket_channel(socket, str("room:lobby"), {}, 0, &room);
  EXPECT_NE(phx_channel_push(room, str("early"), {}, nullptr, Log::on_reply, &log, Log::drop), PHX_OK);
  EXPECT_EQ(log.dropped, ++owed - 1);
  phx_subscription* kept = nullptr;
  phx_channel_on(room, str("x"), Log::on_message, &log, Log::drop, &kept);
  phx_channel_on(room, str("x"), Log::on_message, &log, Log::drop, nullptr);
  phx_channel_join(room, Log::on_reply, &log, Log::drop);  // never answered: nobody has connected
  phx_channel_push(room, str("waits"), {}, nullptr, Log::on_reply, &log, Log::drop);
  owed += 4;
  phx_socket_free(socket);
  phx_subscription_free(kept);
  phx_channel_free(room);
  EXPECT_EQ(log.dropped, owed);
}

TEST(CApi, ASocketMayBeFreedInsideItsCallback) {
  StubServer server;
  for (int poll = 0; poll < 2; ++poll) {
    struct World {
      phx_socket* socket = nullptr;
      Log log;
    } world;
    phx_socket_options options = PHX_SOCKET_OPTIONS_INIT;
    options.poll = poll;
    phx_socket_handlers handlers = PHX_SOCKET_HANDLERS_INIT;
    handlers.user = &world;
    handlers.on_open = [](void* user) {
      auto& w = *static_cast<World*>(user);
      phx_socket_free(w.socket);
      w.log.add("freed");
    };
    ASSERT_EQ(phx_socket_new(str(server.url()), &options, &handlers, &world.socket), PHX_OK);
    phx_socket_connect(world.socket);
    if (poll) {
      std::size_t ran = 0;
      phx_socket_poll(world.socket, 20'000, 1, &ran);
      EXPECT_EQ(ran, 1u);
    }
    EXPECT_EQ(world.log.wait_for(1).size(), 1u);
  }
}

struct Asked {
  Log log;
  std::thread answerer;
  bool fail = false;
};

void ask(void* user, int32_t refresh, phx_credentials_call* call) {
  auto& asked = *static_cast<Asked*>(user);
  asked.log.add("asked " + std::to_string(refresh));
  if (asked.answerer.joinable()) asked.answerer.join();
  asked.answerer = std::thread([call, fail = asked.fail] {
    if (fail) {
      phx_credentials_fail(call, PHX_E_CREDENTIALS_TIMEOUT);
      return;
    }
    phx_credentials credentials = PHX_CREDENTIALS_INIT;
    const phx_header header{str("x-device"), str("radio")};
    credentials.params = str(R"({"token":"fresh"})");
    credentials.headers = &header;
    credentials.header_count = 1;
    phx_credentials_answer(call, &credentials);
  });
}

TEST(CApi, CredentialsAreAskedForAndMayComeLater) {
  StubServer server;
  Asked asked;
  Log log;
  phx_socket_options options = PHX_SOCKET_OPTIONS_INIT;
  options.credentials = ask;
  options.credentials_user = &asked;
  {
    Joined j(server, &options);
    phx_channel_join(j.room, Log::on_reply, &log, nullptr);
    log.wait_for(1);
  }
  asked.answerer.join();
  EXPECT_EQ(asked.log.lines, std::vector<std::string>{"asked 0"});
  EXPECT_NE(server.last_head().find("token=fresh"), std::string::npos);
  EXPECT_NE(server.last_head().find("x-device: radio"), std::string::npos);
}

TEST(CApi, CredentialsThatFailAreAnErrorOfTheAttempt) {
  StubServer server;
  Asked asked;
  asked.fail = true;
  Log errors;
  phx_socket_options options = PHX_SOCKET_OPTIONS_INIT;
  options.credentials = ask;
  options.credentials_user = &asked;
  phx_socket_handlers handlers = PHX_SOCKET_HANDLERS_INIT;
  handlers.user = &errors;
  handlers.on_error = [](void* user, const phx_connection_error* error) { Log::of(user).add(std::to_string(error->status)); };
  phx_socket* socket = nullptr;
  ASSERT_EQ(phx_socket_new(str(server.url()), &options, &handlers, &socket), PHX_OK);
  phx_socket_connect(socket);
  EXPECT_EQ(errors.wait_for(1)[0], std::to_string(PHX_E_CREDENTIALS_TIMEOUT));
  phx_socket_free(socket);
  asked.answerer.join();
  EXPECT_EQ(server.connections(), 0);
}

TEST(CApi, PresenceIsListedAsJson) {
  StubServer server({}, [](StubServer::Connection& connection, const core::EnvelopeView& message) {
    if (message.event != "phx_join") return false;
    connection.reply(message, "ok", "{}");
    core::MessageView state{
        .kind = core::MessageView::Kind::push, .join_ref = message.join_ref, .topic = message.topic, .event = "presence_state"};
    state.payload = R"({"ada":{"metas":[{"phx_ref":"1","at":"desk"}]}})";
    connection.send(state);
    return true;
  });
  Joined j(server);
  Log log;
  phx_presence_handlers handlers = PHX_PRESENCE_HANDLERS_INIT;
  handlers.user = &log;
  handlers.drop = Log::drop;
  handlers.on_join = [](void* user, const phx_presence_entry* entry) {
    Log::of(user).add(string(entry->key) + " " + string(entry->metas));
  };
  handlers.on_sync = [](void* user) { Log::of(user).add("sync"); };
  phx_presence* presence = nullptr;
  ASSERT_EQ(phx_presence_new(j.room, &handlers, &presence), PHX_OK);
  phx_channel_join(j.room, nullptr, nullptr, nullptr);
  EXPECT_EQ(log.wait_for(2), (std::vector<std::string>{R"(ada [{"phx_ref":"1","at":"desk"}])", "sync"}));
  phx_text* list = nullptr;
  ASSERT_EQ(phx_presence_list(presence, &list), PHX_OK);
  EXPECT_EQ(string(phx_text_str(list)), R"({"ada":{"metas":[{"phx_ref":"1","at":"desk"}]}})");
  phx_text_free(list);
  phx_presence_free(presence);
  EXPECT_EQ(log.dropped, 1);
}

TEST(CApi, EveryErrorOfTheLibraryHasItsConstant) {
  for (phx_status status = PHX_E_BAD_ENVELOPE; status <= PHX_E_GAVE_UP; ++status)
    EXPECT_STRNE(phx_status_text(status), "unknown error") << status;
  EXPECT_STREQ(phx_status_text(PHX_E_GAVE_UP + 1), "unknown error") << "a new Errc needs its constant in phxkit_c.h";
  EXPECT_STREQ(phx_status_text(PHX_OK), "no error");
  EXPECT_EQ(phx_version() >> 16, 0u);
  EXPECT_STRNE(phx_version_string(), "");
}

}  // namespace
}  // namespace phx::test
