#include <phx/client/rest.hpp>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <phx/client/detail/start.hpp>
#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>
#include <phx/net/http_client.hpp>

#include "rest_operation.hpp"
#include "rest_session.hpp"

namespace phx::client {

namespace {

std::optional<net::ProxyOptions> proxy_of(const RestOptions& options, const net::Url& url) {
  std::string why;
  auto proxy = !options.proxy.empty()           ? net::parse_proxy(options.proxy, why)
               : options.proxy_from_environment ? net::proxy_from_environment(
                                                      url, [](const char* name) { return std::getenv(name); }, why)
                                                : std::nullopt;
  if (!why.empty()) throw std::invalid_argument("phx::RestClient: proxy: " + why);
  return proxy;
}

std::shared_ptr<detail::RestShared> make_shared_part(const std::string& base_url, RestOptions options, const Runtime& runtime) {
  auto base = net::parse_url(base_url);
  if (!base || !base->scheme.starts_with("http"))
    throw std::invalid_argument("phx::RestClient: '" + base_url + "' is not a URL like https://host/api");
  if (!options.headers.dynamic()) net::check_request({.headers = options.headers.get()});
  auto proxy = proxy_of(options, *base);
  const int per_turn = options.callback_executor ? Runtime::usual_callbacks_per_turn : runtime.callbacks_per_turn();
  Executor callbacks = options.callback_executor ? options.callback_executor : runtime.callbacks();
  options.runtime.reset();
  return std::make_shared<detail::RestShared>(std::move(*base), std::move(options), std::move(proxy), std::move(callbacks), per_turn);
}

}  // namespace

RestOptions RestOptions::like(const SocketOptions& socket) {
  RestOptions out;
  out.bearer = socket.auth_token;
  out.headers = socket.headers;
  out.credentials = socket.credentials;
  out.connect_timeout = socket.connect_timeout;
  out.credentials_timeout = socket.credentials_timeout;
  out.tls = socket.tls;
  out.proxy = socket.proxy;
  out.proxy_from_environment = socket.proxy_from_environment;
  out.runtime = socket.runtime;
  out.callback_executor = socket.callback_executor;
  out.on_callback_error = socket.on_callback_error;
  return out;
}

namespace detail {

std::shared_ptr<RestOperation> prepare(const std::shared_ptr<RestShared>& rest, RestRequest request) {
  net::check_request({.method = request.method, .headers = request.headers});
  return std::make_shared<RestOperation>(rest, std::move(request));
}

void cancel(const std::shared_ptr<RestOperation>& operation) { operation->give_up(); }

void start(const std::shared_ptr<RestShared>& rest, const std::shared_ptr<RestOperation>& operation) {
  if (!rest->post([operation](RestSession& session) { session.start(operation); })) operation->give_up();
}

void start(const std::shared_ptr<RestShared>& rest, const std::shared_ptr<RestOperation>& operation,
           MoveFunction<void(std::error_code, RestResponse)> done, RunOn where) {
  operation->complete_with(std::move(done), where == RunOn::callback_queue);
  start(rest, operation);
}

}  // namespace detail

RestClient::RestClient(std::string base_url, RestOptions options)
    : runtime_(options.runtime ? options.runtime : Runtime::create()), shared_(make_shared_part(base_url, std::move(options), *runtime_)) {
  shared_->open(std::make_shared<detail::RestSession>(runtime_->io(), shared_));
}

RestClient::~RestClient() {
  shared_->close();
  shared_->queue->stop();
}

RestCall RestClient::request(RestRequest request) {
  auto operation = detail::prepare(shared_, std::move(request));
  detail::start(shared_, operation);
  return RestCall(std::move(operation));
}

RestCall RestClient::get(std::string path, Payload query) { return request({.path = std::move(path), .query = std::move(query)}); }

RestCall RestClient::post(std::string path, Payload body) {
  return request({.method = "POST", .path = std::move(path), .body = std::move(body)});
}

RestCall RestClient::put(std::string path, Payload body) {
  return request({.method = "PUT", .path = std::move(path), .body = std::move(body)});
}

RestCall RestClient::patch(std::string path, Payload body) {
  return request({.method = "PATCH", .path = std::move(path), .body = std::move(body)});
}

RestCall RestClient::delete_(std::string path) { return request({.method = "DELETE", .path = std::move(path)}); }

// ---- answers ----

std::string_view RestResponse::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, [](const auto& h) -> std::string_view { return h.first; });
  return found == headers.end() ? std::string_view() : found->second;
}

Result<Json> RestResponse::json() const { return parse_json(body); }

std::optional<ApiError> RestResponse::error() const {
  if (status < 400) return std::nullopt;
  return core::parse_api_error(status, body);
}

namespace {

/// What a Link header may have: a URL, "/path?query", "?query".
std::string relative_to(const std::string& url, std::string target) {
  const auto here = net::parse_url(url);
  if (!here || (!target.starts_with('/') && !target.starts_with('?'))) return target;
  auto there = *here;
  there.query.clear();
  if (target.starts_with('?')) return there.text() + target;
  there.path.clear();
  return there.scheme + "://" + there.authority() + target;
}

}  // namespace

std::optional<RestRequest> next_page(const RestRequest& request, const RestResponse& response, const PageRule& rule) {
  if (!response.ok()) return std::nullopt;
  RestRequest next = request;
  if (!rule.relation.empty()) {
    for (const auto& [name, value] : response.headers) {
      if (name != "link") continue;
      if (auto target = core::find_link(value, rule.relation)) {
        next.path = relative_to(response.url, std::move(*target));
        next.query = {};
        return next;
      }
    }
    return std::nullopt;
  }
  const auto answer = response.json();
  auto query = request.query.json();
  if (!answer || !query || !query->is_object()) return std::nullopt;
  const Json::json_pointer at(rule.cursor);
  if (!answer->contains(at)) return std::nullopt;
  const Json cursor = answer->at(at);
  if (cursor.is_null() || (cursor.is_string() && cursor.get_ref<const std::string&>().empty())) return std::nullopt;
  (*query)[rule.param] = cursor;
  next.query = *query;
  return next;
}

}  // namespace phx::client
