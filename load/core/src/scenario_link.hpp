#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <phx/core/serializer.hpp>
#include <phx/core/ws/frame.hpp>
#include <phx/core/ws/handshake.hpp>
#include <phx/load/statistics.hpp>
#include <phx/scenario/actor_core.hpp>

namespace phx::load {

// What came over a link. Payloads are JSON text; {"$binary": "<base64>"} stands for bytes.

struct LinkOpened {};
struct LinkRefused {
  scenario::Refusal why;
  ErrorClass error;
};
struct LinkReply {
  enum class To : std::uint8_t { join, push, leave };
  To to;
  std::uint64_t id;
  Instant sent;
  std::string status, response;
};
struct LinkMessage {
  std::uint32_t channel;
  std::string event, payload;
};
struct LinkHeartbeat {
  Duration took;
};
/// Nothing follows.
struct LinkClosed {
  std::uint16_t code;
  std::string reason;
  ErrorClass error;
};
using LinkEvent = std::variant<LinkOpened, LinkRefused, LinkReply, LinkMessage, LinkHeartbeat, LinkClosed>;
using LinkEvents = std::vector<LinkEvent>;

/// The WebSocket of one actor of a scenario, without I/O: opening handshake, joins, pushes and their replies, heartbeats.
///
///   upgrading --101--> open --close frame, bad frame, heartbeat without answer--> dead
///        +------------ any other answer -----------------------------------------> dead
///
/// Joins once: nothing is joined or connected again by itself. What is to be sent gathers in out().
class ScenarioLink {
 public:
  /// url: with path, query and vsn. Throws std::invalid_argument for headers that cannot be sent.
  ScenarioLink(const scenario::OpenConnection& open, const std::string& url, scenario::Rng& rng);

  void begin();  ///< the connection is there: the upgrade request
  void on_bytes(std::span<char> bytes, Instant now, LinkEvents& events);

  // These throw std::invalid_argument for what cannot be sent, such as bytes with vsn 1.0.0.
  void join(const scenario::SendJoin& join, Instant now);
  void push(const scenario::SendPush& push, Instant now);
  void leave(const scenario::SendLeave& leave, Instant now);
  /// False: the last one was not answered.
  bool heartbeat(Instant now);
  void close();

  bool is_open() const noexcept { return open_; }
  const std::string& out() const noexcept { return out_; }
  void sent() noexcept { out_ = {}; }  ///< its memory is given back: an upgrade request is half a kilobyte
  std::size_t joined() const noexcept { return joined_; }
  Instant due_heartbeat = Instant::max();

 private:
  struct Channel {
    std::string topic, join_ref;
    bool joined = false;
  };
  struct Awaited {
    LinkReply::To to;
    std::uint64_t id;
    std::uint32_t channel;
    Instant sent;
  };

  void on_upgrade(std::span<char> bytes, Instant now, LinkEvents& events);
  void on_frames(std::span<char> bytes, Instant now, LinkEvents& events);
  void on_message(core::Opcode op, std::string_view data, Instant now, LinkEvents& events);
  void on_reply(const core::EnvelopeView& in, Instant now, LinkEvents& events);
  void on_event(const core::EnvelopeView& in, LinkEvents& events);
  void die(LinkClosed why, LinkEvents& events);
  void send(std::string_view join_ref, std::string_view ref, std::string_view topic, std::string_view event, const std::string& payload);
  void drop(std::uint32_t channel);
  std::string next_ref() { return "\"" + std::to_string(++last_ref_) + "\""; }

  const core::Serializer& serializer_;
  scenario::Rng& rng_;
  std::unique_ptr<core::ws::ClientHandshake> handshake_;
  core::ws::Decoder decoder_{core::ws::Role::client};
  std::string out_;
  std::map<std::uint32_t, Channel> channels_;
  std::map<std::string, Awaited, std::less<>> awaited_;  // by ref
  std::uint64_t last_ref_ = 0;
  std::size_t joined_ = 0;
  std::string heartbeat_ref_;
  Instant heartbeat_sent_{};
  bool open_ = false, dead_ = false;
};

}  // namespace phx::load
