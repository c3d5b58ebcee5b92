// <phx/qt.hpp> on Qt's loop, against the stub server of the client's tests.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <QtCore/QCoreApplication>
#include <QtCore/QElapsedTimer>
#include <QtCore/QEventLoop>
#include <QtCore/QJsonArray>
#include <QtCore/QThread>
#include <QtCore/QTimer>

#include <phx/qt.hpp>

#include "stub_server.hpp"

namespace phx::test {
namespace {

class QtClient : public testing::Test {
 protected:
  QtClient() : app_(argc_, argv_) {}
  /// What a socket's thread let go of last is deleted by the loop, which runs no more.
  ~QtClient() override { QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete); }

  QString url() { return QString::fromStdString(server_.url()); }
  /// Runs the loop until then; false after 20 s.
  bool until(const std::function<bool()>& reached) {
    QElapsedTimer elapsed;
    elapsed.start();
    while (!reached() && elapsed.elapsed() < 20'000) QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 20'000);
    return reached();
  }
  qt::Reply ended(QFuture<qt::Reply> future) {
    bool done = false;
    QTimer wake;  // a failure ends instead of waiting for an event that never comes
    wake.start(1000);
    future.then(&app_, [&](const qt::Reply&) { done = true; });
    EXPECT_TRUE(until([&] { return done; }));
    return future.result();
  }

  int argc_ = 1;
  char name_[5] = "test";
  char* argv_[2] = {name_, nullptr};
  QCoreApplication app_;
  StubServer server_;
};

TEST_F(QtClient, SignalsAndFuturesArriveOnTheThreadOfTheLoop) {
  qt::Socket socket(url());
  auto* room = socket.channel("room:lobby", {{"a", 1}});
  std::vector<QThread*> threads;
  std::vector<std::string> heard;
  QObject::connect(&socket, &qt::Socket::opened, [&] { threads.push_back(QThread::currentThread()); });
  QObject::connect(room, &qt::Channel::message, [&](const QString& event, const qt::Payload& payload) {
    threads.push_back(QThread::currentThread());
    heard.push_back((event + " " + payload.json["x"].toString()).toStdString());
  });
  socket.open();
  EXPECT_TRUE(ended(room->join()).ok());
  EXPECT_EQ(room->state(), client::ChannelState::joined);
  EXPECT_EQ(ended(room->push("echo", QJsonObject{{"n", 1.5}})).response.json["n"].toDouble(), 1.5);
  EXPECT_EQ(ended(room->push("refuse")).status, "error");
  room->push("shout", QJsonObject{{"x", "ö"}});
  ASSERT_TRUE(until([&] { return !heard.empty(); }));
  EXPECT_EQ(heard[0], "shout ö");
  for (auto* thread : threads) EXPECT_EQ(thread, app_.thread());
}

TEST_F(QtClient, PayloadsOfEveryKindTravel) {
  qt::Socket socket(url());
  auto* room = socket.channel("room:lobby");
  socket.open();
  room->join();
  const QByteArray bytes("\0\xff\x01", 3);
  const auto echoed = ended(room->pushBytes("echo", bytes)).response;
  EXPECT_TRUE(echoed.binary);
  EXPECT_EQ(echoed.bytes, bytes);
  for (const QJsonValue& value : {QJsonValue(3), QJsonValue("text"), QJsonValue(QJsonArray{1, "2"}), QJsonValue(QJsonValue::Null)})
    EXPECT_EQ(ended(room->push("echo", value)).response.json, value);
}

TEST_F(QtClient, FuturesEndWithTheirSocket) {
  QFuture<qt::Reply> waiting;
  {
    qt::Socket socket(url());  // never opened
    auto* room = socket.channel("room:lobby");
    room->join();
    waiting = room->push("echo");
    EXPECT_FALSE(waiting.isFinished());
  }
  EXPECT_EQ(ended(waiting).error, Errc::cancelled);
}

TEST_F(QtClient, ASlotMayDeleteTheSocket) {
  auto* socket = new qt::Socket(url());
  auto* room = socket->channel("room:lobby");
  bool deleted = false;
  QObject::connect(room, &qt::Channel::joined, &app_, [&] {
    delete socket;
    deleted = true;
  });
  socket->open();
  room->join();
  EXPECT_TRUE(until([&] { return deleted; }));
}

TEST_F(QtClient, WrongUseThrowsAtTheCall) {
  EXPECT_THROW(qt::Socket("no url"), std::invalid_argument);
  qt::Socket socket(url());
  EXPECT_THROW(socket.channel(""), std::invalid_argument);
  auto* room = socket.channel("room:lobby");
  EXPECT_THROW(room->push("early"), std::logic_error);
  room->join();
  EXPECT_THROW(room->join(), std::logic_error);
}

}  // namespace
}  // namespace phx::test
