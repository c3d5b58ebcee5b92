#include "conformance/memory_host.hpp"

#include <utility>

namespace phx::conformance {

namespace {

class MemoryStream final : public Stream {
 public:
  MemoryStream(testing::VirtualClock& clock, testing::Wire::End& end) : clock_(clock), end_(end) {
    end.attach(
        {.on_bytes = [this](std::span<char> bytes) { in_.append(bytes.data(), bytes.size()); }, .on_end = [this] { ended_ = true; }});
  }
  ~MemoryStream() override {
    end_.attach({});
    end_.close();
  }

  void write(std::string_view bytes) override { end_.write(bytes); }

  Read read(std::string& into, milliseconds patience) override {
    const Instant limit = clock_.now() + patience;
    clock_.settle();
    while (in_.empty() && !ended_ && clock_.now() < limit) {
      const Instant before = clock_.now();
      if (!clock_.advance_to_next_deadline() || clock_.now() > limit) break;
      if (clock_.now() == before) clock_.advance(std::chrono::nanoseconds(1));
    }
    if (!in_.empty()) {
      into += std::exchange(in_, {});
      return Read::data;
    }
    if (ended_) return Read::end;
    if (clock_.now() < limit) clock_.advance(limit - clock_.now());
    return in_.empty() ? Read::silence : Read::data;
  }

 private:
  testing::VirtualClock& clock_;
  testing::Wire::End& end_;
  std::string in_;
  bool ended_ = false;
};

server::PlugChain plugs(fixture::FixtureApp& app, std::function<void()> stop) {
  return {server::socket_plug(app.mounts(), app.socket_defaults()), app.control(std::move(stop))};
}

}  // namespace

MemoryHost::MemoryHost(testing::WireOptions wires)
    : server_(clock_, plugs(app_, [this] { server_.drain(); })),
      network_(clock_, wires, [this](testing::Wire::End& end) { server_.accept(end); }) {
  app_.pubsub().attach(server_.shard());
}

std::unique_ptr<Stream> MemoryHost::dial() { return std::make_unique<MemoryStream>(clock_, network_.connect()->client()); }

}  // namespace phx::conformance
