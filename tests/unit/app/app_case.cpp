#include "unit/app/app_case.hpp"

#include <algorithm>

#include "app/web/router.hpp"
#include "support/postgres_server.hpp"
#include "unit/server_endpoint/client.hpp"

namespace phx::app {

using namespace server;

namespace {

std::string new_database(Dialect dialect) {
  if (dialect == Dialect::sqlite) return "sqlite::memory:";
  static int count = 0;
  auto& postgres = phx::test::PostgresServer::shared();
  const auto name = "app_" + std::to_string(++count);
  Repo({.url = postgres.url("postgres")}).execute("CREATE DATABASE " + name);
  return postgres.url(name);
}

}  // namespace

AppCase::AppCase(std::vector<std::string> cors_origins) {
  options.cors_origins = std::move(cors_origins);
  options.repo.url = new_database(GetParam());
  options.secret_key_base = "a secret of the tests, 64 bytes long: 0123456789abcdefghijklmnopqrstuvwxyz";
  options.password_cost = {.memory_kib = 64, .passes = 1};
  options.on_job_error = [](std::string_view what) { ADD_FAILURE() << what; };
  app = std::make_unique<Application>(options);
  app->migrate();
}

User AppCase::user(const std::string& name) {
  return contexts().accounts.register_user(obj("email", name + "@example.org", "name", name, "password", good_password)).value();
}

User AppCase::admin(const std::string& name) {
  const auto made = user(name);
  return contexts().accounts.grant_role(made.email, "admin").value();
}

std::string AppCase::token(const User& user) { return contexts().accounts.log_in(user.email, good_password).value().token; }

ChannelCase::ChannelCase() {
  shard.set_blocking_executor(&executor);
  shard.set_now(now);
  contexts().pubsub.attach(shard);
  handler = std::make_unique<ChannelSocketHandler>(app->user_socket(), contexts().pubsub);
}

void ChannelCase::run() {
  for (int turn = 0; turn < 8; ++turn) shard.run();
}

void ChannelCase::advance(Duration time) {
  now += time;
  shard.set_now(now);
  run();
}

ChannelCase::Peer::Peer(ChannelCase& world, const Json& params, const ConnectInfo& info) : world_(world), outbox_(world.shard.dirty()) {
  auto session = world.handler->connect({params, info, "websocket", &core::v2_serializer()}, world.shard);
  if (!session) return;
  session_ = std::move(*session);
  session_->init(*this, world.now);
}

void ChannelCase::Peer::close(std::uint16_t code, std::string_view) {
  closed = code;
  session_->terminate(CloseCause::local_close, world_.now);
}

void ChannelCase::Peer::cut() {
  session_->terminate(CloseCause::connection_lost, world_.now);
  world_.run();
}

void ChannelCase::Peer::read() {
  world_.run();
  std::string bytes;
  for (const Slice& slice : outbox_.slices()) bytes += slice.view();
  outbox_.consume(outbox_.bytes());
  const auto limits = core::ws::Limits::unlimited();
  core::ws::Decoder decoder(core::ws::Role::client, limits, false);
  decoder.feed(bytes);
  while (const auto event = decoder.next())
    if (const auto* message = std::get_if<core::ws::MessageEvent>(&*event)) inbox_.push_back(parse_json(message->data).value());
}

Json ChannelCase::Peer::ask(const std::string& topic, const std::string& event, const Json& payload) {
  const std::string ref = std::to_string(++ref_);
  session_->handle_in(Opcode::text, Json::array({topic, ref, topic, event, payload}).dump(), world_.now);  // the topic is its join_ref
  read();
  const auto is_reply = [&](const Json& m) { return m[1] == ref && m[3] == "phx_reply"; };
  const auto found = std::ranges::find_if(inbox_, is_reply);
  if (found == inbox_.end()) return Json();
  Json reply = (*found)[4];
  inbox_.erase(found);
  return reply;
}

std::vector<Json> ChannelCase::Peer::events(const std::string& event) {
  read();
  std::vector<Json> out;
  std::erase_if(inbox_, [&](const Json& m) {
    if (m[3] != event) return false;
    out.push_back(m[4]);
    return true;
  });
  return out;
}

Json ChannelCase::Peer::event(const std::string& name) {
  const auto all = events(name);
  return all.empty() ? Json() : all.front();
}

std::string Answer::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

RestCase::RestCase(std::vector<std::string> cors_origins) : AppCase(std::move(cors_origins)), document_(openapi()) {
  EndpointOptions endpoint_options;
  endpoint_options.workers = 1;
  endpoint_options.drain.shutdown = 1s;
  endpoint = std::make_unique<Endpoint>(app->endpoint_options(std::move(endpoint_options)));
  app->start(*endpoint);
  if (!endpoint->start()) throw std::runtime_error("the endpoint did not start");
}

RestCase::~RestCase() {
  endpoint->stop();
  app->stop();
}

std::string RestCase::raw(const std::string& bytes) {
  server::test::Client client(endpoint->port());
  client.send(bytes);
  return client.read_all();
}

Answer RestCase::request(const std::string& method, const std::string& path, const std::string& bearer, const Json& body,
                         const HeaderList& headers) {
  std::string head = method + " " + path + " HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\naccept: application/json\r\n";
  if (!bearer.empty()) head += "authorization: Bearer " + bearer + "\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  const std::string text = body.is_null() ? "" : body.dump();
  if (!text.empty()) head += "content-type: application/json\r\ncontent-length: " + std::to_string(text.size()) + "\r\n";
  const std::string bytes = raw(head + "\r\n" + text);
  Answer out;
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return ADD_FAILURE() << method << " " << path << " got: " << bytes, out;
  out.status = std::stoi(bytes.substr(9, 3));
  for (auto at = bytes.find("\r\n"); at < end; at = bytes.find("\r\n", at + 2)) {
    const auto colon = bytes.find(": ", at), stop = bytes.find("\r\n", at + 2);
    if (colon < stop) out.headers.emplace_back(bytes.substr(at + 2, colon - at - 2), bytes.substr(colon + 2, stop - colon - 2));
  }
  if (end + 4 < bytes.size()) out.json = parse_json(bytes.substr(end + 4)).value_or(Json("no JSON"));
  EXPECT_EQ(disagreement(document_, method, path, out), "") << method << " " << path << " " << out.status << " " << out.json.dump();
  if (out.status >= 400) return out;
  Json sent = body;
  if (sent.is_object())
    for (const auto& name : undocumented) sent.erase(name);
  EXPECT_EQ(request_disagreement(document_, method, path, sent), "") << method << " " << path << " " << body.dump();
  if (out.status == 201) follow_location(out, bearer, headers);
  return out;
}

void RestCase::follow_location(const Answer& made, const std::string& bearer, const HeaderList& headers) {
  const bool cookie = std::ranges::any_of(headers, [](const auto& header) { return header.first == "cookie"; });
  const std::string who = bearer.empty() && !cookie ? made.data().value("token", "") : bearer;  // of a login: its own token
  if (who.empty() && !cookie) return;
  const auto location = made.header("location");
  EXPECT_EQ(request("GET", location, who, Json(), headers).status, 200) << "location: " << location;
}

}  // namespace phx::app
