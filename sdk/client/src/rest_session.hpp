#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <phx/core/client/request_core.hpp>
#include <phx/net/http_client.hpp>

#include "rest_operation.hpp"

namespace phx::client::detail {

/// The shell around the RequestCores of a RestClient: one HttpClient, a timer per request. Lives on one strand; every member function
/// is called there. Credentials and the CSRF token are asked for by one question at a time, shared by all who wait.
class RestSession : public std::enable_shared_from_this<RestSession> {
 public:
  using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;

  RestSession(boost::asio::io_context& io, std::shared_ptr<RestShared> shared);

  const Strand& strand() const noexcept { return strand_; }
  void start(const std::shared_ptr<RestOperation>& operation);
  void cancel(const RestOperation& operation);
  /// Ends what is under way with `cancelled`.
  void shut_down();

 private:
  struct Call {
    Call(std::uint64_t number, std::shared_ptr<RestOperation> what, const RetryPolicy& policy, const core::RequestRules& rules,
         core::Jitter& jitter, const Strand& strand)
        : id(number), operation(std::move(what)), core(policy, rules, jitter), timer(strand) {}
    const std::uint64_t id;
    const std::shared_ptr<RestOperation> operation;
    core::RequestCore core;
    boost::asio::steady_timer timer;
    net::HttpClient::Id request = net::HttpClient::Id::none;
    std::optional<RestResponse> answer;  // the last
    std::string failure;                 // of the last attempt that got none
    Instant limit{};
  };
  /// A question whose answer several attempts may wait for.
  template <class Answer>
  struct Question {
    std::uint64_t id = 0;  // 0: none is under way
    bool refresh = false;
    Instant since{};
    std::vector<std::function<void(const Answer&)>> waiting{};
  };
  using CredentialsAnswer = Result<Credentials>;
  using CsrfAnswer = tl::expected<std::string, RestFailure>;

  void input(std::uint64_t id, const std::function<void(Call&, Instant, core::RequestEffects&)>& f);
  void perform(Call& call, const core::RequestEffects& effects);
  void arm(Call& call);
  void finish(std::uint64_t id, RestResult outcome);
  RestFailure failure_of(const Call& call, std::error_code why) const;

  void attempt(std::uint64_t id, core::RequestAttempt what);
  void with_credentials(std::uint64_t id, core::RequestAttempt what, const Credentials& credentials);
  void send(std::uint64_t id, std::uint32_t number, net::HttpRequest request);
  void attempt_failed(std::uint64_t id, std::uint32_t number, std::error_code why, std::string message, bool sent);
  tl::expected<net::HttpRequest, std::error_code> http_request(const Call& call, const Credentials& credentials) const;

  void ask_for_credentials(bool refresh, std::function<void(const CredentialsAnswer&)> then);
  void credentials_answered(std::uint64_t question, const CredentialsAnswer& answer);
  void ask_for_csrf(bool refresh, const HeaderList& headers, std::function<void(const CsrfAnswer&)> then);
  void csrf_answered(std::uint64_t question, const tl::expected<net::HttpAnswer, net::TransportError>& outcome);

  const std::shared_ptr<RestShared> shared_;
  Strand strand_;
  std::unique_ptr<net::HttpClient> http_;  // null after the end
  core::SeededJitter jitter_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Call>> calls_;
  Question<CredentialsAnswer> credentials_;
  Question<CsrfAnswer> csrf_;
  std::string csrf_token_;
  std::uint64_t last_id_ = 0;
};

}  // namespace phx::client::detail
