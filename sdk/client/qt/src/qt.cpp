#include <phx/qt.hpp>

#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QMetaObject>
#include <QtCore/QPromise>
#include <QtCore/QThread>

#include <phx/client/async.hpp>
#include <phx/client/channel.hpp>
#include <phx/client/presence.hpp>
#include <phx/client/socket.hpp>

#include <vector>

namespace phx::qt {

namespace {

QString text(std::string_view utf8) { return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size())); }

/// Qt reads documents only, which are arrays and objects: any value is the one element of an array.
QJsonValue json(std::string_view value) {
  QByteArray wrapped("[");
  wrapped.append(value.data(), static_cast<qsizetype>(value.size())).append(']');
  const auto document = QJsonDocument::fromJson(wrapped);
  return document.isArray() && document.array().size() == 1 ? document.array().at(0) : QJsonValue(QJsonValue::Undefined);
}

Payload payload(const client::Payload& in) {
  const auto& data = in.text();
  if (in.is_binary()) return {.bytes = QByteArray(data.data(), static_cast<qsizetype>(data.size())), .binary = true};
  return {.json = json(data)};
}

client::Payload raw(const QJsonValue& value) {
  const QByteArray wrapped = QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact);
  return client::RawJson{wrapped.mid(1, wrapped.size() - 2).toStdString()};
}

QJsonObject object(const client::PresenceEntry& entry) {
  QJsonObject out = json(entry.fields).toObject();
  QJsonArray metas;
  for (const auto& meta : entry.metas) metas.append(json(meta.json));
  out.insert(QStringLiteral("metas"), metas);
  return out;
}

/// A future that always ends: with the first outcome, or `cancelled` when nobody can bring one any more.
class Answer {
 public:
  Answer() { promise_.start(); }
  ~Answer() { finish({.error = Errc::cancelled}); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  QFuture<Reply> future() { return promise_.future(); }
  void finish(Reply reply) {
    if (std::exchange(done_, true)) return;
    promise_.addResult(std::move(reply));
    promise_.finish();
  }

 private:
  QPromise<Reply> promise_;
  bool done_ = false;
};

Reply reply_of(const client::Reply& in) { return {.status = text(in.status), .response = payload(in.response)}; }

auto finisher(std::shared_ptr<Answer> answer) {
  return [answer = std::move(answer)](std::error_code error, const client::Reply& reply) {
    answer->finish(error ? Reply{.error = error} : reply_of(reply));
  };
}

QFuture<Reply> pushed(client::Channel& channel, const QString& event, client::Payload payload, client::PushOptions options) {
  const auto answer = std::make_shared<Answer>();
  auto future = answer->future();
  channel.async_push(event.toStdString(), std::move(payload), std::move(options), finisher(answer));
  return future;
}

}  // namespace

client::Executor executor() {
  // Lives as long as somebody may post, whatever becomes of the QObjects around it.
  const std::shared_ptr<QObject> context(new QObject, [](QObject* dying) {
    if (dying->thread() == QThread::currentThread())
      delete dying;
    else
      dying->deleteLater();
  });
  return [context](std::function<void()> task) { QMetaObject::invokeMethod(context.get(), std::move(task), Qt::QueuedConnection); };
}

struct Socket::Impl {
  client::Socket socket;
  std::vector<client::Subscription> handlers{};
};

Socket::Socket(const QString& url, client::SocketOptions options, QObject* parent) : QObject(parent) {
  options.callback_executor = executor();
  impl_.reset(new Impl{client::Socket(url.toStdString(), std::move(options))});
  auto& socket = impl_->socket;
  auto& handlers = impl_->handlers;
  handlers.push_back(socket.on_open([this] { Q_EMIT opened(); }));
  handlers.push_back(socket.on_close([this](const client::ConnectionClosed& c) { Q_EMIT closed(c.code, text(c.reason)); }));
  handlers.push_back(socket.on_error([this](const client::ConnectionError& e) { Q_EMIT errorOccurred(text(e.message), e.final); }));
  handlers.push_back(socket.on_reconnecting([this](const client::Reconnecting& r) {
    Q_EMIT reconnecting(std::chrono::ceil<std::chrono::milliseconds>(r.delay).count(), static_cast<int>(r.attempt));
  }));
}

