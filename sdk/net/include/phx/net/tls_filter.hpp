#pragma once

#include <functional>
#include <memory>

#include <phx/core/tls.hpp>
#include <phx/net/byte_filter.hpp>
#include <phx/net/url.hpp>

namespace phx::net {

/// Makes the TLS of connections to secure URLs. The connections of one factory resume each other's sessions. Files are read when
/// the first connection needs them, and again after a failure; what is wrong with them is the error of that connection.
/// Copies share their state: call them from one executor.
std::function<std::unique_ptr<ByteFilter>(const Url&)> tls_filters(core::TlsClientOptions options);

}  // namespace phx::net
