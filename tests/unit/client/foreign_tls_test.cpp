// The SDK over wss:// against TLS servers that are not ours (`openssl s_server`), directly and through a real proxy (tinyproxy): what must be
// accepted is, and what is refused says why. Issue 4, "To show"; RFC 6125, RFC 8446 6.2. In real time, with processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "support/certificates.hpp"

#include "support.hpp"

extern char** environ;

namespace phx::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A foreign program; ends with this.
class Program {
 public:
  explicit Program(std::vector<std::string> command) {
    std::array<int, 2> out{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::vector<char*> arguments;
    for (auto& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int failed = ::posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    output_ = out[0];
    if (failed != 0) throw std::runtime_error("cannot start " + command[0]);
  }
  ~Program() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(output_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// The rest of the first line that begins so.
  std::string line_after(const std::string& beginning) {
    std::string line;
    for (char c = 0; ::read(output_, &c, 1) == 1;) {
      if (c != '\n') {
        line += c;
      } else if (line.starts_with(beginning)) {
        return line.substr(beginning.size());
      } else {
        line.clear();
      }
    }
    throw std::runtime_error("the program ended without a line '" + beginning + "...'");
  }
  bool ended() { return ::waitpid(pid_, nullptr, WNOHANG) != 0; }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

/// Listens nowhere; connects to the port, or finds a free one (port 0: binds).
bool try_port(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool good =
      port == 0 ? ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0 : ::connect(fd, generic, size) == 0;
  port = ntohs(address.sin_port);
  ::close(fd);
  return good;
}

class ClientAndForeignTls : public testing::TestWithParam<bool> {  // through a proxy?
 protected:
  void SetUp() override {
    if (GetParam()) start_proxy();
  }

  /// With -www it answers every request with 200: the handshake has succeeded, and bytes went both ways, when a client hears that.
  void serve(const Identity& identity, std::vector<std::string> more = {}) {
    std::vector<std::string> command{
        "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", files_.add(identity.cert), "-key", files_.add(identity.key)};
    command.insert(command.end(), more.begin(), more.end());
    port_ = server_.emplace(command).line_after("ACCEPT 127.0.0.1:");
  }
  void serve_demanding(const std::string& version) {
    serve(authority_.issue(), {version, "-Verify", "1", "-verify_return_error", "-CAfile", files_.add(authority_.identity().cert)});
  }
  SocketOptions trusting() const {
    auto options = untrusting();
    options.tls.ca_pem = authority_.identity().cert;
    return options;
  }
  SocketOptions untrusting() const {
    auto options = eager();
    if (proxy_) options.proxy = "http://127.0.0.1:" + std::to_string(proxy_port_);
    return options;
  }
  SocketOptions showing(const Identity& identity) {
    auto options = trusting();
    options.tls.client_cert_file = files_.add(identity.cert);
    options.tls.client_key_file = files_.add(identity.key);
    return options;
  }
  ConnectionError first_error(const SocketOptions& options, const std::string& host = "127.0.0.1") const {
    Socket socket("wss://" + host + ":" + port_ + "/socket", options);
    Seen<ConnectionError> errors;
    const auto on_error = socket.on_error([&](const ConnectionError& e) { errors.add(e); });
    socket.connect();
    return errors.wait_for(1).front();
  }
  void expect_accepted(const SocketOptions& options, const std::string& host = "127.0.0.1") const {
    const auto error = first_error(options, host);
    EXPECT_EQ(error.http_status, 200) << error.message;
    EXPECT_EQ(error.code, Errc::handshake_refused) << error.message;
  }
  void expect_refused(const SocketOptions& options, const std::string& why, const std::string& host = "127.0.0.1") const {
    const auto error = first_error(options, host);
    EXPECT_EQ(error.code, Errc::tls_failed);
    EXPECT_EQ(error.http_status, 0);
    EXPECT_THAT(error.message, HasSubstr("cannot secure the connection to " + host + ":" + port_ + ": "));
    EXPECT_THAT(error.message, HasSubstr(why));
  }

  Authority authority_;
  PemFiles files_;

 private:
  void start_proxy() {
    for (int attempt = 0; attempt < 5; ++attempt) {
      proxy_port_ = 0;
      try_port(proxy_port_);
      proxy_.emplace(
          std::vector<std::string>{"tinyproxy", "-d", "-c",
                                   files_.add("Port " + std::to_string(proxy_port_) +
                                              "\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nAllow 127.0.0.1\nLogLevel Critical\n")});
      for (const auto limit = std::chrono::steady_clock::now() + 10s; !proxy_->ended() && std::chrono::steady_clock::now() < limit;) {
        if (try_port(proxy_port_)) return;
        std::this_thread::yield();
      }
    }
    FAIL() << "tinyproxy does not start";
  }

  std::optional<Program> proxy_, server_;
  std::uint16_t proxy_port_ = 0;
  std::string port_;
};
INSTANTIATE_TEST_SUITE_P(Way, ClientAndForeignTls, testing::Bool(),
                         [](const auto& way) { return std::string(way.param ? "ThroughAProxy" : "Directly"); });

TEST_P(ClientAndForeignTls, AGoodCertificateIsAcceptedByAddressAndByName) {
  serve(authority_.issue());
  expect_accepted(trusting());
  expect_accepted(trusting(), "localhost");
}

TEST_P(ClientAndForeignTls, AnExpiredCertificateAndOneOfTheFutureAreRefused) {
  serve(authority_.issue({.from_days = -3, .until_days = -1}));
  expect_refused(trusting(), "certificate of host 127.0.0.1: certificate has expired");
  serve(authority_.issue({.from_days = 1, .until_days = 3}));
  expect_refused(trusting(), "certificate of host 127.0.0.1: certificate is not yet valid");
}

TEST_P(ClientAndForeignTls, ACertificateOfAnotherHostIsRefused) {
  serve(authority_.issue({.alt_names = "DNS:other.example,IP:192.0.2.1"}));
  expect_refused(trusting(), "certificate of host 127.0.0.1: IP address mismatch");
  expect_refused(trusting(), "certificate of host localhost: hostname mismatch", "localhost");
  auto named = trusting();
  named.tls.server_name = "other.example";
  expect_accepted(named);
}

TEST_P(ClientAndForeignTls, ACertificateOfAnUnknownAuthorityIsRefused) {
  serve(Authority().issue());
  expect_refused(trusting(), "certificate of host 127.0.0.1: unable to get local issuer certificate");
  expect_refused(untrusting(), "certificate of host 127.0.0.1: unable to get local issuer certificate");
  auto careless = untrusting();
  careless.tls.verify = false;
  expect_accepted(careless);
}

TEST_P(ClientAndForeignTls, ASelfSignedCertificateIsRefusedUnlessItIsTheOneTrusted) {
  const auto own = self_signed();
  serve(own);
  expect_refused(trusting(), "certificate of host 127.0.0.1: self-signed certificate");
  auto options = untrusting();
  options.tls.ca_pem = own.cert;
  expect_accepted(options);
}

TEST_P(ClientAndForeignTls, AClientCertificateThatIsDemandedMustBeShown) {
  for (const char* version : {"-tls1_2", "-tls1_3"}) {  // in 1.3 the refusal comes after the client's side of the handshake
    SCOPED_TRACE(version);
    serve_demanding(version);
    expect_refused(trusting(), "the server demands a client certificate, and none is set");
    expect_refused(showing(Authority().issue()), "the server refuses the client certificate");
    expect_accepted(showing(authority_.issue()));
  }
}

TEST_P(ClientAndForeignTls, AnOldProtocolIsRefused) {
  serve(authority_.issue(), {"-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"});
  expect_refused(trusting(), "protocol version");
}

}  // namespace
}  // namespace phx::test
