// Issue 5: SIGKILL in the middle of things, on both databases. What was acknowledged is there after the restart, once: messages that 50 clients
// post, half over channels, half over REST; a game at the third move; notifications that wait in the job queue.
import { test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import WebSocket from "ws";
import { ask, bye, connect } from "./phoenix_client.mjs";
import { eventually, start } from "./server.mjs";

const clients = 50, enough = 500;

async function call(port, method, route, token, body) {
  const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(`http://127.0.0.1:${port}${route}`, { method, headers, body: body && JSON.stringify(body) });
  const json = await answer.json();
  assert.ok(answer.ok, `${method} ${route}: ${answer.status} ${JSON.stringify(json)}`);
  return json;
}

async function signUp(port, name) {
  const account = { email: `${name}@example.org`, name, password: "correct horse battery" };
  const { id } = (await call(port, "POST", "/api/v1/users", "", account)).data;
  return { id, token: (await call(port, "POST", "/api/v1/sessions", "", account)).data.token };
}

/** The official client, signed in. */
const connected = (port, { token }) => connect(port, { transport: WebSocket, params: { token } });

async function joined(socket, topic, params = {}) {
  const channel = socket.channel(topic, params);
  const [status, response] = await ask(channel.join());
  assert.equal(status, "ok", JSON.stringify(response));
  return { channel, response };
}

const aMinute = 60;  // messages of one user

/** Posts until the connection ends; `acknowledged` gets what the server has confirmed. */
async function overRest(port, token, name, acknowledged) {
  for (let n = 0; n < aMinute; ++n) {
    const content = `${name} ${n}`;
    try {
      await call(port, "POST", "/api/v1/rooms/1000/messages", token, { content });
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return;  // the server is gone
    }
    acknowledged(content);
  }
}

async function overChannel(port, token, name, acknowledged) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/socket/websocket?vsn=2.0.0&token=${token}`);
  ws.on("error", () => {});
  const said = new Map();
  let n = 0;
  const next = () => {
    const content = `${name} ${n}`;
    said.set(`m${n}`, content);
    ws.send(JSON.stringify(["1", `m${n++}`, "chat:1000", "new_message", { message: content }]));
  };
  ws.on("open", () => ws.send(JSON.stringify(["1", "join", "chat:1000", "phx_join", {}])));
  ws.on("message", (data) => {
    const [, ref, , event, payload] = JSON.parse(data);
    if (event !== "phx_reply") return;
    if (said.has(ref) && payload.status === "ok") acknowledged(said.get(ref));
    if (payload.status === "ok" && n < aMinute) next();
  });
  await once(ws, "close");
}

async function allMessages(port, token) {
  const out = [];
  for (let after = ""; ; ) {
    const page = await call(port, "GET", `/api/v1/rooms/1000/messages?limit=100${after}`, token);
    out.push(...page.data.map((m) => m.content));
    if (!page.page.has_next) return out;
    after = `&after=${encodeURIComponent(page.page.end)}`;
  }
}

async function losesNoMessage({ serve }) {
  let server = await serve();
  const tokens = await Promise.all(Array.from({ length: clients }, async (_, i) => (await signUp(server.port, `client${i}`)).token));
  const token = tokens[0];
  await call(server.port, "POST", "/api/v1/rooms", token, { name: "engines" });
  const confirmed = [];
  let killed;
  const acknowledged = (content) => {
    confirmed.push(content);
    if (confirmed.length === enough) killed = server.stop("SIGKILL");
  };
  await Promise.all(Array.from({ length: clients }, (_, i) => (i % 2 ? overRest : overChannel)(server.port, tokens[i], `client ${i}:`, acknowledged)));
  await killed;
  assert.ok(confirmed.length >= enough);
  server = await serve();
  const stored = await allMessages(server.port, token);
  assert.equal(new Set(stored).size, stored.length, "a message is there twice");
  const there = new Set(stored);
  assert.deepEqual(confirmed.filter((content) => !there.has(content)), []);
  assert.equal(await server.stop(), 0);
}

async function keepsAGame({ serve }) {
  let server = await serve();
  const players = [await signUp(server.port, "ada"), await signUp(server.port, "bob")];
  const made = (await call(server.port, "POST", "/api/v1/games", players[0].token, {})).data;
  const id = made.game.id;
  const seats = [made.player_token, (await call(server.port, "POST", `/api/v1/games/${id}/players`, players[1].token, {})).data.player_token];
  const sit = async () => {
    const sockets = await Promise.all(players.map((who) => connected(server.port, who)));
    const [x, o] = await Promise.all(sockets.map((socket, i) => joined(socket, `game:${id}`, { player_token: seats[i] })));
    return { sockets, x: x.channel, o: o.channel, state: o.response.game };
  };
  const move = async (channel, cell) => {
    const [status, response] = await ask(channel.push("make_move", { move: cell }));
    assert.equal(status, "ok", JSON.stringify(response));
    return response.game;
  };

  let table = await sit();
  await move(table.x, 0);
  await move(table.o, 4);
  const last = await move(table.x, 1);
  await server.stop("SIGKILL");
  await bye(...table.sockets);

  server = await serve();
  table = await sit();  // with the same seats
  assert.deepEqual(table.state, last);
  assert.deepEqual(table.state.board, ["X", "X", null, null, "O", null, null, null, null]);
  assert.deepEqual(await ask(table.x.push("make_move", { move: 2 })), ["error", { reason: "not_your_turn" }]);
  await move(table.o, 8);
  assert.equal((await move(table.x, 2)).winner, "X");
  await bye(...table.sockets);
  assert.equal(await server.stop(), 0);
}

async function deliversWhatWaits({ serve, hold, release }) {
  let server = await serve();
  const ada = await signUp(server.port, "ada"), bob = await signUp(server.port, "bob");
  await call(server.port, "POST", "/api/v1/friends", ada.token, { friend_id: bob.id });
  await call(server.port, "POST", "/api/v1/friends", bob.token, { friend_id: ada.id });
  hold();  // no worker gets a job: so they wait when the server dies
  const accepted = [];
  for (const message of ["one", "two"])
    accepted.push((await call(server.port, "POST", "/api/v1/notifications", ada.token, { user_id: bob.id, message })).data.id);
  let socket = await connected(server.port, ada);
  const own = (await joined(socket, `notifications:${ada.id}`)).channel;
  const [status, { id }] = await ask(own.push("send_notification", { user_id: bob.id, message: "three" }));
  assert.equal(status, "ok");
  accepted.push(id);
  await server.stop("SIGKILL");
  await bye(socket);

  server = await serve();
  const listed = async () => (await call(server.port, "GET", "/api/v1/notifications", bob.token)).data;
  assert.deepEqual((await listed()).map((n) => n.delivered_at), [null, null, null]);
  socket = await connected(server.port, bob);
  const [heard, hear, more] = eventually(20_000);
  const channel = (await joined(socket, `notifications:${bob.id}`)).channel;
  channel.on("new_notification", hear);
  release();
  const notes = [await heard(), await heard(), await heard()];
  assert.deepEqual(notes.map((n) => n.id).sort(), accepted.sort());
  assert.ok((await listed()).every((n) => n.delivered_at));
  assert.deepEqual(more, []);
  await bye(socket);
  assert.equal(await server.stop(), 0);
}

const stories = { "acknowledged messages are stored, once": losesNoMessage, "a game goes on where it was": keepsAGame, "queued notifications are delivered": deliversWhatWaits };

/** How to start the server on this database again and again. */
function server(database, dir) {
  writeFileSync(path.join(dir, "secret"), "s".repeat(64));
  return () => start("phx-server", "--port", "0", "--log-level", "error", "--database", database, "--secret-key-base-file", path.join(dir, "secret"));
}

for (const [name, story] of Object.entries(stories))
  test(`SQLite: ${name}`, async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), "phxkit-loss-"));
    const file = path.join(dir, "app.db");
    const sql = (text) => execFileSync("/usr/bin/python3", ["-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=20).executescript(sys.argv[2])", file, text]);
    const hold = () => sql("CREATE TRIGGER hold BEFORE UPDATE ON phx_jobs WHEN NEW.state = 'executing' BEGIN SELECT RAISE(IGNORE); END");
    await story({ serve: server(`sqlite:${file}`, dir), hold, release: () => sql("DROP TRIGGER hold") });
    rmSync(dir, { recursive: true });
  });

const postgres = ["15", "16", "17"].map((v) => `/usr/lib/postgresql/${v}/bin`).find(existsSync);
const as = process.getuid() === 0 ? ["runuser", "-u", "postgres", "--"] : ["env"];  // it refuses to run as root

async function withPostgres(dir, use) {
  chmodSync(dir, 0o777);
  execFileSync(as[0], [...as.slice(1), `${postgres}/initdb`, "-D", `${dir}/data`, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], { cwd: dir, stdio: "ignore" });
  const db = spawn(as[0], [...as.slice(1), `${postgres}/postgres`, "-D", `${dir}/data`, "-k", dir, "-c", "listen_addresses="], { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  await new Promise((resolve, reject) => {
    db.stderr.on("data", (text) => { log += text; if (log.includes("ready to accept connections")) resolve(); });
    db.on("exit", () => reject(new Error(log)));
  });
  try {
    await use();
  } finally {
    db.kill("SIGTERM");
    await once(db, "exit");
    rmSync(dir, { recursive: true });
  }
}

for (const [name, story] of Object.entries(stories))
  test(`PostgreSQL: ${name}`, { skip: !postgres && "no PostgreSQL server" }, async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), "phxkit-loss-"));
    const sql = (text) => execFileSync(as[0], [...as.slice(1), `${postgres}/psql`, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", dir, "-U", "postgres", "-c", text], { cwd: dir });
    const hold = () => sql(`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER hold BEFORE UPDATE ON phx_jobs FOR EACH ROW WHEN (NEW.state = 'executing') EXECUTE FUNCTION hold()`);
    await withPostgres(dir, () => story({ serve: server(`postgresql:///postgres?host=${dir}&user=postgres`, dir), hold, release: () => sql("DROP TRIGGER hold ON phx_jobs") }));
  });
