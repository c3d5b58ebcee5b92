// design.md 5, Histogram: log-linear, 128 steps per octave, mergeable exactly, serialised in results.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <phx/core/histogram.hpp>
#include <phx/core/json.hpp>

namespace phx::core {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max();

TEST(Histogram, BucketsTileTheWholeRange) {
  for (std::size_t i = 0; i < Histogram::bucket_count; ++i) {
    const std::uint64_t low = Histogram::lowest_of(i), high = Histogram::highest_of(i);
    ASSERT_LE(low, high);
    ASSERT_EQ(Histogram::bucket_of(low), i);
    ASSERT_EQ(Histogram::bucket_of(high), i);
    if (i > 0) { ASSERT_EQ(Histogram::highest_of(i - 1) + 1, low); }
    if (low >= 256) {
      ASSERT_LE(high - low + 1, low / 128) << i;  // 128 steps to the octave
    }
  }
  EXPECT_EQ(Histogram::lowest_of(0), 0u);
  EXPECT_EQ(Histogram::bucket_of(greatest), Histogram::bucket_count - 1);
}

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.min(), 0u);
  EXPECT_EQ(none.max(), 0u);
  EXPECT_EQ(none.mean(), 0.0);
  EXPECT_EQ(none.percentile(50), 0u);
  EXPECT_EQ(none.count_up_to(greatest), 0u);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram values;
  for (std::uint64_t v = 0; v < 200; ++v) values.record(v);
  EXPECT_EQ(values.count(), 200u);
  EXPECT_EQ(values.sum(), 199u * 100);
  EXPECT_EQ(values.percentile(0), 0u);
  EXPECT_EQ(values.percentile(50), 99u);
  EXPECT_EQ(values.percentile(99), 197u);
  EXPECT_EQ(values.percentile(100), 199u);
  EXPECT_EQ(values.count_up_to(9), 10u);
}

TEST(Histogram, PercentilesAreWithinFourPerMille) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(12, 1.5);  // ns: median 163 us, a long tail
  std::vector<std::uint64_t> sorted;
  Histogram values;
  for (int i = 0; i < 200'000; ++i) {
    sorted.push_back(static_cast<std::uint64_t>(latency(random)));
    values.record(sorted.back());
  }
  std::sort(sorted.begin(), sorted.end());
  for (const double percent : {1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(sorted.size())));
    const auto exact = static_cast<double>(sorted[rank - 1]);
    EXPECT_NEAR(static_cast<double>(values.percentile(percent)), exact, exact * 0.004) << percent;
  }
  EXPECT_EQ(values.percentile(100), sorted.back());
  EXPECT_EQ(values.percentile(0), sorted.front());
}

TEST(Histogram, RecordsDurationsAsNanosecondsAndNegativeOnesAsNone) {
  Histogram values;
  values.record(Duration(3us));
  values.record(Duration(-1s));
  EXPECT_EQ(values.max(), 3000u);
  EXPECT_EQ(values.min(), 0u);
}

TEST(Histogram, OneValueIsAllItsPercentiles) {
  Histogram values;
  values.record(1'000'003, 5);
  EXPECT_EQ(values.count(), 5u);
  for (const double percent : {0.0, 0.1, 50.0, 99.9, 100.0}) EXPECT_EQ(values.percentile(percent), 1'000'003u);
}

TEST(Histogram, PartsAddUpExactlyInAnyOrder) {
  std::mt19937_64 random(3);
  Histogram whole, a, b, c;
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t value = random() >> (i % 60);
    whole.record(value);
    (i % 3 == 0 ? a : i % 3 == 1 ? b : c).record(value);
  }
  Histogram left = a, right = c;
  left.merge(b);
  left.merge(c);
  right.merge(a);
  right.merge(b);
  EXPECT_EQ(left, whole);
  EXPECT_EQ(right, whole);
  left.merge(Histogram{});
  EXPECT_EQ(left, whole);
}

TEST(Histogram, SumsStayAtTheGreatestNumberInsteadOfWrapping) {
  Histogram values;
  values.record(greatest);
  values.record(5);
  EXPECT_EQ(values.sum(), greatest);
  values.record(greatest / 2, 10);
  EXPECT_EQ(values.sum(), greatest);
  EXPECT_EQ(values.percentile(100), greatest);
}

TEST(Histogram, ResetForgetsAll) {
  Histogram values;
  values.record(77);
  values.reset();
  EXPECT_EQ(values, Histogram{});
}

TEST(Histogram, SaysItselfInJson) {
  Histogram values;
  values.record(100, 2);
  values.record(500);
  EXPECT_EQ(values.to_json(), parse_json(R"({"steps_per_octave":128,"count":3,"sum":700,"min":100,"max":500,"buckets":[100,2,278,1]})"));
  EXPECT_EQ(Histogram::bucket_of(500), 378u);
}

TEST(Histogram, ComesBackFromItsJsonText) {
  std::mt19937_64 random(11);
  Histogram values;
  EXPECT_EQ(Histogram::from_json(values.to_json()), values);
  values.record(greatest);
  for (int i = 0; i < 1000; ++i) values.record(random() >> (i % 64));
  const auto read = Histogram::from_json(parse_json(to_json_text(values.to_json())).value());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, values);
}

TEST(Histogram, RefusesWhatItDidNotWrite) {
  Histogram values;
  values.record(100, 2);
  values.record(500);
  const Json good = values.to_json();
  const auto refused = [](Json json) {
    const auto read = Histogram::from_json(json);
    return !read && read.error() == Errc::bad_json;
  };
  ASSERT_FALSE(refused(good));
  for (const char* key : {"steps_per_octave", "count", "sum", "min", "max", "buckets"}) {
    for (const Json& wrong : {Json(nullptr), Json(-1), Json(1.5), Json("1"), Json(Json::array({1, -1})), Json(Json::array({1}))}) {
      Json bad = good;
      bad[key] = wrong;
      EXPECT_TRUE(refused(bad)) << bad;
    }
    Json bad = good;
    bad.erase(key);
    EXPECT_TRUE(refused(bad)) << bad;
  }
  for (const char* buckets : {"[]", "[100,2]", "[100,2,278,2]", "[100,2,278,0]", "[100,3,0,1]", "[100,2,9999,1]",
                              "[100,2,18446744073709551615,1]", "[100,18446744073709551615,278,4]", "[101,2,277,1]", "[100,2,279,1]"}) {
    Json bad = good;
    bad["buckets"] = parse_json(buckets).value();
    EXPECT_TRUE(refused(bad)) << bad;
  }
  for (const Json& wrong : {Json(), Json(3), Json::array(), Json::object()}) EXPECT_TRUE(refused(wrong));
}

}  // namespace
}  // namespace phx::core
