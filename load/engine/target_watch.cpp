#include "engine/target_watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <phx/core/json.hpp>
#include <phx/load/distribution.hpp>
#include <phx/load/target.hpp>
#include <phx/net/http_client.hpp>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

namespace phx::load {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Calls f with each entry of a folder, which may go meanwhile. False: it is not ours to see.
bool each_entry(const fs::path& folder, const auto& f) {
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed); !failed && at != fs::directory_iterator(); at.increment(failed)) f(at->path());
  return !failed;
}

tl::expected<ProcessReading, std::string> read_process(pid_t pid) {
  const fs::path folder = "/proc/" + std::to_string(pid);
  const std::string stat = text_of(folder / "stat");
  if (stat.empty()) return tl::unexpected("there is no process " + std::to_string(pid) + " (any more)");
  auto out = parse_proc_stat(stat, static_cast<double>(::sysconf(_SC_CLK_TCK)), static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  if (!out) return tl::unexpected(folder.string() + "/stat: " + out.error());
  std::uint64_t descriptors = 0;
  if (each_entry(folder / "fd", [&](const fs::path&) { ++descriptors; })) out->descriptors = descriptors;
  each_entry(folder / "task", [&](const fs::path& task) { out->context_switches += parse_context_switches(text_of(task / "status")); });
  return out;
}

}  // namespace

class TargetWatch::Impl {
 public:
  Impl(TargetOptions options, Instant start)
      : options_(std::move(options)),
        start_(start),
        log_(options_.series),
        http_(io_.get_executor(), {.tls = {}, .proxy = {}, .user_agent = "phx-load"}),
        timer_(io_),
        runner_([this] {
          arm();
          io_.run();
        }) {}

  ~Impl() {
    io_.stop();
    runner_.join();
  }

  std::string note() {
    const std::lock_guard lock(mutex_);
    return log_.note();
  }
  std::vector<std::string> take_trouble() {
    const std::lock_guard lock(mutex_);
    return log_.take_news();
  }
  Json to_json() {
    const std::lock_guard lock(mutex_);
    Json out = log_.to_json();
    out["pid"] = options_.pid > 0 ? Json(options_.pid) : Json();
    out["metrics_url"] = options_.metrics_url.empty() ? Json() : Json(options_.metrics_url);
    return out;
  }

 private:
  double now() const { return seconds(Clock::now() - start_); }

  void arm() {
    second_ = std::max(second_ + 1, static_cast<int>(std::ceil(now())));  // a late look is not made up for
    timer_.expires_at(start_ + second_ * 1s);
    timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      look();
      arm();
    });
  }

  void look() {
    if (options_.pid > 0) {
      const auto reading = read_process(options_.pid);
      const std::lock_guard lock(mutex_);
      if (reading)
        log_.process(now(), *reading);
      else
        log_.trouble("--target-pid: " + reading.error());
    }
    if (options_.metrics_url.empty() || asked_) return;
    asked_ = true;
    http_.start({.url = options_.metrics_url, .timeout = 5s, .connect_timeout = 5s}, [this](const auto& answer) { on_answer(answer); });
  }

  void on_answer(const tl::expected<net::HttpAnswer, net::TransportError>& answer) {
    asked_ = false;
    const std::lock_guard lock(mutex_);
    if (!answer) return log_.trouble("--target-metrics: " + answer.error().message());
    if (answer->status != 200)
      return log_.trouble("--target-metrics: the answer is HTTP " + std::to_string(answer->status) + ", expected 200");
    const auto figures = parse_prometheus(answer->body);
    if (!figures) return log_.trouble("--target-metrics: no Prometheus text, " + figures.error());
    log_.metrics(now(), *figures);
  }

  TargetOptions options_;
  Instant start_;
  std::mutex mutex_;  // log_
  TargetLog log_;
  asio::io_context io_{1};
  net::HttpClient http_;
  asio::steady_timer timer_;
  int second_ = -1;
  bool asked_ = false;
  std::thread runner_;  // last: uses all of the above
};

TargetWatch::TargetWatch(TargetOptions options, Instant start) : impl_(std::make_unique<Impl>(std::move(options), start)) {}
TargetWatch::~TargetWatch() = default;
std::string TargetWatch::note() { return impl_->note(); }
std::vector<std::string> TargetWatch::take_trouble() { return impl_->take_trouble(); }
Json TargetWatch::to_json() { return impl_->to_json(); }

}  // namespace phx::load
