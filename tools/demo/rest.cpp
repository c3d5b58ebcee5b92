#include "rest.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <phx/core/json.hpp>
#include <phx/net/http_client.hpp>

#include <optional>
#include <stdexcept>

namespace phx::demo {
namespace {

std::string email(const std::string& name) { return name + "@example.org"; }
std::string password(const std::string& name) { return "the password of " + name; }

/// The `data` of a 201.
Json post(const std::string& url, const Json& body) {
  boost::asio::io_context loop;
  net::HttpClient client(loop.get_executor());
  std::optional<net::HttpAnswer> answer;
  client.start({.method = "POST", .url = url, .headers = {{"content-type", "application/json"}}, .body = body.dump()}, [&](auto result) {
    if (result) answer = std::move(*result);
  });
  loop.run();
  const auto json = answer ? parse_json(answer->body) : Result<Json>(Json());
  if (!answer || answer->status != 201 || !json)
    throw std::runtime_error(url + " was not answered with 201" + (answer ? ": " + answer->body : ""));
  return json->at("data");
}

}  // namespace

std::string sign_up_and_in(const std::string& base, const std::string& name) {
  post(base + "/api/v1/users", obj("email", email(name), "name", name, "password", password(name)));
  return sign_in(base, name);
}

std::string sign_in(const std::string& base, const std::string& name) {
  return post(base + "/api/v1/sessions", obj("email", email(name), "password", password(name))).at("token").get<std::string>();
}

}  // namespace phx::demo
