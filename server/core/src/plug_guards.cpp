// Plugs that let requests through or refuse them: Bearer tokens, rate limit, scrubbed params.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/shard.hpp>

#include "http_time.hpp"

namespace phx::server::plug {

namespace {

void refuse(Conn& conn, int status) { render_error(conn, status, conn.format == "html" ? ErrorFormat::html : ErrorFormat::json); }

class Buckets {
 public:
  explicit Buckets(const RateLimitOptions& options) : options_(options) {}

  /// Takes one token; else the time until there is one.
  std::optional<std::chrono::duration<double>> take(const std::string& key, Instant now) {
    const std::lock_guard lock(mutex_);
    const auto burst = static_cast<double>(options_.burst);
    if (buckets_.size() >= options_.max_keys && !buckets_.contains(key)) make_room(now);
    auto& bucket = buckets_.try_emplace(key, Bucket{burst, now}).first->second;
    bucket.tokens = tokens_at(bucket, now);
    bucket.since = now;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return std::nullopt;
    }
    return std::chrono::duration<double>((1 - bucket.tokens) / options_.per_second);
  }

 private:
  struct Bucket {
    double tokens;
    Instant since;
  };

  double tokens_at(const Bucket& bucket, Instant now) const {
    const std::chrono::duration<double> passed = std::max(now, bucket.since) - bucket.since;  // shards' clocks differ a little
    return std::min(static_cast<double>(options_.burst), bucket.tokens + passed.count() * options_.per_second);
  }

  /// A full bucket says the same as none.
  void make_room(Instant now) {
    std::erase_if(buckets_, [&](const auto& entry) { return tokens_at(entry.second, now) >= static_cast<double>(options_.burst); });
    if (buckets_.size() >= options_.max_keys) buckets_.erase(buckets_.begin());
  }

  RateLimitOptions options_;
  std::mutex mutex_;  // guards buckets_: all workers share them
  std::unordered_map<std::string, Bucket> buckets_;
};

bool is_blank(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
}

void scrub(Json& value) {
  if (value.is_string() && is_blank(value.get_ref<const std::string&>()))
    value = nullptr;
  else if (value.is_structured())
    for (auto& inner : value) scrub(inner);
}

}  // namespace

Plug require_auth(KeysPtr keys, AuthOptions options) {
  if (!keys) throw std::invalid_argument("plug::require_auth: no keys");
  if (!options.clock) options.clock = detail::wall_now;
  return [keys = std::move(keys), options = std::move(options)](Conn conn) {
    constexpr std::string_view scheme = "Bearer ";
    const auto header = conn.req_header("authorization").value_or("");
    if (header.starts_with(scheme)) {
      const auto data =
          core::verify_token(*keys, options.salt, header.substr(scheme.size()), options.clock(), {.max_age = options.max_age});
      const auto json = data ? core::etf::to_json(*data) : Json(nullptr);
      if (data && json) {
        conn.assigns[options.assign] = *json;
        return conn;
      }
    }
    if (!options.challenge.empty()) conn.put_resp_header("www-authenticate", options.challenge);
    refuse(conn, 401);
    return conn;
  };
}

Plug rate_limit(RateLimitOptions options) {
  if (options.burst == 0 || !(options.per_second > 0) || options.max_keys == 0)
    throw std::invalid_argument("plug::rate_limit: burst, per_second and max_keys are more than 0");
  if (!options.key) options.key = [](const Conn& conn) { return conn.peer.address; };
  const auto buckets = std::make_shared<Buckets>(options);
  return [buckets, key = options.key](Conn conn) {
    const auto wait = buckets->take(key(conn), conn.shard->now());
    if (!wait) return conn;
    conn.put_resp_header("retry-after", std::to_string(static_cast<std::int64_t>(std::ceil(wait->count()))));
    refuse(conn, 429);
    return conn;
  };
}

Plug scrub_params(std::string required_key) {
  return [key = std::move(required_key)](Conn conn) {
    const auto found = conn.params().find(key);
    if (found == conn.params().end()) throw HttpError(400, "expected param " + key);
    scrub(*found);
    return conn;
  };
}

}  // namespace phx::server::plug
