#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <stdlib.h>

#include "site.hpp"

namespace phx::server::test {
namespace {

namespace fs = std::filesystem;

class Static : public ::testing::Test {
 protected:
  Static() {
    std::string pattern = (fs::temp_directory_path() / "phxkit-static-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
    folder = pattern;
    fs::create_directories(folder / "public/css");
    write("secret.txt", "secret");
    write("public/app.js", "0123456789");
    write("public/css/a b.css", "css");
    write("public/.env", "secret");
    fs::create_symlink(folder / "secret.txt", folder / "public/link.txt");
  }
  ~Static() override { fs::remove_all(folder); }
  void write(const std::string& name, std::string_view text) const { std::ofstream(folder / name) << text; }

  Site site(std::vector<std::string> only = {}) const {
    const auto next = [](Conn conn) {
      conn.send_resp(404, "next plug");
      return conn;
    };
    return Site({plug::static_files({.at = "/static", .from = folder / "public", .only = std::move(only)}), next});
  }
  fs::path folder;
};

TEST_F(Static, ServesFilesWithTheirType) {
  const auto reply = site().get("/static/app.js");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "0123456789");
  EXPECT_EQ(reply.header("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(reply.header("cache-control"), "public");
  EXPECT_EQ(site().get("/static/css/a%20b.css").body, "css");
  EXPECT_EQ(site().request("POST", "/static/app.js").body, "next plug");
  EXPECT_EQ(site().get("/static").body, "next plug");
  EXPECT_EQ(site().get("/static/css").body, "next plug") << "a folder";
  EXPECT_EQ(site({"css"}).get("/static/app.js").body, "next plug");
  EXPECT_EQ(site().request("HEAD", "/static/app.js").header("content-length"), "10");
}

TEST_F(Static, NothingLeadsOutOfTheFolder) {  // attack list: path traversal
  for (const auto* path :
       {"/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static/css/%2e%2e/%2e%2e/secret.txt", "/static/..%2fsecret.txt",
        "/static/css%2f..%2f..%2fsecret.txt", "/static/..%5csecret.txt", "/static/app.js%00.txt", "/static/%ff"})
    EXPECT_EQ(site().get(path).status, 400) << path;
  EXPECT_EQ(site().get("/static/.env").body, "next plug");
  EXPECT_EQ(site().get("/static/link.txt").body, "next plug");
  EXPECT_EQ(site().get("/static//etc/passwd").body, "next plug");
}

TEST_F(Static, ConditionalGet) {
  const auto first = site().get("/static/app.js");
  const auto again = site().get("/static/app.js", {{"if-none-match", first.header("etag")}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(site().get("/static/app.js", {{"if-modified-since", first.header("last-modified")}}).status, 304);
}

TEST_F(Static, Ranges) {
  const auto range = [&](const std::string& value) { return site().get("/static/app.js", {{"range", value}}); };
  EXPECT_EQ(range("bytes=2-4").body, "234");
  EXPECT_EQ(range("bytes=2-4").status, 206);
  EXPECT_EQ(range("bytes=2-4").header("content-range"), "bytes 2-4/10");
  EXPECT_EQ(range("bytes=7-").body, "789");
  EXPECT_EQ(range("bytes=-3").body, "789");
  EXPECT_EQ(range("bytes=5-99").body, "56789");
  EXPECT_EQ(range("bytes=10-").status, 416);
  EXPECT_EQ(range("bytes=10-").header("content-range"), "bytes */10");
  for (const auto* whole : {"bytes=4-2", "bytes=0-1,3-4", "lines=1-2", "bytes=x-", "bytes=-"}) EXPECT_EQ(range(whole).status, 200) << whole;
  EXPECT_EQ(site().get("/static/app.js", {{"range", "bytes=2-4"}, {"if-range", "\"old\""}}).status, 200);
}

TEST_F(Static, LeavesLargeFilesToTheNextPlug) {  // design.md 7: a file is read whole
  const auto next = [](Conn conn) {
    conn.send_resp(404, "next plug");
    return conn;
  };
  const auto of = [&](std::size_t bytes) {
    return Site({plug::static_files({.at = "/static", .from = folder / "public", .max_bytes = bytes}), next}).get("/static/app.js").body;
  };
  EXPECT_EQ(of(10), "0123456789");
  EXPECT_EQ(of(9), "next plug");
}

struct FullPool final : BlockingExecutor {
  void submit(std::function<void()>) override { throw HttpError(503, "too busy"); }
};

TEST_F(Static, AFullPoolIsNoFile) {  // design.md 7: what waits for the pool is bounded
  Peer peer({plug::static_files({.at = "/static", .from = folder / "public"})});
  FullPool pool;
  peer.shard().set_blocking_executor(&pool);
  peer.send("GET /static/app.js HTTP/1.1\r\nhost: x\r\n\r\n");
  EXPECT_EQ(status_of(peer.take()), 503);
}

TEST_F(Static, NeedsAFolder) { EXPECT_THROW(plug::static_files({.from = folder / "none"}), std::invalid_argument); }

}  // namespace
}  // namespace phx::server::test
