#include "proxy_tunnel.hpp"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

namespace phx::net {

namespace asio = boost::asio;

void ProxyTunnel::start(Done done) {
  done_ = std::move(done);
  if (const auto begun = core_.start(out_); !begun) return finish(tl::unexpected(ProxyFailure{begun.error(), core_.detail()}));
  write();
}

void ProxyTunnel::cancel() {
  done_ = nullptr;
  boost::system::error_code ignored;  // nobody waits for this socket
  socket_.close(ignored);
}

void ProxyTunnel::write() {
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
    if (!self->done_) return;
    if (error) return self->finish(tl::unexpected(ProxyFailure{error, error.message()}));
    self->out_.clear();
    self->read();
  });
}

void ProxyTunnel::read() {
  socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](const boost::system::error_code& error, std::size_t n) {
    if (self->done_) self->on_read(error, n);
  });
}

void ProxyTunnel::on_read(const boost::system::error_code& error, std::size_t n) {
  if (error == asio::error::eof) return finish(tl::unexpected(ProxyFailure{Errc::connection_closed, "it closed the connection"}));
  if (error) return finish(tl::unexpected(ProxyFailure{error, error.message()}));
  const auto complete = core_.feed({in_.data(), n}, out_);
  if (!complete) return finish(tl::unexpected(ProxyFailure{complete.error(), core_.detail()}));
  if (*complete) return finish(std::move(socket_));
  if (out_.empty()) return read();
  write();
}

void ProxyTunnel::finish(tl::expected<Socket, ProxyFailure> result) { std::exchange(done_, nullptr)(std::move(result)); }

}  // namespace phx::net
