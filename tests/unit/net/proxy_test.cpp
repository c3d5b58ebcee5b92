// Proxies: URLs, the environment, and both protocols as dialogues. RFC 9110 9.3.6, RFC 7617, RFC 1928, RFC 1929.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include <phx/net/proxy_core.hpp>

namespace phx::net {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = ProxyOptions::Kind;

// --- URLs ---

ProxyOptions parsed(std::string_view url) {
  std::string why;
  auto proxy = parse_proxy(url, why);
  EXPECT_TRUE(proxy) << url << ": " << why;
  return proxy.value_or(ProxyOptions{});
}
std::string refused(std::string_view url) {
  std::string why;
  EXPECT_FALSE(parse_proxy(url, why)) << url;
  EXPECT_FALSE(why.empty()) << url;
  return why;
}

TEST(NetProxyUrl, TakesPartsAndDefaults) {
  EXPECT_EQ(parsed("http://proxy.example:3128"), (ProxyOptions{Kind::http, "proxy.example", 3128, "", ""}));
  EXPECT_EQ(parsed("http://ada:s%40cret%3A@proxy:3128/"), (ProxyOptions{Kind::http, "proxy", 3128, "ada", "s@cret:"}));
  EXPECT_EQ(parsed("proxy:80"), (ProxyOptions{Kind::http, "proxy", 80, "", ""}));
  EXPECT_EQ(parsed("http://proxy").port, 8080);
  EXPECT_EQ(parsed("http://proxy:80").port, 80);
  EXPECT_EQ(parsed("socks5://ada:pw@[::1]"), (ProxyOptions{Kind::socks5, "::1", 1080, "ada", "pw"}));
  EXPECT_EQ(parsed("SOCKS5H://127.0.0.1:9050"), (ProxyOptions{Kind::socks5, "127.0.0.1", 9050, "", ""}));
  EXPECT_EQ(parsed("http://ada@proxy").password, "");
}

TEST(NetProxyUrl, GoesBackToText) {
  for (const std::string url : {"http://ada:s%40cret%3A@proxy:3128", "socks5h://[::1]:1080", "http://proxy:8080"}) {
    EXPECT_EQ(parsed(url).url(), url);
    EXPECT_EQ(parsed(parsed(url).url()), parsed(url));
  }
  EXPECT_EQ(parsed("socks5://ada:secret@[::1]").authority(), "[::1]:1080");
}

TEST(NetProxyUrl, RefusesWhatIsNoneAndQuotesNoSecret) {
  for (const std::string url : {"", "http://", "https://proxy:1", "socks4://proxy:1", "ftp://proxy", "http://proxy:0", "http://proxy:65536",
                                "http://proxy/path", "http://proxy?x", "http://a b", "http://:80", "http://proxy:3128:1"})
    refused(url);
  const std::string long_user(256, 'x');
  for (const std::string url : {"http://ada:hunter2%4@proxy", "http://ada:hunter2%zz@proxy", "http://a%3Ab:hunter2@proxy",
                                "http://ada:hunter2@", "socks5://:hunter2@proxy", "ssh://ada:hunter2@proxy"})
    EXPECT_THAT(refused(url), Not(HasSubstr("hunter2"))) << url;
  refused("socks5://" + long_user + ":p@proxy");
}

// --- the environment ---

struct Variables {
  std::map<std::string, std::string> values;
  std::string proxy_for(const std::string& url, std::string* why = nullptr) const {
    std::string reason;
    const auto proxy = proxy_from_environment(
        *parse_url(url),
        [this](const char* name) {
          const auto found = values.find(name);
          return found == values.end() ? nullptr : found->second.c_str();
        },
        reason);
    if (why) *why = reason;
    return proxy ? proxy->host : "";
  }
};

TEST(NetProxyEnvironment, TheSchemesVariableComesBeforeTheGeneralOne) {
  const Variables all{{{"https_proxy", "http://secure:1"}, {"http_proxy", "http://plain:1"}, {"ALL_PROXY", "socks5://any"}}};
  EXPECT_EQ(all.proxy_for("wss://h"), "secure");
  EXPECT_EQ(all.proxy_for("ws://h"), "plain");
  EXPECT_EQ((Variables{{{"ALL_PROXY", "socks5://any"}}}.proxy_for("ws://h")), "any");
  EXPECT_EQ((Variables{{{"HTTPS_PROXY", "upper"}, {"https_proxy", "lower"}}}.proxy_for("wss://h")), "lower");
  EXPECT_EQ((Variables{{{"HTTPS_PROXY", "upper"}, {"https_proxy", ""}}}.proxy_for("wss://h")), "upper");
  EXPECT_EQ((Variables{{{"HTTP_PROXY", "http://header:1"}}}.proxy_for("ws://h")), "") << "may come from a request header";
  EXPECT_EQ(Variables{}.proxy_for("wss://h"), "");
}

TEST(NetProxyEnvironment, NoProxyNamesHostsAndWhatIsUnderThem) {
  const auto direct = [](const std::string& list, const std::string& url) {
    return Variables{{{"ALL_PROXY", "proxy:1"}, {"NO_PROXY", list}}}.proxy_for(url).empty();
  };
  EXPECT_TRUE(direct("*", "ws://h"));
  EXPECT_TRUE(direct("a, example.com", "ws://example.com"));
  EXPECT_TRUE(direct("example.com", "ws://deep.api.example.com"));
  EXPECT_TRUE(direct(".example.com", "ws://api.example.com"));
  EXPECT_TRUE(direct("EXAMPLE.com", "ws://example.COM"));
  EXPECT_TRUE(direct("127.0.0.1,::1", "ws://[::1]:4000"));
  EXPECT_TRUE(direct("[::1]", "ws://[::1]:4000"));
  EXPECT_TRUE(direct("localhost:4000", "ws://localhost:4000"));
  EXPECT_FALSE(direct("localhost:4000", "ws://localhost:4001"));
  EXPECT_FALSE(direct("example.com", "ws://notexample.com"));
  EXPECT_FALSE(direct("example.com", "ws://example.com.evil"));
  EXPECT_FALSE(direct(",, ", "ws://h"));
}

TEST(NetProxyEnvironment, SaysWhichVariableCannotBeUsed) {
  std::string why;
  EXPECT_EQ((Variables{{{"ALL_PROXY", "gopher://x:hunter2@y"}}}.proxy_for("ws://h", &why)), "");
  EXPECT_THAT(why, testing::StartsWith("ALL_PROXY: "));
  EXPECT_THAT(why, Not(HasSubstr("hunter2")));
}

// --- dialogues ---

struct Dialogue {
  explicit Dialogue(const std::string& proxy, std::string host = "example.com", std::uint16_t port = 443)
      : core(parsed(proxy), std::move(host), port) {
    const auto begun = core.start(out);
    result = begun ? "more" : core.detail();
  }
  /// What we say to this; `result`: "more", "connected" or the detail of the error.
  std::string hear(std::string_view bytes) {
    out.clear();
    const auto complete = core.feed(bytes, out);
    result = !complete ? core.detail() : *complete ? "connected" : "more";
    if (!complete) { EXPECT_EQ(complete.error(), Errc::proxy_failed); }
    return out;
  }

