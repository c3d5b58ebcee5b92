#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "conformance/compare.hpp"
#include "conformance/frames.hpp"
#include "conformance/host.hpp"
#include "conformance/inflater.hpp"
#include "conformance/presence_view.hpp"
#include "support/golden.hpp"

namespace phx::conformance {

/// Plays one case of tests/golden against a server: sends exactly the bytes of the recording and compares what comes back as JSON
/// values, with the hints of tests/golden/README.md. Throws std::runtime_error that tells the first difference.
class Player {
 public:
  explicit Player(Host& host) : host_(host) {}

  void play(const golden::Case& which);

 private:
  using Steps = std::span<const golden::Step>;

  struct Connection {
    std::unique_ptr<Stream> stream;
    std::string in;
    Inflater inflater{};
    bool topic_ended = false;  // got phx_close or phx_error: the diff of the own leave may still come
  };
  /// What arrived: a frame, or the end of the connection.
  struct Arrival {
    std::optional<Frame> frame;
    std::optional<Json> message;  // of a text frame
    std::string text() const;
  };

  void make_tokens(const golden::Case& which);
  void play_steps(const golden::Case& which);
  void connect(const golden::Step& step);
  void send(const golden::Step& step);
  std::size_t receive(Steps from);
  void receive_on(const std::string& name, std::vector<const golden::Step*> expected, bool is_last);
  void converge(const std::string& name, const std::vector<const golden::Step*>& expected);
  void expect_silence(const std::string& name, milliseconds time);

  Connection& at(const std::string& name);
  std::optional<Arrival> next(Connection& connection, milliseconds wait);
  bool matches(const golden::Step& expected, const Arrival& got);
  bool may_overtake(const golden::Step& late, const golden::Step& early, bool is_last) const;
  bool tolerated(const Connection& connection, const Arrival& got);
  void note_end_of_topic(Connection& connection, const Arrival& got) const;

  Host& host_;
  const golden::Case* case_ = nullptr;
  std::map<std::string, Connection> connections_;
  std::map<std::string, PresenceView> presence_;  // of cases that compare only what presence converges to
  Bindings bindings_;
  std::string last_sender_;
};

}  // namespace phx::conformance
