#include "session.hpp"

#include <phx/cli/program.hpp>
#include <phx/core/json_text.hpp>

#include <cstdio>
#include <utility>

#include "remedies.hpp"

namespace phx::cli {

Session::Session(const ConnectOptions& options, bool lost_is_final, core::ws::FrameTap* tap)
    : options_(options), lost_is_final_(lost_is_final), started_(std::chrono::steady_clock::now()), out_(options.output) {
  client::SocketOptions o = socket_options(options);
  o.frame_tap = tap;
  o.callback_executor = [this](std::function<void()> task) { loop_.post(std::move(task)); };
  o.on_callback_error = [this](std::exception_ptr error) { loop_.post([error] { std::rethrow_exception(error); }); };
  try {
    socket_.emplace(options.url, std::move(o));
  } catch (const std::invalid_argument& e) {
    constexpr std::string_view prefix = "phx::Socket: ";
    const std::string_view what = e.what();
    throw Failure(ExitCode::usage, std::string(what.substr(what.starts_with(prefix) ? prefix.size() : 0)));
  }
  opened_ = socket_->on_open([this] {
    if (was_open_) out_.talk("connected again");
    if (!was_open_ && failure_) out_.talk(failure_->message + "; going on with long-poll");
    was_open_ = open_ = true;
  });
  failed_ = socket_->on_error([this](const client::ConnectionError& e) { on_error(e); });
  closed_ = socket_->on_close([this](const client::ConnectionClosed& closed) {
    if (!std::exchange(open_, false)) return;  // an attempt to come back has failed
    const std::string what = "connection lost (close code " + std::to_string(closed.code) + ")";
    if (lost_is_final_) throw Failure(ExitCode::cannot_connect, what);
    out_.talk(what);
  });
  reconnecting_ = socket_->on_reconnecting([this](const client::Reconnecting& r) {
    if (!was_open_) return;
    out_.talk("reconnecting in " + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(r.delay).count()) +
              " ms (attempt " + std::to_string(r.attempt) + ")");
  });
}

Session::~Session() = default;

client::Channel Session::channel(const std::string& topic) {
  return channel(topic, payload_argument(options_.join_payload, "--join-payload"));
}

client::Channel Session::channel(const std::string& topic, const client::Payload& join_payload) {
  if (topic.empty()) throw Failure(ExitCode::usage, "the topic is empty: give one, as in room:lobby");
  if (!core::is_utf8(topic)) throw Failure(ExitCode::usage, "the topic is not UTF-8");
  if (join_payload.is_binary()) throw Failure(ExitCode::usage, "the payload of a join is JSON, not bytes");
  return socket_->channel(topic, join_payload);
}

void Session::on_error(const client::ConnectionError& error) {
  if (was_open_ && !error.final) return;  // told by on_close and on_reconnecting
  if (!failure_) failure_ = error;        // the first of two says more
  if (!error.falling_back || error.code == make_error_code(Errc::connect_timeout)) cannot_connect();
}

void Session::cannot_connect() const {
  if (failure_->code == make_error_code(Errc::connect_timeout))
    throw Failure(ExitCode::timed_out, failure_->message + " (--timeout " + options_.timeout_text(default_timeout) + ")");
  throw Failure(ExitCode::cannot_connect, remedies::line(failure_->message, failure_->code, failure_->http_status));
}

ExitCode Session::run(std::optional<Duration> limit) {
  socket_->connect();
  const ExitCode end = loop_.run(limit ? std::optional(started_ + *limit) : std::nullopt);
  if (end == ExitCode::timed_out && !was_open_ && failure_) cannot_connect();  // refused, and long-poll was not answered in time
  return end;
}

void Session::disconnect() {
  closed_.reset();
  socket_->disconnect().wait_for(std::chrono::seconds(3));
}

double Session::seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

}  // namespace phx::cli
