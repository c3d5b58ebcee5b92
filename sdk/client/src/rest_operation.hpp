#pragma once

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <phx/client/rest.hpp>

#include <phx/net/proxy.hpp>
#include <phx/net/url.hpp>

#include "callback_queue.hpp"

namespace phx::client::detail {

class RestSession;
class RestShared;

using RestCompletion = MoveFunction<void(std::error_code, RestResponse)>;

/// What a RestCall stands for: one outcome for futures, the completion and handlers. As a slot it stands for its handlers.
class RestOperation final : public Slot, public std::enable_shared_from_this<RestOperation> {
 public:
  RestOperation(std::shared_ptr<RestShared> shared, RestRequest what) : shared_(std::move(shared)), request(std::move(what)) {}

  // any thread
  void then(std::function<void(const RestResult&)> handler);
  std::future<RestResult> future();
  void complete_with(RestCompletion completion, bool on_queue);
  /// Handlers hear nothing of it.
  void cancel();
  /// Whoever waits hears it.
  void give_up();
  void resolve(RestResult outcome);
  void release() noexcept override;

 private:
  void run(const std::function<void(const RestResult&)>& handler);

  const std::shared_ptr<RestShared> shared_;  // with the client and its session

 public:
  const RestRequest request;

 private:
  // guarded by the queue's mutex:
  std::optional<RestResult> outcome_;
  std::vector<std::promise<RestResult>> promises_;
  std::vector<std::function<void(const RestResult&)>> handlers_;
  RestCompletion completion_;
  bool completion_on_queue_ = false;
};

/// What a RestClient, its calls and its session have in common.
class RestShared {
 public:
  RestShared(net::Url base_url, RestOptions rest_options, std::optional<net::ProxyOptions> via, Executor callbacks, int callbacks_per_turn)
      : base(std::move(base_url)),
        options(std::move(rest_options)),
        proxy(std::move(via)),
        queue(std::make_shared<CallbackQueue>(std::move(callbacks), callbacks_per_turn, options.on_callback_error)) {}

  const net::Url base;
  const RestOptions options;  ///< without the runtime: only the RestClient holds that
  const std::optional<net::ProxyOptions> proxy;
  const std::shared_ptr<CallbackQueue> queue;

  void open(std::shared_ptr<RestSession> session);
  /// Runs on the session's strand, in order. False after close(): the task is destroyed.
  bool post(std::function<void(RestSession&)> task);
  void close();

 private:
  std::mutex mutex_;  // guards session_
  std::shared_ptr<RestSession> session_;
};

}  // namespace phx::client::detail
