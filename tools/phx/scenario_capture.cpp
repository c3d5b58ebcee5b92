#include "scenario_capture.hpp"

#include <phx/cli/program.hpp>
#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "capture_file.hpp"

namespace phx::cli {

namespace fs = std::filesystem;
using namespace scenario;

void ScenarioCapture::Tap::on_frame(Direction direction, core::ws::FrameOp op, std::string_view payload, Instant now) {
  const auto capture = to_.lock();
  if (capture && capture->has_room()) record_frame(*capture->recorder_, c_, {direction, op, payload}, vsn_, now);
}

namespace {

/// Each connection says how it was made: actors may differ in it.
std::string url_on_the_wire(const OpenConnection& connection) {
  const auto url = core::websocket_url(connection.url, parse_json(connection.params).value_or(Json::object()), connection.vsn);
  if (!url) return connection.url;
  return connection.transport == TransportWish::longpoll ? core::longpoll_url(*url) : *url;
}

}  // namespace

void ScenarioCapture::begin(const OpenConnection& first, Instant now) {
  CaptureHeader header{.tool = "phx test",
                       .url = first.url,
                       .transport = first.transport == TransportWish::longpoll ? "longpoll" : "websocket",
                       .vsn = first.vsn,
                       .started = capture_time(std::chrono::system_clock::now())};
  recorder_ = std::make_unique<CaptureRecorder>(std::move(header), now, CaptureRecorder::Options{},
                                                [this](const std::string& line) { text_ += line + "\n"; });
}

core::ws::FrameTap* ScenarioCapture::open(const std::string& actor, const OpenConnection& connection, Instant now) {
  if (!recorder_) begin(connection, now);
  const std::uint64_t c = ++connections_;
  recorder_->opened(c, url_on_the_wire(connection), now);
  recorder_->note(c, "actor " + actor, now);
  return &taps_->emplace_back(weak_from_this(), c, connection.vsn);
}

bool ScenarioCapture::has_room() {
  if (full_ || text_.size() <= max_bytes) return !full_;
  full_ = true;
  recorder_->note(1, "the rest is left out: the capture has 64 MiB", std::chrono::steady_clock::now());
  return false;
}

std::string ScenarioCapture::finish(const std::string& note, Instant now) {
  if (!recorder_) return {};
  recorder_->note(1, note, now);
  return std::move(text_);
}

std::string capture_folder(const std::string& chosen) {
  if (!chosen.empty()) return chosen;
  const char* named = std::getenv("PHX_TEST_CAPTURES");
  if (named && *named) return named;
  std::error_code none;  // no such folder: the working one
  return (fs::temp_directory_path(none) / "phx-captures").string();
}

std::string write_scenario_capture(const std::string& folder, const std::string& scenario_file, const std::string& text) {
  std::string name = fs::path(scenario_file).replace_extension().lexically_normal().relative_path().string();
  std::ranges::replace_if(
      name, [](char c) { return c == '/' || c == '\\' || c == ' '; }, '_');
  const fs::path path = fs::path(folder) / (name + ".ndjson");
  std::error_code error;
  fs::create_directories(folder, error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw Failure(ExitCode::error, "--capture-dir: cannot write '" + path.string() + "'");
  return path.string();
}

}  // namespace phx::cli
