#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <phx/net/byte_filter.hpp>
#include <phx/net/url.hpp>
#include <phx/relay/relay.hpp>
#include <phx/scenario/fault_relay.hpp>

#include "http_message.hpp"
#include "longpoll_session.hpp"

namespace phx::relay {

class Connection;

/// What all connections of a relay share; on its thread.
struct Shared {
  RelayEvents& events;
  scenario::FaultEngine& engine;
  net::Url to;
  std::function<std::unique_ptr<net::ByteFilter>(const net::Url&)> tls;
  boost::asio::ip::tcp::resolver::results_type endpoints = {};
  std::map<Connection*, std::shared_ptr<Connection>> connections = {};
  std::map<std::string, std::uint64_t, std::less<>> sessions = {};  ///< long-poll: token -> connection number
  std::map<std::uint64_t, std::shared_ptr<LongPollSession>> longpolls = {};
  /// Without those that nobody can want any more.
  void forget_longpolls(Instant now);

  std::uint64_t last = 0;    ///< connection number
  std::uint64_t acting = 0;  ///< whose message is under the rules just now
};

inline Instant clock_now() { return std::chrono::steady_clock::now(); }

/// The value under a name in the query of a target, as it is; empty: none.
std::string query_value(std::string_view target, std::string_view name);

/// One client connection and its way to the target.
///
///   head --> connecting --> passing (frames through a FaultRelay, or plain HTTP bytes) --> ending (what is due is written) --> gone
///     +--> long-poll: whole request --> LongPollSession --> connecting --> whole answer --> LongPollSession --> ending
///
/// A silent link keeps each side's connection when the other side goes: nobody is told.
class Connection final : public std::enable_shared_from_this<Connection>, private scenario::RelayTap {
 public:
  Connection(Shared& shared, boost::asio::ip::tcp::socket client);
  void start();
  void end(std::uint16_t code, const std::string& reason);
  void fall_silent();
  /// At once, without a word.
  void drop();

  bool is_websocket() const noexcept { return relay_.has_value(); }
  RelayClient info() const;
  /// The poll that waits hears of what has happened to its session.
  static void wake_poll(LongPollSession& session);

 private:
  using Socket = boost::asio::ip::tcp::socket;
  struct Lane {  // bytes for one side
    explicit Lane(Socket s) : socket(std::move(s)) {}
    Socket socket;
    std::deque<scenario::RelayWrite> waiting;  // by `at`
    std::string writing;
    std::array<char, 16384> in;
    bool connected = false, reading = false, gone = false;
  };

  void on_message(Direction direction, core::Opcode op, std::string_view bytes, Instant now) override;
  void on_close(Direction direction, std::uint16_t code, std::string_view reason, Instant now) override;

  Lane& lane(Direction to) noexcept { return to == Direction::to_client ? client_ : server_; }
  void read(Direction from_to);
  void on_read(Direction toward, std::size_t n);
  void on_gone(Direction toward);
  void on_bytes(Direction toward, std::span<char> bytes);
  void on_head(std::span<char> bytes);
  void begin_websocket(HttpHead head, std::string rest);
  void begin_http(HttpHead head, std::string rest);
  void connect();
  void on_connected();
  void fail(const std::string& what);
  void on_answer(std::string_view bytes);
  void tell_request();
  void tell_answer();

  void on_longpoll_bytes(Direction toward, std::string_view bytes);
  void on_longpoll_request();
  void on_longpoll_answer();
  void on_longpoll_end();
  void open_longpoll();
  void post_longpoll(LongPollSession& session);
  void poll_longpoll(const std::shared_ptr<LongPollSession>& session);
  void answer_longpoll(const std::string& body, Instant at);
  void answer_directly(std::string_view status, std::string_view type, const std::string& body, Instant at);
  bool longpoll_is_passing(LongPollSession& session);
  void note_session(const Json& answer);
  std::string longpoll_token() const;
  std::shared_ptr<LongPollSession> longpoll_session();
  LongPollSession::Tap longpoll_tap();
  bool is_answered() const noexcept;

  std::uint64_t session_number();
  void perform();
  void queue(scenario::RelayWrite write);
  void pump(Direction to);
  void arm();
  void finish();
  bool silent() const noexcept { return relay_ && relay_->state() == scenario::FaultLink::State::silent; }

  Shared& shared_;
  Lane client_, server_;
  std::unique_ptr<net::ByteFilter> filter_;
  boost::asio::steady_timer timer_;
  HttpMessage request_{HttpMessage::Role::request}, answer_{HttpMessage::Role::answer};
  std::string head_, target_, vsn_ = "2.0.0";
  std::optional<scenario::FaultRelay> relay_;
  scenario::RelayActions actions_;
  std::uint64_t c_ = 0, received_ = 0, sent_ = 0;
  std::optional<Instant> ends_at_;             // finish() has begun
  std::shared_ptr<LongPollSession> longpoll_;  // of a poll
  bool is_longpoll_ = false, ends_when_written_ = false;
  bool http_ = false, upgraded_ = false, finished_ = false, closed_told_ = false;
};

}  // namespace phx::relay
