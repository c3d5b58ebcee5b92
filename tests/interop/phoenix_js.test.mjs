// The official phoenix client in Node against phx-server: what it does with a real Phoenix it must do with ours.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { Presence } from "phoenix";
import WebSocket from "ws";
import * as phoenix from "./phoenix_client.mjs";
import { start, eventually } from "./server.mjs";

const { ask, bye } = phoenix;

let server;
before(async () => { server = await start("phx-server", "--port", "0"); });
after(async () => { await server.stop(); });

const connect = (port, params = {}) => phoenix.connect(port, { transport: WebSocket, params });

test("joins, pushes and gets the reply (A1.2)", async () => {
  const socket = await connect(server.port);
  const room = socket.channel("room:lobby", {});
  assert.deepEqual(await ask(room.join()), ["ok", {}]);
  assert.deepEqual(await ask(room.push("ping", { n: 1, text: "zażółć 😀" })), ["ok", { n: 1, text: "zażółć 😀" }]);
  await bye(socket);
});

test("a broadcast reaches every member, the sender too (A1.4)", async () => {
  const [ada, bob] = await Promise.all([connect(server.port), connect(server.port)]);
  const rooms = [ada, bob].map((s) => s.channel("room:broadcast", {}));
  const inboxes = rooms.map((room) => {
    const [next, got] = eventually();
    room.on("new_msg", got);
    return next;
  });
  for (const room of rooms) await ask(room.join());
  rooms[0].push("new_msg", { body: "hi" });
  for (const next of inboxes) assert.deepEqual(await next(), { body: "hi" });
  await bye(ada, bob);
});

test("binary payloads go both ways (A1.43)", async () => {
  const socket = await connect(server.port);
  const room = socket.channel("room:binary", {});
  await ask(room.join());
  const [status, response] = await ask(room.push("ping", new Uint8Array([0, 255, 1]).buffer));
  assert.equal(status, "ok");
  assert.deepEqual([...new Uint8Array(response)], [0, 255, 1]);
  await bye(socket);
});

test("an unknown topic is refused (A1.38)", async () => {
  const socket = await connect(server.port);
  assert.deepEqual(await ask(socket.channel("nowhere", {}).join()), ["error", { reason: "unmatched topic" }]);
  await bye(socket);
});

test("leave, then join again with a new channel (A1.8)", async () => {
  const socket = await connect(server.port);
  const first = socket.channel("room:again", {});
  await ask(first.join());
  assert.deepEqual((await ask(first.leave()))[0], "ok");
  const second = socket.channel("room:again", {});
  assert.deepEqual(await ask(second.join()), ["ok", {}]);
  assert.deepEqual(await ask(second.push("ping", { still: "here" })), ["ok", { still: "here" }]);
  await bye(socket);
});

test("presence: state, a second user joins and leaves (8.2)", async () => {
  const watch = async (name) => {
    const socket = await connect(server.port, { user_id: name });
    const channel = socket.channel("chat:presence", {});
    const presence = new Presence(channel);
    const [next, synced] = eventually();
    presence.onSync(() => synced(presence.list((key) => key).sort()));
    await ask(channel.join());
    return { socket, next };
  };
  const until = async (next, names) => { while (JSON.stringify(await next()) !== JSON.stringify(names)); };
  const ada = await watch("ada");
  await until(ada.next, ["ada"]);
  const bob = await watch("bob");
  await until(bob.next, ["ada", "bob"]);
  await until(ada.next, ["ada", "bob"]);
  await bye(bob.socket);
  await until(ada.next, ["ada"]);
  await bye(ada.socket);
});

test("a restarted server: the client reconnects and rejoins by itself", async () => {
  let own = await start("phx-server", "--port", "0");
  const socket = await connect(own.port);
  const room = socket.channel("room:restart", {});
  const [joined, join] = eventually();
  room.join().receive("ok", join);
  await joined();
  const [lost, close] = eventually();
  socket.onClose(close);
  assert.equal(await own.stop("SIGKILL"), null);
  await lost();
  own = await start("phx-server", "--port", String(own.port));
  await joined();
  assert.deepEqual(await ask(room.push("ping", { n: 2 })), ["ok", { n: 2 }]);
  await bye(socket);
  assert.equal(await own.stop(), 0);
});

test("an orderly shutdown drains joined connections with 1012 (server.md 14)", async () => {
  const own = await start("phx-server", "--port", "0");
  const socket = await connect(own.port);
  await ask(socket.channel("room:drain", {}).join());
  const [closed, close] = eventually();
  socket.onClose(close);
  const code = own.stop("SIGTERM");
  assert.equal((await closed()).code, 1012);
  socket.disconnect();
  assert.equal(await code, 0);
});
