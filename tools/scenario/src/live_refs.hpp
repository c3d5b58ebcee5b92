#pragma once

#include <map>
#include <string>
#include <string_view>

#include <phx/scenario/capture.hpp>

namespace phx::scenario {

/// Refs and join_refs as they were recorded -> those of a client that plays the recording: counted from 1, as clients do. Null stays null,
/// a number a number. Events have to come in the order of the capture.
class LiveRefs {
 public:
  explicit LiveRefs(const core::Serializer& serializer) noexcept : serializer_(&serializer) {}

  /// A message to the server gets live refs; what is no message is left as it is.
  void rewrite_sent(CaptureEvent& frame);
  /// The refs that the server will answer with now.
  void rewrite_expected(CaptureEvent& frame) const;

 private:
  using Map = std::map<std::string, std::string, std::less<>>;
  std::string next_like(std::string_view recorded);
  std::string join_ref_of(const core::EnvelopeView& in, const std::string& ref);

  const core::Serializer* serializer_;
  Map refs_, joins_;  // of messages, of joins
  std::uint64_t count_ = 0;
};

}  // namespace phx::scenario
