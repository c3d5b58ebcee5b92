#include "story.hpp"

#include <unistd.h>

#include <phx/client.hpp>
#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>
#include <phx/core/random.hpp>
#include <phx/testing/server_program.hpp>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "rest.hpp"
#include "swarm.hpp"

namespace phx::demo {
namespace {

constexpr auto patience = std::chrono::seconds(20);

const char* paint(const char* code) {
  static const bool colour = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return colour ? code : "";
}

void say(const std::string& who, const std::string& what) {
  std::printf("  %s%-7s%s %s\n", paint("\033[36m"), who.c_str(), paint("\033[0m"), what.c_str());
  std::fflush(stdout);
}

void chapter(const std::string& title) {
  std::printf("\n%s%s%s\n", paint("\033[1m"), title.c_str(), paint("\033[0m"));
  std::fflush(stdout);
}

/// What has happened, told by the SDK's threads, awaited by the story.
class Happenings {
 public:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(what));
    changed_.notify_all();
  }
  /// Takes the first happening of that text; waits for it.
  void await(const std::string& what) {
    std::unique_lock lock(mutex_);
    std::vector<std::string>::iterator at;
    const auto there = [&] { return (at = std::ranges::find(seen_, what)) != seen_.end(); };
    if (!changed_.wait_for(lock, patience, there)) throw std::runtime_error("this did not happen within 20 s: " + what);
    seen_.erase(at);
  }

 private:
  std::mutex mutex_;  // seen_
  std::condition_variable changed_;
  std::vector<std::string> seen_;
};

/// What a user calls himself in his presence; its key is his number.
std::string name_in(const core::Presence& presence) {
  const auto meta = presence.metas.empty() ? Result<Json>(obj()) : parse_json(presence.metas.front().json);
  return meta ? meta->value("name", "") : "";
}

/// A new folder for this story's database and secret, gone with it.
class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "phx-demo-XXXXXX").string()) {
    if (!mkdtemp(path_.data())) throw std::system_error(errno, std::generic_category(), path_);
    std::ofstream(secret()) << core::base64url_encode(core::SystemRandom().bytes(48)) << '\n';
  }
  ~Folder() {
    std::error_code ignored;  // a folder left in /tmp is no failed story
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string secret() const { return file("secret"); }

 private:
  std::string path_;
};

/// One chatter: a socket, a channel, its presence.
class Person {
 public:
  /// token: of his login.
  Person(std::string name, const std::string& url, const std::string& token, Happenings& world)
      : name_(std::move(name)),
        world_(world),
        socket_(url, {.params = Payload(obj("token", token))}),
        room_(socket_.channel("chat:lobby")),
        presence_(room_) {
    keep(socket_.on_close(
        [this](const ConnectionClosed& c) { tell("lost the connection (" + std::to_string(c.code) + ")", "lost the connection"); }));
    keep(socket_.on_reconnecting([this](const Reconnecting&) { world_.add(name_ + " tries again"); }));
    keep(room_.on_state([this](ChannelState s) {
      if (s == ChannelState::joined) tell("joined chat:lobby");
    }));
    keep(room_.on("new_message", [this](const Message& m) { on_message(m); }));
    keep(presence_.on_join([this](const PresenceJoined& p) {
      if (!p.current) tell("sees " + name_in(p.presence) + " come");
    }));
    keep(presence_.on_leave([this](const PresenceLeft& p) {
      if (p.current.metas.empty()) tell("sees " + name_in(p.presence) + " go");
    }));
    socket_.connect();
    room_.join();
  }

  void say_hello(const std::string& text) {
    const auto reply = room_.push("new_message", Payload(obj("message", text))).future();
    if (reply.wait_for(patience) != std::future_status::ready) throw std::runtime_error(name_ + " got no reply");
  }

  void leave() {
    auto left = room_.leave().future();
    left.wait_for(patience);
    socket_.disconnect().wait_for(patience);
  }

 private:
  void on_message(const Message& m) {
    const auto json = m.json();
    if (!json) return tell("got a message that is no JSON");
    tell("reads \"" + json->value("message", "") + "\" from " + json->at("user").value("name", ""), "reads " + json->value("message", ""));
  }

  void tell(const std::string& line, const std::string& fact = {}) {
    say(name_, line);
    world_.add(name_ + " " + (fact.empty() ? line : fact));
  }

  void keep(Subscription s) { subscriptions_.push_back(std::move(s)); }

  std::string name_;
  Happenings& world_;
  Socket socket_;
  Channel room_;
  Presence presence_;
  std::vector<Subscription> subscriptions_;
};

void chat(Person& from, const std::string& text, Happenings& world) {
  from.say_hello(text);
  for (const char* reader : {"ada", "bob"}) world.await(std::string(reader) + " reads " + text);
}

}  // namespace

void tell(const Programs& programs) {
  Happenings world;
  chapter("A server starts");
  const Folder folder;
  const auto start = [&](std::uint16_t port) {
    return std::make_unique<testing::ServerProgram>(
        programs.server, std::vector<std::string>{"--port", std::to_string(port), "--log-level", "warning", "--database",
                                                  "sqlite:" + folder.file("demo.db"), "--secret-key-base-file", folder.secret()});
  };
  auto server = start(0);
  const std::uint16_t port = server->port();
  const std::string url = "ws://127.0.0.1:" + std::to_string(port) + "/socket";
  say("server", "process " + std::to_string(server->pid()) + " listens at " + url);

  chapter("Ada and Bob sign up and in, over REST");
  const std::string rest = "http://127.0.0.1:" + std::to_string(port);
  const auto token_of = [&](const std::string& name) {
    auto token = sign_up_and_in(rest, name);
    say(name, "has an account and is logged in");
    return token;
  };
  const auto ada_token = token_of("ada"), bob_token = token_of("bob");

  chapter("Ada and Bob join a room and chat");
  Person ada("ada", url, ada_token, world);
  world.await("ada joined chat:lobby");
  auto bob = std::make_unique<Person>("bob", url, bob_token, world);
  world.await("bob joined chat:lobby");
  world.await("ada sees bob come");
  world.await("bob sees ada come");
  chat(ada, "hello Bob", world);
  chat(*bob, "hi Ada!", world);

  chapter("The server is killed under them, and started again");
  server->kill();
  for (const char* who : {"ada", "bob"}) world.await(std::string(who) + " lost the connection");
  for (const char* who : {"ada", "bob"}) world.await(std::string(who) + " tries again");
  server = start(port);
  say("server", "process " + std::to_string(server->pid()) + " listens at " + url);
  for (const char* who : {"ada", "bob"}) world.await(std::string(who) + " joined chat:lobby");
  chat(*bob, "still there?", world);
  chat(ada, "as if nothing had happened", world);

  chapter("Bob leaves");
  bob->leave();
  world.await("ada sees bob go");
  bob.reset();
  ada.leave();

  chapter("A swarm comes for ten seconds");
  for (const std::string& line : swarm(programs.load, url, programs.report)) say("swarm", line);

  chapter("The server stops in good order");
  const int code = server->stop();
  say("server", "ended with " + std::to_string(code));
  if (code != 0) throw std::runtime_error("the server did not end well");
}

}  // namespace phx::demo
