#include <phx/core/client/effects.hpp>

namespace phx::core {

bool MessageSeen::operator==(const MessageSeen& other) const {
  const EnvelopeView& a = message;
  const EnvelopeView& b = other.message;
  return a.join_ref == b.join_ref && a.ref == b.ref && a.topic_token == b.topic_token && a.topic == b.topic && a.event == b.event &&
         a.payload == b.payload && a.status == b.status && a.payload_kind == b.payload_kind;
}

}  // namespace phx::core
