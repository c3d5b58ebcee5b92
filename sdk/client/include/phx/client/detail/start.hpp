#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <phx/client/detail/move_function.hpp>
#include <phx/client/options.hpp>
#include <phx/client/payload.hpp>
#include <phx/client/rest.hpp>

namespace phx::client::detail {

class ChannelShared;
class SocketShared;
class Operation;

/// The compiled half of <phx/client/async.hpp>: one request to a channel, started when its completion handler is known.
struct Request {
  enum class Kind : std::uint8_t { push, join, leave };
  Kind kind = Kind::push;
  std::shared_ptr<ChannelShared> channel{};
  std::string event{};
  Payload payload{};
  PushOptions options{};
};

/// Where a completion runs: it knows its executor itself and may be called anywhere, or it is a callback of the socket.
enum class RunOn : std::uint8_t { own_executor, callback_queue };

std::shared_ptr<Operation> prepare(const Request& request);
void cancel(const std::shared_ptr<Operation>& operation);
/// Throws std::logic_error like Channel::push and Channel::join.
void start(const Request& request, const std::shared_ptr<Operation>& operation, MoveFunction<void(std::error_code, Reply)> done,
           RunOn where);
/// The completion of a request to the socket. Runs once: with the outcome, or with `cancelled` before it; the request itself then goes on.
template <class... Args>
struct Once {
  void operator()(std::error_code error, Args... args) {
    if (!ran.exchange(true)) done(error, std::move(args)...);
  }
  MoveFunction<void(std::error_code, Args...)> done{};
  std::atomic<bool> ran = false;
};
void start_ping(const std::shared_ptr<SocketShared>& socket, const std::shared_ptr<Once<Duration>>& request,
                MoveFunction<void(std::error_code, Duration)> done, RunOn where);
class ReceiverShared;
/// Names a receive before it is started, for cancelling.
std::uint64_t receive_ticket(const std::shared_ptr<ReceiverShared>& receiver);
void start_receive(const std::shared_ptr<ReceiverShared>& receiver, std::uint64_t ticket, MoveFunction<void(std::error_code, Message)> done,
                   RunOn where);
void cancel_receive(const std::shared_ptr<ReceiverShared>& receiver, std::uint64_t ticket);
void start_disconnect(const std::shared_ptr<SocketShared>& socket, CloseOptions options, const std::shared_ptr<Once<>>& request,
                      MoveFunction<void(std::error_code)> done, RunOn where);

std::shared_ptr<RestOperation> prepare(const std::shared_ptr<RestShared>& rest, RestRequest request);
void cancel(const std::shared_ptr<RestOperation>& operation);
void start(const std::shared_ptr<RestShared>& rest, const std::shared_ptr<RestOperation>& operation,
           MoveFunction<void(std::error_code, RestResponse)> done, RunOn where);

}  // namespace phx::client::detail
