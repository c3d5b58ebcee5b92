#include "engine/reported_part.hpp"

#include <phx/core/json.hpp>

namespace phx::load {

void ReportedPart::take_seconds(Series& into) {
  pump();
  merge_series(into, seconds_);
  seconds_.clear();
}

void ReportedPart::gone() {
  stopped_ = drained_ = done_ = true;
  if (!has_result_) part_.generator.trouble.push_back(name_ + " died; its users are missing");
}

void ReportedPart::on_report(std::string_view line) {
  auto json = parse_json(line);
  if (!json || !json->is_object()) {
    part_.generator.trouble.push_back(name_ + " wrote what nobody understands");
    return;
  }
  if (json->contains("stopped")) stopped_ = true;
  if (json->contains("drained")) drained_ = (*json)["drained"].get<bool>();
  if (json->contains("second")) {
    if (auto second = Second::from_json((*json)["second"])) seconds_[second->t].merge(*second);
  }
  if (json->contains("stats")) {
    if (auto stats = Stats::from_json((*json)["stats"])) so_far_ = std::move(*stats);
  }
  if (json->contains("result")) {
    auto part = RunPart::from_json((*json)["result"]);
    has_result_ = part.has_value();
    if (part) part_ = std::move(*part);
    stopped_ = drained_ = done_ = true;
  }
}

void PartReporter::report() {
  Series seconds;
  part_.take_seconds(seconds);
  for (const auto& [t, second] : seconds) {
    Json line = obj("second", second.to_json());
    if (watch_) line["stats"] = part_.so_far().to_json();
    say_(line);
  }
  if (!stopped_ && part_.stopped()) {
    stopped_ = true;
    say_(obj("stopped", true));
  }
  if (part_.drained() != drained_) {
    drained_ = !drained_;
    say_(obj("drained", drained_));
  }
}

void PartReporter::result(const std::vector<std::string>& trouble) {
  watch_ = false;
  report();
  RunPart part = part_.result();
  auto& all = part.generator.trouble;
  all.insert(all.end(), trouble.begin(), trouble.end());
  say_(obj("result", part.to_json(0)));
}

}  // namespace phx::load
