#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/scenario/capture.hpp>
#include <phx/testing/played_server.hpp>

namespace phx::testing {

/// A server that answers with the frames of captures, on virtual time: tests of a client against what a real server once said, with no
/// server at hand.
///
/// A message of the client is looked for among those recorded over the same transport and vsn: equal topic, event and payload. Of several
/// the one counts whose messages before it are most like those of this connection. Then come the frames that the server had sent until
/// that client spoke next, byte for byte but for refs, which are the live client's. A message that was never recorded stays unanswered and
/// is kept in unexpected(). One thread.
class CapturedServer final : public PlayedServer {
 public:
  explicit CapturedServer(const std::vector<scenario::Capture>& captures);
  ~CapturedServer() override;

  struct Message {
    std::string topic, event, payload;  ///< payload: JSON text, or bytes
    bool operator==(const Message&) const = default;
  };
  const std::vector<Message>& unexpected() const noexcept { return unexpected_; }

  std::string name() const override { return "captured server"; }
  std::unique_ptr<Peer> dial(const Dial& dial) override;

 private:
  class Connection;
  /// A message that was recorded, and what the server sent before that client's next one.
  struct Turn {
    Message message;
    std::string join_ref, ref, topic_join_ref;  // topic_join_ref: of the last join of the topic
    std::vector<std::pair<Opcode, std::string>> answers;
  };
  struct Recording {
    std::string transport, vsn;
    std::vector<Turn> turns;
    Turn* turn_of(const scenario::CaptureEvent& answer, const core::Serializer& serializer);
  };

  void add(const scenario::Capture& capture);
  const Turn* find(std::string_view transport, std::string_view vsn, const std::vector<Message>& said) const;

  std::vector<Recording> recordings_;
  std::vector<Message> unexpected_;
};

}  // namespace phx::testing
