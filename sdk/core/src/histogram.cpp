#include <cmath>
#include <optional>

#include <phx/core/histogram.hpp>
#include <phx/core/json.hpp>

namespace phx::core {

void Histogram::merge(const Histogram& other) noexcept {
  if (other.empty()) return;
  const std::size_t last = bucket_of(other.max_);
  for (std::size_t i = bucket_of(other.min_); i <= last; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ = add(sum_, other.sum_);
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

void Histogram::reset() noexcept {
  std::fill(buckets_.begin(), buckets_.end(), 0);
  count_ = sum_ = max_ = 0;
  min_ = greatest;
}

std::uint64_t Histogram::percentile(double percent) const noexcept {
  if (empty()) return 0;
  if (!(percent > 0)) return min_;
  if (percent >= 100) return max_;
  const auto rank = static_cast<std::uint64_t>(std::ceil(percent / 100 * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = bucket_of(min_); i <= bucket_of(max_); ++i) {
    seen += buckets_[i];
    if (seen < rank) continue;
    const std::uint64_t low = lowest_of(i), middle = low + (highest_of(i) - low) / 2;
    return std::clamp(middle, min_, max_);
  }
  return max_;  // rank rounded up beyond the count, which a double can not always hold
}

std::uint64_t Histogram::count_up_to(std::uint64_t value) const noexcept {
  if (empty() || value < min_) return 0;
  if (value >= max_) return count_;
  std::uint64_t seen = 0;
  for (std::size_t i = bucket_of(min_); i <= bucket_of(value); ++i) seen += buckets_[i];
  return seen;
}

Json Histogram::to_json() const {
  Json buckets = Json::array();
  std::size_t before = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    if (buckets_[i] == 0) continue;
    buckets.push_back(i - before);
    buckets.push_back(buckets_[i]);
    before = i;
  }
  return obj("steps_per_octave", steps_per_octave, "count", count_, "sum", sum_, "min", min(), "max", max_, "buckets", std::move(buckets));
}

namespace {

std::optional<std::uint64_t> natural(const Json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0) return static_cast<std::uint64_t>(value.get<std::int64_t>());
  return std::nullopt;
}

std::optional<std::uint64_t> natural_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? std::nullopt : natural(*found);
}

}  // namespace

Result<Histogram> Histogram::from_json(const Json& json) {
  if (!json.is_object() || !json.contains("buckets")) return failure(Errc::bad_json);
  const auto steps = natural_at(json, "steps_per_octave"), count = natural_at(json, "count"), sum = natural_at(json, "sum"),
             min = natural_at(json, "min"), max = natural_at(json, "max");
  const Json& buckets = json.at("buckets");
  if (steps != steps_per_octave || !count || !sum || !min || !max || !buckets.is_array() || buckets.size() % 2 != 0)
    return failure(Errc::bad_json);

  Histogram out;
  std::uint64_t index = 0;
  for (std::size_t i = 0; i < buckets.size(); i += 2) {
    const auto distance = natural(buckets[i]), times = natural(buckets[i + 1]);
    if (!distance || !times || *times == 0 || (i > 0 && *distance == 0) || *distance >= bucket_count - index)
      return failure(Errc::bad_json);
    index += *distance;
    if (*times > *count - out.count_) return failure(Errc::bad_json);
    out.buckets_[index] = *times;
    out.count_ += *times;
    if (i == 0 && bucket_of(*min) != index) return failure(Errc::bad_json);
  }
  if (out.count_ != *count) return failure(Errc::bad_json);
  if (out.empty()) return *sum == 0 && *min == 0 && *max == 0 ? Result<Histogram>(std::move(out)) : failure(Errc::bad_json);
  if (*min > *max || bucket_of(*max) != index) return failure(Errc::bad_json);
  out.sum_ = *sum;
  out.min_ = *min;
  out.max_ = *max;
  return out;
}

}  // namespace phx::core
