// What a TLS server reads from strangers. First byte: size of the pieces. Keys are made once; nothing is compared between runs,
// because a handshake is random.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/tls.hpp>

#include "support/certificates.hpp"

#include "invariant.hpp"

using namespace phx;

namespace {

const core::TlsContext& context() {
  static const core::TlsContext made = [] {
    test::PemFiles files;
    const auto identity = test::self_signed();
    return core::TlsContext::server({.cert_file = files.add(identity.cert), .key_file = files.add(identity.key)}).value();
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = std::max<std::size_t>(1, data[0]);
  auto stream = core::TlsStream::server(context());
  std::string plain, out;
  std::error_code error;
  for (std::size_t at = 0; at < bytes.size() && !error; at += piece) error = stream.feed(bytes.substr(at, piece), plain, out);
  PHX_INVARIANT(plain.empty());    // a stranger who cannot finish a handshake is not heard
  PHX_INVARIANT(!stream.ready());  // it would have to know our half of the key exchange
  PHX_INVARIANT(error.value() == 0 || !stream.detail().empty());
  PHX_INVARIANT(out.size() < 64 * 1024);
  if (error) PHX_INVARIANT(stream.feed({}, plain, out) == error);
  if (!error) PHX_INVARIANT(stream.wire_ended() == Errc::tls_failed);
  return 0;
}
