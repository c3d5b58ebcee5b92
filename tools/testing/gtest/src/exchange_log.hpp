#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include <phx/scenario/capture.hpp>
#include <phx/testing/target.hpp>

#include "failure.hpp"

namespace phx::testing::detail {

/// The HTTP exchanges of one test, as a capture.
class ExchangeLog {
 public:
  explicit ExchangeLog(Target& target)
      : target_(target),
        recorder_({.tool = "phxkit::testing",
                   .url = target.name(),
                   .transport = "http",
                   .started = scenario::capture_time(std::chrono::system_clock::now())},
                  target.now(), {}, [this](const std::string& line) { text_ += line + "\n"; }) {}

  void sent(const HttpRequest& request) {
    recorder_.http(1, scenario::Direction::to_server, request.method, request.path, {}, request.body, target_.now());
  }
  void received(const HttpRequest& request, const tl::expected<HttpResponse, std::string>& answer) {
    if (answer)
      recorder_.http(1, scenario::Direction::to_client, request.method, request.path, answer->status, answer->body, target_.now());
    else
      recorder_.error(1, answer.error(), target_.now());
  }
  /// The test has failed.
  void write() { std::fputs(write_capture(text_, ".http.ndjson").c_str(), stdout); }

 private:
  Target& target_;
  std::string text_;
  scenario::CaptureRecorder recorder_;
};

}  // namespace phx::testing::detail
