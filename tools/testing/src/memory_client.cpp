#include <phx/testing/memory_client.hpp>

#include <stdexcept>
#include <utility>

#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>
#include <phx/core/ws/handshake.hpp>
#include <phx/core/ws/websocket_core.hpp>
#include <phx/scenario/rng.hpp>

namespace phx::testing {

namespace {

std::string target_of(const MemoryClientOptions& options) {
  const auto params = parse_json(options.params);
  if (!params) throw std::invalid_argument("MemoryClient: params are no JSON");
  const auto url = core::websocket_url(options.endpoint, *params, options.config.serializer->vsn(), options.config.policy.url);
  if (!url) throw std::invalid_argument("MemoryClient: bad endpoint " + options.endpoint);
  const std::size_t host = url->find("://") + 3;
  return url->substr(url->find('/', host));
}

}  // namespace

// One transport of the socket: handshake, then frames.
class MemoryClient::Transport {
 public:
  Transport(MemoryClient& client, core::Generation generation, Wire::End& end)
      : client_(client),
        end_(end),
        masks_(client.options_.seed),
        handshake_({.host = "localhost", .target = target_of(client.options_), .subprotocols = {}, .headers = {}},
                   core::ws::make_key("in-memory-socket")),
        ws_(core::ws::Role::client, core::ws::default_limits, [this] { return static_cast<std::uint32_t>(masks_.next()); }),
        generation_(generation) {
    end.attach({.on_bytes = [this](std::span<char> bytes) { on_bytes(bytes); }, .on_end = [this] { on_end(); }});
    end.write(handshake_.request());
  }

  ~Transport() {
    end_.attach({});
    end_.close();
  }

  core::Generation generation() const noexcept { return generation_; }
  bool over() const noexcept { return over_; }
  void drop() {
    over_ = true;
    end_.close();
  }

  void send(core::Opcode op, std::string_view bytes) {
    std::string out;
    ws_.send(op, bytes, client_.now(), out);
    end_.write(out);
  }

  void close(std::uint16_t code, std::string_view reason) {
    if (!is_open_) return closed({.code = 1006});
    std::string out;
    ws_.close(code, reason, client_.now(), out);
    end_.write(out);
  }

 private:
  void on_bytes(std::span<char> bytes) {
    if (over_) return;
    if (is_open_) return on_frames(bytes);
    const auto done = handshake_.feed({bytes.data(), bytes.size()});
    if (!done) return failed(done.error(), 0);
    if (!*done) return;
    const int status = handshake_.answer().status;
    if (status != 101) return failed(make_error_code(Errc::handshake_refused), status);
    is_open_ = true;
    client_.perform([&](auto& core, Instant t, auto& out) { core.transport_opened(generation_, t, out); });
    std::string rest = handshake_.rest();
    if (!over_ && !rest.empty()) on_frames(rest);
  }

  void on_frames(std::span<char> bytes) {
    const Instant now = client_.now();
    ws_.feed(bytes, now);
    std::string out;
    while (!over_) {
      const auto event = ws_.next(now, out);
      end_.write(std::exchange(out, {}));
      if (!event) return;
      if (const auto* message = std::get_if<core::ws::WebSocketCore::Message>(&*event)) {
        client_.perform(
            [&](auto& core, Instant t, auto& effects) { core.transport_message(generation_, message->op, message->data, t, effects); });
      } else if (const auto* end = std::get_if<core::ws::WebSocketCore::Closed>(&*event)) {
        return closed({.code = end->code, .reason = end->reason, .clean = end->clean});
      }
    }
  }

  void on_end() {
    if (over_) return;
    if (!is_open_) return failed(make_error_code(Errc::connection_closed), 0);
    closed({.code = 1006});
  }

  void failed(std::error_code why, int http_status) {
    client_.perform([&](auto& core, Instant t, auto& out) { core.transport_error(generation_, {why, http_status}, t, out); });
    closed({.code = 1006, .http_status = http_status});
  }

  void closed(const core::CloseEvent& how) {
    if (over_) return;
    drop();
    client_.perform([&](auto& core, Instant t, auto& out) { core.transport_closed(generation_, how, t, out); });
  }

  MemoryClient& client_;
  Wire::End& end_;
  scenario::Rng masks_;
  core::ws::ClientHandshake handshake_;
  core::ws::WebSocketCore ws_;
  core::Generation generation_;
  bool is_open_ = false;
  bool over_ = false;
};

MemoryClient::MemoryClient(VirtualClock& clock, MemoryNetwork& network, MemoryClientOptions options, News news)
    : clock_(&clock),
      network_(&network),
      options_(std::move(options)),
      news_(std::move(news)),
      jitter_(options_.seed),
      env_(options_.config, jitter_),
      core_(env_),
      attachment_(clock.attach(*this)) {}

MemoryClient::~MemoryClient() = default;

void MemoryClient::on_deadline(Instant now) {
  transports_.remove_if([](const std::unique_ptr<Transport>& t) { return t->over(); });
  perform([now](auto& core, Instant, auto& out) { core.on_deadline(now, out); });
}

void MemoryClient::carry_out(core::Effects& effects) {
  for (const core::Effect& effect : effects) {
    if (!carry_out_transport(effect) && news_) news_(effect);
  }
}

bool MemoryClient::carry_out_transport(const core::Effect& effect) {
  const auto with = [this](core::Generation generation, auto&& act) {
    for (const auto& transport : transports_) {
      if (transport->generation() == generation && !transport->over()) return act(*transport);
    }
  };
  if (const auto* opening = std::get_if<core::OpenTransport>(&effect)) {
    open(opening->generation);
  } else if (const auto* frame = std::get_if<core::SendFrame>(&effect)) {
    with(frame->generation, [&](Transport& t) { t.send(frame->opcode, frame->bytes); });
  } else if (const auto* closing = std::get_if<core::CloseTransport>(&effect)) {
    with(closing->generation, [&](Transport& t) { t.close(closing->code.value_or(1000), closing->reason); });
  } else if (const auto* dropped = std::get_if<core::DropTransport>(&effect)) {
    with(dropped->generation, [](Transport& t) { t.drop(); });
  } else {
    return false;
  }
  return true;
}

void MemoryClient::open(core::Generation generation) {
  if (Wire* wire = network_->connect()) {
    transports_.push_back(std::make_unique<Transport>(*this, generation, wire->client()));
    return;
  }
  perform([&](auto& core, Instant t, auto& out) {
    core.transport_error(generation, {std::make_error_code(std::errc::network_unreachable), 0}, t, out);
    core.transport_closed(generation, {}, t, out);
  });
}

}  // namespace phx::testing
