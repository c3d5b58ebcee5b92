#pragma once

#include <string>
#include <string_view>

#include <phx/cli/output.hpp>
#include <phx/client/payload.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx::cli::shell {

/// How the shell shows what happens: data as every command of phx, or one line each for people who type meanwhile.
class View {
 public:
  View(Output& out, bool for_people) : out_(out), for_people_(for_people) {}

  void message(double seconds, const client::Message& message);
  /// An answer to `event`, which is `phx_join` for a join.
  void reply(double seconds, const std::string& topic, const std::string& event, const client::Reply& reply);
  void topic(const std::string& topic, std::string_view state);
  /// key -> metas, as `phx presence` has it.
  void presence(const std::string& topic, const Json& list);
  void ping(double milliseconds);

 private:
  void line(const std::string& topic, const std::string& what, const std::string& text);

  Output& out_;
  bool for_people_;
};

}  // namespace phx::cli::shell
