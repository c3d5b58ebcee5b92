#include <phx/server/shard_stats.hpp>

namespace phx::server {

namespace {

void add(ShardStats::Transport& into, const ShardStats::Transport& from) {
  into.now += from.now;
  into.total += from.total;
}

}  // namespace

void ShardStats::count_request(std::string_view route, int status) { ++requests[{std::string(route), status}]; }

void ShardStats::merge(const ShardStats& other) {
  add(connections, other.connections);
  add(websocket, other.websocket);
  add(longpoll, other.longpoll);
  for (const auto figure :
       {&ShardStats::channels_now, &ShardStats::joins_ok, &ShardStats::joins_refused, &ShardStats::joins_crashed,
        &ShardStats::channel_crashes, &ShardStats::messages_in, &ShardStats::messages_out, &ShardStats::bytes_in, &ShardStats::bytes_out,
        &ShardStats::broadcasts, &ShardStats::merged, &ShardStats::sends, &ShardStats::slow_readers_cut, &ShardStats::tls_failures,
        &ShardStats::connections_refused, &ShardStats::mailbox_now, &ShardStats::turns, &ShardStats::outbox_bytes})
    this->*figure += other.*figure;
  for (const auto longest : {&ShardStats::mailbox_longest, &ShardStats::outbox_bytes_max})
    this->*longest = std::max(this->*longest, other.*longest);
  for (const auto& [status, times] : other.upgrades_refused) upgrades_refused[status] += times;
  for (const auto& [route, times] : other.requests) requests[route] += times;
  if (!other.durations) return;
  if (!durations) durations = std::make_unique<ShardDurations>();
  durations->merge(*other.durations);
}

ShardStats ShardStats::copy() const {
  ShardStats out;
  out.merge(*this);
  return out;
}

}  // namespace phx::server
