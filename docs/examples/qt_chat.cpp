// The chat for Qt programs: signals and futures on the event loop, no thread in sight. docs/qt.md explains it.
#include <phx/qt.hpp>

#include <QtCore/QCoreApplication>
#include <QtCore/QTextStream>

int main(int argc, char** argv) {
  QCoreApplication app(argc, argv);
  QTextStream out(stdout);
  phx::qt::Socket socket(app.arguments().value(1, QStringLiteral("ws://127.0.0.1:4000/socket")));
  phx::qt::Channel* room = socket.channel(QStringLiteral("chat:lobby"), {{QStringLiteral("name"), QStringLiteral("Quinn")}});
  phx::qt::Presence* presence = room->presence();

  QObject::connect(presence, &phx::qt::Presence::synced, &app, [&] { out << presence->keys().size() << " here" << Qt::endl; });
  QObject::connect(room, &phx::qt::Channel::message, &app, [&](const QString& event, const phx::qt::Payload& payload) {
    if (event != QLatin1String("new_message")) return;
    out << "heard " << payload.json[QStringLiteral("message")].toString() << Qt::endl;
    room->leave().then(&app, [](const phx::qt::Reply&) { QCoreApplication::quit(); });
  });
  QObject::connect(room, &phx::qt::Channel::joinFailed, &app, [](const QString&, const phx::qt::Payload&) { QCoreApplication::exit(1); });

  socket.open();
  room->join();
  room->push(QStringLiteral("ping"), QJsonObject{{QStringLiteral("hello"), QStringLiteral("world")}})
      .then(&app, [&](const phx::qt::Reply& reply) {
        out << reply.status << ' ' << reply.response.json[QStringLiteral("hello")].toString() << Qt::endl;
        room->push(QStringLiteral("new_message"), QJsonObject{{QStringLiteral("message"), QStringLiteral("hi")}});
      });
  return QCoreApplication::exec();
}
