#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <phx/conformance/suite.hpp>
#include <phx/core/serializer.hpp>

namespace phx::conformance {

/// A message as the server wrote it. Refs are raw JSON tokens.
struct Message {
  std::string join_ref, ref, topic, event, status;
  Json payload;  ///< of a reply its response
  bool is_binary = false;
  std::string text;  ///< of the frame, for people
};

/// One connection of a check.
class Client {
 public:
  Client(testing::Target& target, const Description& description, const testing::Dial& dial);

  const std::optional<testing::Ending>& ended() const { return peer_->ended; }
  bool opened() const { return peer_->opened; }

  /// A frame as it is.
  void raw(std::string_view text, core::Opcode op = core::Opcode::text) { peer_->send(op, text); }
  /// A message in the connection's vsn. Refs are raw tokens.
  void send(std::string_view join_ref, std::string_view ref, std::string_view topic, std::string_view event,
            const Json& payload = Json::object());

  /// The next message; none within the time limit, the end of the connection, or what is no message, is a Fault that names `what`.
  Message next(std::string_view what);
  /// Waits for it; other messages before it are a Fault.
  Message reply(std::string_view ref, std::string_view what);
  /// Joins, and wants ok.
  Message join(std::string_view join_ref, std::string_view topic);
  /// Nothing more may come.
  void silence(std::string_view what);
  void close(std::uint16_t code) { peer_->close(code, {}); }
  /// The connection must end with this code.
  void closes(int code, std::string_view what);

 private:
  bool wait_for_news(Duration limit);

  testing::Target& target_;
  const Description& description_;
  const core::Serializer& serializer_;
  std::unique_ptr<testing::Peer> peer_;
};

/// What a check works with.
class Bench {
 public:
  Bench(testing::Target& target, const Description& description) : target_(target), is_(description) {}

  const Description& is() const { return is_; }
  testing::Target& target() { return target_; }
  /// An open connection.
  Client connect(std::string_view vsn = "2.0.0");
  Client dial(testing::Dial dial) { return Client(target_, is_, dial); }
  testing::Dial dialling(std::string_view vsn = "2.0.0") const { return {.params = is_.params, .vsn = std::string(vsn)}; }
  /// A request to the long-poll path of the mount; `token` may be empty. The JSON answer.
  Json poll(std::string_view method, std::string_view token, const std::string& body = {}, const testing::HeaderList& headers = {});

 private:
  testing::Target& target_;
  const Description& is_;
};

/// Throws Fault(what) unless it holds.
void expect(bool holds, const std::string& what);
/// Throws Fault("<what>: expected <a>, got <b>") unless equal.
void expect_equal(const Json& got, const Json& expected, std::string_view what);
/// Throws NotApplicable unless it holds.
void need(bool holds, const std::string& what);

}  // namespace phx::conformance
