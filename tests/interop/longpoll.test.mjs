// The official phoenix client over long-poll in Node against phx-server. Node has no XMLHttpRequest, so the client uses fetch.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { LongPoll, Presence } from "phoenix";
import * as phoenix from "./phoenix_client.mjs";
import { start, eventually } from "./server.mjs";

const { ask, bye } = phoenix;

let server;
before(async () => { server = await start("phx-server", "--port", "0"); });
after(async () => { await server.stop(); });

const connect = (port, options = {}) => phoenix.connect(port, { transport: LongPoll, ...options });

test("joins, pushes and gets the reply (A3.56, 57)", async () => {
  const socket = await connect(server.port);
  const room = socket.channel("room:lobby", {});
  assert.deepEqual(await ask(room.join()), ["ok", {}]);
  assert.deepEqual(await ask(room.push("ping", { n: 1, text: "zażółć 😀" })), ["ok", { n: 1, text: "zażółć 😀" }]);
  await bye(socket);
});

test("a burst of pushes goes as ndjson batches and is answered in order (A3.65)", async () => {
  const socket = await connect(server.port);
  const room = socket.channel("room:burst", {});
  await ask(room.join());
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => ask(room.push("ping", { n }))));
  assert.deepEqual(answers.map(([, { n }]) => n), Array.from({ length: 50 }, (_, n) => n));
  await bye(socket);
});

test("a broadcast reaches members of other workers", async () => {
  const sockets = await Promise.all(Array.from({ length: 4 }, () => connect(server.port)));
  const rooms = sockets.map((s) => s.channel("room:broadcast", {}));
  const inboxes = rooms.map((room) => {
    const [next, got] = eventually();
    room.on("new_msg", got);
    return next;
  });
  for (const room of rooms) await ask(room.join());
  rooms[0].push("new_msg", { body: "hi" });
  for (const next of inboxes) assert.deepEqual(await next(), { body: "hi" });
  await bye(...sockets);
});

test("presence: a second user joins and leaves (8.2)", async () => {
  const watch = async (name) => {
    const socket = await connect(server.port, { params: { user_id: name } });
    const channel = socket.channel("chat:presence", {});
    const presence = new Presence(channel);
    const [next, synced] = eventually();
    presence.onSync(() => synced(presence.list((key) => key).sort()));
    await ask(channel.join());
    return { socket, channel, next };
  };
  const until = async (next, names) => { while (JSON.stringify(await next()) !== JSON.stringify(names)); };
  const ada = await watch("ada");
  await until(ada.next, ["ada"]);
  const bob = await watch("bob");
  await until(ada.next, ["ada", "bob"]);
  await ask(bob.channel.leave());
  await until(ada.next, ["ada"]);
  await bye(ada.socket, bob.socket);
});

test("the fallback: no WebSocket can be had, the client goes on with long-poll", async () => {
  class Unreachable {
    constructor() { setTimeout(() => this.onerror?.({ type: "error" }), 1); }
    close() {}
  }
  const socket = await connect(server.port, { transport: Unreachable, longPollFallbackMs: 50 });
  const room = socket.channel("room:fallback", {});
  assert.deepEqual(await ask(room.join()), ["ok", {}]);
  await bye(socket);
});

test("a restarted server: the client gets a new session and rejoins by itself", async () => {
  let own = await start("phx-server", "--port", "0");
  const socket = await connect(own.port);
  const room = socket.channel("room:restart", {});
  const [joined, join] = eventually(8000);
  room.join().receive("ok", join);
  await joined();
  await own.stop("SIGKILL");
  own = await start("phx-server", "--port", String(own.port));
  await joined();
  assert.deepEqual(await ask(room.push("ping", { n: 2 })), ["ok", { n: 2 }]);
  const began = Date.now();
  assert.equal(await own.stop(), 0);
  assert.ok(Date.now() - began < 8000, "the poll that waits does not hold up the end (server.md 14)");
  await bye(socket);
});
