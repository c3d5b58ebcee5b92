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

  Read read(std::string& into, milliseconds wait) override {
    const Instant limit = clock_.now() + wait;
    clock_.settle();
    while (in_.empty() && !ended_ && clock_.advance_to_next_deadline(limit)) continue;
    if (in_.empty() && !ended_) clock_.advance(limit - clock_.now());
    if (!in_.empty()) {
      into += std::exchange(in_, {});
      return Read::data;
    }
    return ended_ ? Read::end : Read::silence;
  }

 private:
  testing::VirtualClock& clock_;
  testing::Wire::End& end_;
  std::string in_;
  bool ended_ = false;
};

server::PlugChain chain(fixture::FixtureApp& app, std::function<void()> stop) {
  server::PlugChain all{server::socket_plug(app.mounts(), app.socket_defaults())};
  for (server::Plug& plug : app.plugs(std::move(stop))) all.push_back(std::move(plug));
  return all;
}

}  // namespace

MemoryHost::MemoryHost(testing::WireOptions wires)
    : network_(clock_, wires, [this](testing::Wire::End& end) { server_.accept(end); }),
      server_(clock_, chain(app_, [this] { server_.drain(); }), fixture::FixtureApp::http_options()) {
  app_.pubsub().attach(server_.shard());
}

std::unique_ptr<Stream> MemoryHost::dial() { return std::make_unique<MemoryStream>(clock_, network_.connect()->client()); }

}  // namespace phx::conformance
