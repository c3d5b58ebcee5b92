// A bare HTTP server on Boost.Beast, one thread: every request is parsed and answered from prepared bytes. What `./dev bench http` holds
// phx-server against. usage: beast_http [FILE]; `/api/v1/ping` is answered as phx-server does, any other path with the file.
// Prints the port when it listens.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const std::string& list) : stream_(std::move(socket)), list_(list) {
    stream_.socket().set_option(tcp::no_delay(true));
  }

  void read() {
    request_ = {};
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](beast::error_code ec, std::size_t) {
      if (!ec) self->answer();
    });
  }

 private:
  void answer() {
    response_ = {http::status::ok, request_.version()};
    response_.set(http::field::content_type, "application/json; charset=utf-8");
    response_.keep_alive(request_.keep_alive());
    response_.body() = request_.target() == "/api/v1/ping" ? R"({"pong":true})" : list_;
    response_.prepare_payload();
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code ec, std::size_t) {
      if (!ec && self->response_.keep_alive()) self->read();
    });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
  const std::string& list_;
};

void accept(tcp::acceptor& acceptor, const std::string& list) {
  acceptor.async_accept([&](beast::error_code ec, tcp::socket socket) {
    if (!ec) std::make_shared<Connection>(std::move(socket), list)->read();
    accept(acceptor, list);
  });
}

}  // namespace

int main(int argc, char** argv) {
  std::string list;
  if (argc > 1) {
    std::ifstream file(argv[1], std::ios::binary);
    if (!file) return std::cerr << "cannot read " << argv[1] << "\n", 1;
    list.assign(std::istreambuf_iterator<char>(file), {});
  }
  asio::io_context context(1);
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  accept(acceptor, list);
  std::cout << acceptor.local_endpoint().port() << std::endl;
  context.run();
}
