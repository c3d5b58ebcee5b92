#include <phx/testing/memory_server.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace phx::testing {

// The endpoint's connection without its socket: read, feed, perform.
class MemoryServer::Connection final : public server::Carrier {
 public:
  Connection(MemoryServer& server, Wire::End& end) : end_(end), core_(server.worker_, *this, {"127.0.0.1", 1}, server.clock_->now()) {
    end.attach({.on_bytes =
                    [this, &server](std::span<char> bytes) {
                      unread_.append(bytes.data(), bytes.size());
                      server.turn(server.clock_->now());
                    },
                .on_end =
                    [this, &server] {
                      const Instant now = server.clock_->now();
                      feed(now);
                      core_.peer_closed(now);
                      core_.lost(now);  // a wire in memory has no half-closed state
                      server.turn(now);
                    }});
  }

  ~Connection() override { end_.attach({}); }

  bool settle(Instant now) override { return core_.settle(now); }

  void flush(Instant) override {
    server::Outbox& outbox = core_.outbox();
    std::string bytes;
    for (const server::Slice& slice : outbox.slices()) bytes += slice.view();
    outbox.consume(bytes.size());
    end_.write(bytes);
  }

  /// True when there was something that the core was ready to read.
  bool feed(Instant now) {
    if (unread_.empty() || !core_.reads()) return false;
    std::string bytes = std::exchange(unread_, {});
    core_.feed(bytes, now);
    return true;
  }

  bool finished() {
    if (!core_.finished()) return false;
    end_.close();
    return true;
  }

  server::ConnectionCore& core() noexcept { return core_; }

 private:
  Wire::End& end_;
  std::string unread_;  // while a join runs nothing is read (server.md 0.1.3)
  server::ConnectionCore core_;
};

MemoryServer::MemoryServer(VirtualClock& clock, server::PlugChain plugs, server::HttpOptions options, std::size_t index)
    : clock_(&clock),
      service_{.options = options, .plugs = std::move(plugs), .plugs_before_parsers = 1},
      shard_(index, [this] { woken_ = true; }),
      worker_{service_, shard_, "Thu, 01 Jan 1970 00:00:00 GMT"},
      attachment_(clock.attach(*this)) {
  shard_.set_now(clock.now());
}

MemoryServer::~MemoryServer() {
  for (const auto& connection : connections_) connection->core().lost(clock_->now());
  shard_.run();
  connections_.clear();
}

void MemoryServer::accept(Wire::End& end) {
  shard_.set_now(clock_->now());
  connections_.push_back(std::make_unique<Connection>(*this, end));
}

void MemoryServer::drain() {
  const Instant now = clock_->now();
  shard_.set_now(now);
  shard_.drain_parts();
  for (const auto& connection : connections_) {
    if (!connection->core().drain(now)) connection->core().shutdown(now);
  }
  turn(now);
}

std::optional<Instant> MemoryServer::next_deadline() const {
  if (woken_) return clock_->now();
  std::optional<Instant> next = shard_.next_deadline();
  for (const auto& connection : connections_) {
    const auto due = connection->core().next_deadline();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void MemoryServer::on_deadline(Instant now) {
  shard_.set_now(now);
  for (const auto& connection : connections_) connection->core().on_deadline(now);
  turn(now);
}

// What the endpoint does in one turn of its loop.
void MemoryServer::turn(Instant now) {
  woken_ = false;
  shard_.set_now(now);
  auto& dirty = shard_.dirty().outboxes;
  do {
    do { shard_.run(); } while (settle(now) || feed(now));
    for (server::Outbox* outbox : std::exchange(dirty, {})) {
      outbox->clean();
      static_cast<server::CarrierOutbox*>(outbox)->carrier().flush(now);
    }
  } while (!dirty.empty());
  reap();
}

bool MemoryServer::settle(Instant now) {
  bool again = false;
  const auto& dirty = shard_.dirty().outboxes;
  for (std::size_t i = 0; i < dirty.size(); ++i) {  // grows meanwhile
    again = static_cast<server::CarrierOutbox*>(dirty[i])->carrier().settle(now) || again;
  }
  return again;
}

bool MemoryServer::feed(Instant now) {
  bool again = false;
  for (const auto& connection : connections_) again = connection->feed(now) || again;
  return again;
}

void MemoryServer::reap() {
  connections_.remove_if([](const std::unique_ptr<Connection>& c) { return c->finished(); });
}

}  // namespace phx::testing
