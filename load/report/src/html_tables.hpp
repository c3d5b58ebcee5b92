#pragma once

#include <optional>
#include <string>

#include <phx/load/loaded_result.hpp>

namespace phx::load::report {

/// How far a gate is from its limit, as a share of the limit; negative: beyond it. nullopt for anything but `figure < limit` and
/// `figure > limit` with a limit other than 0.
struct Margin {
  double limit = 0, share = 0;
};
std::optional<Margin> margin_of(const Json& gate);

std::string verdict_lines(const Json& result);  ///< interrupted, aborted, overloaded; or that nothing is wrong
std::string tiles(const Json& result);
std::string gates_table(const Json& result);
std::string latency_table(const Json& result);
std::string deliveries_table(const Json& result);
std::string errors_table(const Json& result);
std::string stages_table(const Json& result);
std::string generator_table(const Json& result);

}  // namespace phx::load::report