Socket::~Socket() { qDeleteAll(findChildren<Channel*>(Qt::FindDirectChildrenOnly)); }  // before their connection

void Socket::open() { impl_->socket.connect(); }
void Socket::close() { impl_->socket.disconnect(); }
client::SocketState Socket::state() const { return impl_->socket.state(); }
client::Socket& Socket::native() { return impl_->socket; }
Channel* Socket::channel(const QString& topic, const QJsonObject& params) { return new Channel(*this, topic, params); }

struct Channel::Impl {
  client::Channel channel;
  Presence* presence = nullptr;
  std::vector<client::Subscription> handlers{};
};

Channel::Channel(Socket& socket, const QString& topic, const QJsonObject& params)
    : impl_(new Impl{socket.native().channel(topic.toStdString(), raw(params))}) {
  setParent(&socket);
  auto& channel = impl_->channel;
  auto& handlers = impl_->handlers;
  handlers.push_back(channel.on_message([this](const client::Message& m) {
    if (!m.event.starts_with("phx_")) Q_EMIT message(text(m.event), payload(m.payload));
  }));
  handlers.push_back(channel.on_close([this] { Q_EMIT closed(); }));
  handlers.push_back(channel.on_state([this](client::ChannelState state) { Q_EMIT stateChanged(state); }));
}

Channel::~Channel() {
  delete impl_->presence;
  impl_->presence = nullptr;
}

QString Channel::topic() const { return text(impl_->channel.topic()); }
client::ChannelState Channel::state() const { return impl_->channel.state(); }

QFuture<Reply> Channel::join() {
  const auto answer = std::make_shared<Answer>();
  auto push = impl_->channel.join();
  push.receive("ok", [this, answer](const client::Reply& reply) {
    answer->finish(reply_of(reply));
    Q_EMIT joined(payload(reply.response));
  });
  push.on_failure([answer](std::error_code error) { answer->finish({.error = error}); });
  for (const char* status : {"error", "timeout"})
    push.receive(status, [this, answer](const client::Reply& reply) {
      answer->finish(reply_of(reply));
      Q_EMIT joinFailed(text(reply.status), payload(reply.response));
    });
  return answer->future();
}

QFuture<Reply> Channel::leave() {
  const auto answer = std::make_shared<Answer>();
  impl_->channel.async_leave(finisher(answer));
  return answer->future();
}

QFuture<Reply> Channel::push(const QString& event, const QJsonValue& value, client::PushOptions options) {
  return pushed(impl_->channel, event, raw(value), std::move(options));
}

QFuture<Reply> Channel::pushBytes(const QString& event, const QByteArray& bytes, client::PushOptions options) {
  return pushed(impl_->channel, event, client::Bytes{bytes.toStdString()}, std::move(options));
}

Presence* Channel::presence() {
  if (!impl_->presence) impl_->presence = new Presence(*this);
  return impl_->presence;
}

struct Presence::Impl {
  client::Presence presence;
  std::vector<client::Subscription> handlers{};
};

Presence::Presence(Channel& channel) : impl_(new Impl{client::Presence(channel.impl_->channel)}) {
  auto& presence = impl_->presence;
  auto& handlers = impl_->handlers;
  handlers.push_back(
      presence.on_join([this](const client::PresenceJoined& j) { Q_EMIT userJoined(text(j.presence.key), object(j.presence)); }));
  handlers.push_back(
      presence.on_leave([this](const client::PresenceLeft& l) { Q_EMIT userLeft(text(l.presence.key), object(l.presence)); }));
  handlers.push_back(presence.on_sync([this] { Q_EMIT synced(); }));
}

Presence::~Presence() = default;

QJsonObject Presence::list() const {
  QJsonObject out;
  for (const auto& entry : impl_->presence.list()) out.insert(text(entry.key), object(entry));
  return out;
}

QStringList Presence::keys() const {
  QStringList out;
  for (const auto& entry : impl_->presence.list()) out.append(text(entry.key));
  return out;
}

}  // namespace phx::qt
