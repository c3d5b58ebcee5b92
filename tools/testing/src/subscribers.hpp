#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/testing/target.hpp>

namespace phx::testing {

/// Who hears the broadcasts of a server that is played: Target::subscribe. Outlives its handles.
class Subscribers {
 public:
  using Told = std::function<void(TopicBroadcast)>;

  std::shared_ptr<void> add(std::string_view topic, Told told) {
    auto function = std::make_shared<Told>(std::move(told));
    all_.emplace_back(topic, function);
    return {function.get(), [this, function](void*) { std::erase_if(all_, [&](const auto& s) { return s.second == function; }); }};
  }
  void tell(const TopicBroadcast& b) const {
    for (const auto& [topic, told] : all_)
      if (topic == b.topic) (*told)(b);
  }

 private:
  std::vector<std::pair<std::string, std::shared_ptr<Told>>> all_;
};

}  // namespace phx::testing
