#pragma once

#include <variant>

#include <phx/scenario/scenario.hpp>

namespace phx::scenario {

/// Calls f with every step, those inside of `repeat` and `parallel` too.
void each_step(const Steps& steps, const auto& f) {
  for (const Step& step : steps) {
    f(step);
    if (const auto* repeat = std::get_if<RepeatStep>(&step.kind)) each_step(repeat->steps, f);
    if (const auto* parallel = std::get_if<ParallelStep>(&step.kind))
      for (const Steps& branch : parallel->branches) each_step(branch, f);
  }
}

}  // namespace phx::scenario
