#pragma once

#include <memory>
#include <string>

#include "conformance/compare.hpp"
#include "conformance/host.hpp"
#include "conformance/http.hpp"
#include "support/golden.hpp"

namespace phx::conformance {

/// Plays the HTTP exchanges of a case (tests/golden/README.md, "HTTP cases"): each on a connection of its own, in order, or as the
/// hint `concurrent` says. Throws std::runtime_error that tells the first difference.
class ExchangePlayer {
 public:
  /// bindings: values of placeholders known so far; what answers bring is added. Both borrowed for life.
  ExchangePlayer(Host& host, Bindings& bindings) : host_(host), bindings_(bindings) {}

  void play(const golden::Case& which);

 private:
  struct Pending {
    const golden::Exchange* exchange;
    std::unique_ptr<Stream> stream;
  };

  void act(const golden::Exchange& exchange, const char* when);
  Pending start(const golden::Exchange& exchange);
  void finish(Pending pending);
  void compare(const HttpAnswer& got, const golden::Exchange& exchange);
  void compare_headers(const HttpAnswer& got, const Json& expected);
  bool same_body(const std::string& expected, const std::string& got);
  bool same_messages(const Json& expected, const Json& got);

  Host& host_;
  Bindings& bindings_;
  bool per_topic_ = false;
};

}  // namespace phx::conformance
