#pragma once

#include <functional>
#include <memory>
#include <system_error>

#include <QtCore/QByteArray>
#include <QtCore/QFuture>
#include <QtCore/QJsonObject>
#include <QtCore/QJsonValue>
#include <QtCore/QObject>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <phx/client/options.hpp>

namespace phx::client {
class Socket;
}

/// The client for Qt programs: QObjects whose signals arrive on the thread that made them, as events of its loop. Guide: docs/qt.md.
/// Like all QObjects they are used and destroyed on their own thread, and never move to another.
namespace phx::qt {

/// Callbacks of any phx::client::Socket on the loop of the calling thread, which must have one.
client::Executor executor();

class Channel;
class Presence;

/// What a message or reply carries. Invalid JSON from the server: `json` is undefined.
struct Payload {
  QJsonValue json{QJsonValue::Undefined};
  QByteArray bytes{};  ///< of a binary one
  bool binary = false;
};

struct Reply {
  std::error_code error{};  ///< no answer; else status says what it is
  QString status{};
  Payload response{};
  bool ok() const { return !error && status == QLatin1String("ok"); }
};

class Socket : public QObject {
  Q_OBJECT

 public:
  /// Throws what phx::client::Socket throws. options.callback_executor is taken by the adapter.
  explicit Socket(const QString& url, client::SocketOptions options = {}, QObject* parent = nullptr);
  ~Socket() override;

  /// Keeps connecting after a loss until close().
  void open();
  void close();
  client::SocketState state() const;
  /// Owned by the socket; delete it to leave. Throws std::invalid_argument for an empty topic.
  Channel* channel(const QString& topic, const QJsonObject& params = {});
  /// For everything that has no Qt form: metrics, suspend, ping.
  client::Socket& native();

 Q_SIGNALS:
  void opened();
  void closed(int code, const QString& reason);
  void errorOccurred(const QString& message, bool final);
  void reconnecting(qint64 delayMs, int attempt);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Channel : public QObject {
  Q_OBJECT

 public:
  ~Channel() override;

  QString topic() const;
  client::ChannelState state() const;
  /// Joins, and rejoins by itself. The first answer is the future's, every one is a signal. Throws std::logic_error for a second join.
  QFuture<Reply> join();
  QFuture<Reply> leave();
  /// The future always ends; `.then(this, [](const phx::qt::Reply& reply) { ... })` runs on this thread. Throws std::logic_error before join().
  QFuture<Reply> push(const QString& event, const QJsonValue& payload = QJsonObject(), client::PushOptions options = {});
  QFuture<Reply> pushBytes(const QString& event, const QByteArray& payload, client::PushOptions options = {});
  /// Who is on the channel. Ask before join(). Owned by the channel.
  Presence* presence();

 Q_SIGNALS:
  /// Every message but replies.
  void message(const QString& event, const phx::qt::Payload& payload);
  void joined(const phx::qt::Payload& response);
  /// The join was refused (status, response) or not answered in time (status "timeout"); it is tried again.
  void joinFailed(const QString& status, const phx::qt::Payload& response);
  void closed();
  void stateChanged(phx::client::ChannelState state);

 private:
  friend class Socket;
  friend class Presence;
  struct Impl;
  Channel(Socket& socket, const QString& topic, const QJsonObject& params);
  std::unique_ptr<Impl> impl_;
};

class Presence : public QObject {
  Q_OBJECT

 public:
  ~Presence() override;
  /// Key -> {"metas": [...], what fetch/2 added}.
  QJsonObject list() const;
  QStringList keys() const;

 Q_SIGNALS:
  /// presence: the metas that came or went.
  void userJoined(const QString& key, const QJsonObject& presence);
  void userLeft(const QString& key, const QJsonObject& presence);
  void synced();

 private:
  friend class Channel;
  struct Impl;
  explicit Presence(Channel& channel);
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::qt