  ProxyCore core;
  std::string out, result;
};
std::string bytes(std::initializer_list<int> values, std::string_view text = {}, std::initializer_list<int> more = {}) {
  std::string all;
  for (const int value : values) all += static_cast<char>(value);
  all += text;
  for (const int value : more) all += static_cast<char>(value);
  return all;
}
const std::string bound = bytes({5, 0, 0, 1, 127, 0, 0, 1, 0x10, 0x20});

TEST(NetProxyHttp, AsksWithAndWithoutCredentials) {
  EXPECT_EQ(Dialogue("http://p").out, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
  EXPECT_EQ(Dialogue("http://ada:open%20sesame@p", "::1", 80).out,
            "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\nProxy-Authorization: Basic YWRhOm9wZW4gc2VzYW1l\r\n\r\n");
}

TEST(NetProxyHttp, AnswersOfTheProxy) {
  const auto answer = [](const std::string& text, const std::string& proxy = "http://p") {
    Dialogue d(proxy);
    EXPECT_EQ(d.hear(text), "");
    return d.result;
  };
  EXPECT_EQ(answer("HTTP/1.1 200 Connection established\r\n\r\n"), "connected");
  EXPECT_EQ(answer("HTTP/1.0 204\r\nContent-Length: 5\r\n\r\n"), "connected") << "RFC 9110 9.3.6: no body";
  EXPECT_EQ(answer("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), "connected");
  EXPECT_EQ(answer("HTTP/1.1 407 Nope\r\n\r\n"), "HTTP 407, it wants a user and a password");
  EXPECT_EQ(answer("HTTP/1.1 407 Nope\r\n\r\nbody", "http://a:b@p"), "HTTP 407, it does not take this user and password");
  EXPECT_EQ(answer("HTTP/1.1 403 Filtered\r\n\r\n"), "HTTP 403 Filtered");
  EXPECT_EQ(answer("HTTP/1.1 503 \x1b[31m\r\n\r\n"), "HTTP 503") << "nothing a terminal would obey";
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\n\r\nx"), "it sent bytes behind its answer");
  EXPECT_EQ(answer("SSH-2.0-x\r\n"), "its answer is no HTTP");
  EXPECT_EQ(answer("HTTP/1.1 2000 x\r\n\r\n"), "its answer is no HTTP");
  EXPECT_EQ(answer("HTTP/1.1 20\r\n\r\n"), "its answer is no HTTP");
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x')), "its answer has more than 16 KiB of headers");
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\n"), "more");
}

TEST(NetProxyHttp, InterimAnswersAreBounded) {
  Dialogue d("http://p");
  for (int i = 0; i < 1000 && d.result == "more"; ++i) d.hear("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(d.result, "its answer has more than 16 KiB of headers");
}

TEST(NetProxySocks, GivesNamesAndAddresses) {  // RFC 1928 4
  Dialogue name("socks5://p");
  EXPECT_EQ(name.out, bytes({5, 1, 0}));
  EXPECT_EQ(name.hear(bytes({5, 0})), bytes({5, 1, 0, 3, 11}, "example.com", {1, 0xbb}));
  EXPECT_EQ(name.hear(bound), "");
  EXPECT_EQ(name.result, "connected");
  EXPECT_EQ(Dialogue("socks5://p", "10.0.0.7", 80).hear(bytes({5, 0})), bytes({5, 1, 0, 1, 10, 0, 0, 7, 0, 80}));
  EXPECT_EQ(Dialogue("socks5://p", "::1", 80).hear(bytes({5, 0})), bytes({5, 1, 0, 4}, std::string(15, '\0'), {1, 0, 80}));
}

TEST(NetProxySocks, LogsIn) {  // RFC 1929
  Dialogue d("socks5://ada:sesame@p");
  EXPECT_EQ(d.out, bytes({5, 2, 0, 2}));
  EXPECT_EQ(d.hear(bytes({5, 2})), bytes({1, 3}, "ada", {6}) + "sesame");
  EXPECT_EQ(d.hear(bytes({1, 0})).substr(0, 4), bytes({5, 1, 0, 3}));
  d.hear(bound);
  EXPECT_EQ(d.result, "connected");
}

TEST(NetProxySocks, AnswersWithAddressesOfAnyType) {
  for (const auto& answer : {bytes({5, 0, 0, 3, 4}, "host", {0, 80}), bytes({5, 0, 0, 4}, std::string(16, 'x'), {0, 80}), bound}) {
    Dialogue d("socks5://p");
    d.hear(bytes({5, 0}));
    d.hear(answer.substr(0, answer.size() - 1));
    EXPECT_EQ(d.result, "more");
    d.hear(answer.substr(answer.size() - 1));
    EXPECT_EQ(d.result, "connected");
  }
}

TEST(NetProxySocks, SaysWhyItWasRefused) {
  const auto method = [](const std::string& proxy, const std::string& answer) {
    Dialogue d(proxy);
    d.hear(answer);
    return d.result;
  };
  EXPECT_EQ(method("socks5://p", bytes({5, 0xff})), "it wants a user and a password");
  EXPECT_EQ(method("socks5://a:b@p", bytes({5, 0xff})), "it takes no user and password");
  EXPECT_EQ(method("socks5://p", bytes({5, 2})), "it chose a way to log in that was not offered");
  EXPECT_EQ(method("socks5://p", "HTTP/1.1 400"), "it does not speak SOCKS5");
  EXPECT_EQ(method("socks5://a:b@p", bytes({5, 2, 1, 1})), "it does not take this user and password");
  EXPECT_EQ(method("socks5://p", bytes({5, 0, 5, 5})), "connection refused by the host (SOCKS code 5)");
  EXPECT_EQ(method("socks5://p", bytes({5, 0, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0})), "not allowed by its rules (SOCKS code 2)");
  EXPECT_EQ(method("socks5://p", bytes({5, 0, 5, 200})), "unknown refusal (SOCKS code 200)");
  EXPECT_EQ(method("socks5://p", bytes({5, 0, 5, 0, 0, 9, 0})), "its answer has an address of an unknown type");
  EXPECT_EQ(method("socks5://p", bytes({5, 0}) + bound + "x"), "it sent bytes behind its answer");
}

TEST(NetProxy, HostsThatDoNotFitAreRefusedBeforeAnythingIsSent) {
  for (const std::string proxy : {"http://p", "socks5://p"}) {
    for (const std::string& host : {std::string(), std::string(256, 'x'), std::string("a\r\nb"), std::string("a b")}) {
      const Dialogue d(proxy, host);
      EXPECT_EQ(d.result, "it cannot be given a host name like this");
      EXPECT_EQ(d.out, "");
    }
  }
}

TEST(NetProxy, AnswersMayComeSplitAtEveryPosition) {
  const std::string http = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\n";
  const std::string socks = bytes({5, 2, 1, 0}) + bound;
  for (const auto& [proxy, answer] : {std::pair(std::string("http://p"), http), std::pair(std::string("socks5://a:b@p"), socks)}) {
    Dialogue whole(proxy);
    const auto said = whole.hear(answer);
    EXPECT_EQ(whole.result, "connected");
    for (std::size_t at = 0; at <= answer.size(); ++at) {
      Dialogue d(proxy);
      std::string parts = d.hear(answer.substr(0, at));
      if (at < answer.size()) parts += d.hear(answer.substr(at));
      EXPECT_EQ(d.result, "connected") << at;
      EXPECT_EQ(parts, said) << at;
    }
  }
}

TEST(NetProxy, StaysRefused) {
  Dialogue d("socks5://p");
  d.hear(bytes({5, 0xff}));
  d.hear(bytes({5, 0}) + bound);
  EXPECT_EQ(d.result, "it wants a user and a password");
}

}  // namespace
}  // namespace phx::net
