#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/core/json.hpp>
#include <phx/core/ws/frame.hpp>
#include <phx/server/endpoint.hpp>
#include <phx/server/shard.hpp>
#include <phx/server/transport.hpp>

#include "app/application.hpp"

namespace phx::app {

using namespace std::chrono_literals;
using store::Dialect;

inline constexpr const char* good_password = "correct horse battery";

/// The application on a new database of each kind, with cheap password hashes.
class AppCase : public testing::TestWithParam<Dialect> {
 protected:
  explicit AppCase(std::vector<std::string> cors_origins = {});

  User user(const std::string& name);
  User admin(const std::string& name);
  /// A login's token.
  std::string token(const User& user);
  Contexts contexts() { return app->contexts(); }

  ApplicationOptions options;
  std::unique_ptr<Application> app;
};

/// Runs blocking work on a thread of its own while the shard waits: never on the shard's thread, and always in the same order.
class ThreadExecutor final : public server::BlockingExecutor {
 public:
  void submit(std::function<void()> work) override {
    std::thread([&] {
      work();
      if (const auto then = std::exchange(after_next, nullptr)) then();
    }).join();
  }
  std::function<void()> after_next;  ///< what happens between the next work and the moment its channel goes on
};

/// The application's sockets without a network, under virtual time (Phoenix.ChannelTest).
class ChannelCase : public AppCase {
 protected:
  ChannelCase();

  class Peer final : public server::TransportLink {
   public:
    Peer(ChannelCase& world, const Json& params, const server::ConnectInfo& info = {});
    bool connected() const { return session_ != nullptr; }

    /// The reply {status, response}.
    Json join(const std::string& topic, const Json& payload = Json::object()) { return ask(topic, "phx_join", payload); }
    Json push(const std::string& topic, const std::string& event, const Json& payload = Json::object()) {
      return ask(topic, event, payload);
    }
    /// Payloads of this event so far, each seen once.
    std::vector<Json> events(const std::string& event);
    Json event(const std::string& name);  ///< the first of them; null: none
    void cut();

    std::optional<std::uint16_t> closed;

    server::Outbox& outbox() noexcept override { return outbox_; }
    void close(std::uint16_t code, std::string_view) override;
    void pause_reading() override {}
    void resume_reading() override {}

   private:
    Json ask(const std::string& topic, const std::string& event, const Json& payload);
    void read();

    ChannelCase& world_;
    server::Outbox outbox_;
    std::unique_ptr<server::TransportSession> session_;
    std::vector<Json> inbox_;
    int ref_ = 0;
  };

  Peer guest(const std::string& name) { return Peer(*this, obj("user_id", name)); }
  Peer connect(const User& user) { return Peer(*this, obj("token", token(user))); }
  void run();
  void advance(Duration time);

  ThreadExecutor executor;
  server::Shard shard{0};
  std::unique_ptr<server::ChannelSocketHandler> handler;
  Instant now{};
};

struct Answer {
  int status = 0;
  server::HeaderList headers;
  Json json;
  std::string header(std::string_view name) const;
  const Json& data() const { return json.at("data"); }
};

/// The application behind an endpoint on loopback. Every answer is held against the OpenAPI document, as is what it was asked, unless it
/// was refused. The Location of a 201 is followed.
class RestCase : public AppCase {
 protected:
  explicit RestCase(std::vector<std::string> cors_origins = {});
  ~RestCase() override;

  Answer request(const std::string& method, const std::string& path, const std::string& bearer = {}, const Json& body = Json(),
                 const server::HeaderList& headers = {});
  Answer get(const std::string& path, const std::string& bearer = {}) { return request("GET", path, bearer); }
  Answer post(const std::string& path, const std::string& bearer, const Json& body) { return request("POST", path, bearer, body); }
  Answer del(const std::string& path, const std::string& bearer) { return request("DELETE", path, bearer); }
  /// Bytes as they are.
  std::string raw(const std::string& bytes);

  std::unique_ptr<server::Endpoint> endpoint;
  std::set<std::string> undocumented;  ///< fields that this test sends although nobody may

 private:
  void follow_location(const Answer& made, const std::string& bearer, const server::HeaderList& headers);
  Json document_;
};

/// Why an answer is none of those that the document promises; empty: it is one.
std::string disagreement(const Json& document, const std::string& method, const std::string& path, const Answer& answer);
/// Why a request is none that the document describes.
std::string request_disagreement(const Json& document, const std::string& method, const std::string& path, const Json& body);

inline std::string dialect_name(const testing::TestParamInfo<Dialect>& info) {
  return info.param == Dialect::sqlite ? "sqlite" : "postgresql";
}

#define ON_BOTH_DATABASES(suite) INSTANTIATE_TEST_SUITE_P(On, suite, testing::Values(Dialect::sqlite, Dialect::postgresql), dialect_name)

}  // namespace phx::app
