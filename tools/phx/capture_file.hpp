#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include <phx/core/ws/websocket_core.hpp>
#include <phx/scenario/capture.hpp>
#include <phx/scenario/fault_script.hpp>

namespace phx::cli {

/// Where a command's capture goes: a file, or stdout without one. Each line is flushed: whoever is killed leaves at most one torn line.
class CaptureSink {
 public:
  /// Throws Failure(usage) naming the file and why.
  explicit CaptureSink(const std::string& path);
  ~CaptureSink();
  CaptureSink(const CaptureSink&) = delete;
  CaptureSink& operator=(const CaptureSink&) = delete;
  /// Throws ClosedPipe when stdout's reader has gone, Failure(error) for a full disk.
  void line(const std::string& text);

 private:
  std::string path_;
  std::FILE* file_;
};

/// What a FrameTap was told.
struct TappedFrame {
  core::ws::FrameTap::Direction direction;
  core::ws::FrameOp op;
  std::string_view payload;
};
/// Messages and closes; other frames are not for captures.
void record_frame(scenario::CaptureRecorder& recorder, std::uint64_t c, const TappedFrame& frame, std::string_view vsn, Instant now);

/// Throws Failure(usage) naming file, line, what is wrong and the remedy. Notes go to stderr.
scenario::Capture read_capture_file(const std::string& path);

/// `--fault`: JSON, or the name of a fault scenario. Throws Failure(usage).
scenario::FaultSteps fault_argument(const std::string& text);

}  // namespace phx::cli
