#include <phx/net/tls_filter.hpp>

#include <optional>
#include <utility>

namespace phx::net {
namespace {

class TlsFilter final : public ByteFilter {
 public:
  TlsFilter(const core::TlsContext& context, const std::string& host) : stream_(core::TlsStream::client(context, host)) {}

  std::error_code start(std::string& to_wire) override { return stream_.start(to_wire); }
  bool ready() const noexcept override { return stream_.ready(); }
  std::error_code from_wire(std::span<const char> wire, std::string& plain, std::string& to_wire) override {
    return stream_.feed(wire, plain, to_wire);
  }
  std::error_code to_wire(std::string_view plain, std::string& to_wire) override { return stream_.write(plain, to_wire); }
  bool ended() const noexcept override { return stream_.peer_closed(); }
  void finish(std::string& to_wire) override { stream_.close(to_wire); }
  std::string detail() const override { return stream_.detail(); }

 private:
  core::TlsStream stream_;
};

/// Of options that cannot work: never starts.
class NoTls final : public ByteFilter {
 public:
  explicit NoTls(core::TlsError error) : error_(std::move(error)) {}

  std::error_code start(std::string&) override { return error_.code; }
  bool ready() const noexcept override { return false; }
  std::error_code from_wire(std::span<const char>, std::string&, std::string&) override { return error_.code; }
  std::error_code to_wire(std::string_view, std::string&) override { return error_.code; }
  std::string detail() const override { return error_.detail; }

 private:
  core::TlsError error_;
};

struct Factory {
  core::TlsClientOptions options;
  std::optional<core::TlsContext> context{};

  std::unique_ptr<ByteFilter> make(const Url& url) {
    if (!context) {
      auto made = core::TlsContext::client(options);
      if (!made) return std::make_unique<NoTls>(std::move(made.error()));
      context = std::move(*made);
    }
    return std::make_unique<TlsFilter>(*context, url.host);
  }
};

}  // namespace

std::function<std::unique_ptr<ByteFilter>(const Url&)> tls_filters(core::TlsClientOptions options) {
  return [factory = std::make_shared<Factory>(Factory{std::move(options)})](const Url& url) { return factory->make(url); };
}

}  // namespace phx::net
