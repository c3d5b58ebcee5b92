#include "capture_file.hpp"

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace phx::cli {

CaptureSink::CaptureSink(const std::string& path) : path_(path), file_(path.empty() ? stdout : std::fopen(path.c_str(), "wb")) {
  if (!file_) throw Failure(ExitCode::usage, "--out: cannot write '" + path + "': " + std::strerror(errno));
}

CaptureSink::~CaptureSink() {
  if (file_ != stdout) std::fclose(file_);
}

void CaptureSink::line(const std::string& text) {
  if (file_ == stdout) return print(text + '\n');
  if (std::fwrite(text.data(), 1, text.size(), file_) == text.size() && std::fputc('\n', file_) != EOF && std::fflush(file_) == 0) return;
  throw Failure(ExitCode::error, "--out: cannot write '" + path_ + "': " + std::strerror(errno));
}

void record_frame(scenario::CaptureRecorder& recorder, std::uint64_t c, const TappedFrame& frame, std::string_view vsn, Instant now) {
  using core::ws::FrameOp;
  const std::string_view bytes = frame.payload;
  const auto direction =
      frame.direction == core::ws::FrameTap::Direction::in ? scenario::Direction::to_client : scenario::Direction::to_server;
  if (frame.op == FrameOp::text || frame.op == FrameOp::binary)
    recorder.frame(c, direction, frame.op == FrameOp::text ? core::Opcode::text : core::Opcode::binary, bytes, vsn, now);
  if (frame.op != FrameOp::close) return;
  const int code = bytes.size() < 2 ? 1005 : (static_cast<unsigned char>(bytes[0]) << 8) + static_cast<unsigned char>(bytes[1]);
  recorder.closed(c, direction, code, bytes.substr(std::min<std::size_t>(2, bytes.size())), now);
}

scenario::Capture read_capture_file(const std::string& path) {
  auto capture = scenario::read_capture(read_file(path, "the capture"));
  if (!capture) throw Failure(ExitCode::usage, path + ": " + capture.error().message);
  for (const std::string& note : capture->notes) std::fprintf(stderr, "%s: %s\n", path.c_str(), note.c_str());
  return std::move(*capture);
}

scenario::FaultSteps fault_argument(const std::string& text) {
  if (const auto steps = scenario::fault_scenario(text)) return *steps;
  const auto json = parse_json(text);
  const auto steps = scenario::parse_fault(json ? *json : obj("scenario", text));
  if (!steps) throw Failure(ExitCode::usage, "--fault: " + steps.error());
  return *steps;
}

}  // namespace phx::cli
