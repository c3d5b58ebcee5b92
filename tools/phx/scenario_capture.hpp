#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include <phx/core/ws/websocket_core.hpp>
#include <phx/scenario/actor_core.hpp>
#include <phx/scenario/capture.hpp>

namespace phx::cli {

/// What passed over the connections of one run of a scenario, for the case that it fails: a capture, secrets masked. Its header has vsn and
/// transport of the first connection. On the thread of the runner.
class ScenarioCapture : public std::enable_shared_from_this<ScenarioCapture> {
 public:
  static constexpr std::size_t max_bytes = 64u << 20;  ///< then it ends, with a note

  /// Sees the frames of one connection. A closing connection may outlive its run: a tap lives as long as the runner.
  class Tap final : public core::ws::FrameTap {
   public:
    Tap(std::weak_ptr<ScenarioCapture> to, std::uint64_t c, std::string vsn) : to_(std::move(to)), c_(c), vsn_(std::move(vsn)) {}
    void on_frame(Direction direction, core::ws::FrameOp op, std::string_view payload, Instant now) override;

   private:
    std::weak_ptr<ScenarioCapture> to_;
    std::uint64_t c_;
    std::string vsn_;
  };
  using Taps = std::deque<Tap>;

  /// taps: borrowed for life, and for that of its connections.
  explicit ScenarioCapture(Taps& taps) : taps_(&taps) {}

  core::ws::FrameTap* open(const std::string& actor, const scenario::OpenConnection& connection, Instant now);
  /// Ends it with a note. Empty: nothing was opened.
  std::string finish(const std::string& note, Instant now);

 private:
  void begin(const scenario::OpenConnection& first, Instant now);
  bool has_room();

  Taps* taps_;
  std::unique_ptr<scenario::CaptureRecorder> recorder_;
  std::string text_;
  std::uint64_t connections_ = 0;
  bool full_ = false;
};

/// DIR, or PHX_TEST_CAPTURES, or phx-captures in the folder for temporary files.
std::string capture_folder(const std::string& chosen);
/// "tests/chat.yaml" -> FOLDER/tests_chat.ndjson. Throws Failure(error) naming the file and why.
std::string write_scenario_capture(const std::string& folder, const std::string& scenario_file, const std::string& text);

}  // namespace phx::cli
