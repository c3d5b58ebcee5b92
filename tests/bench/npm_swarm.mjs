// The official `phoenix` client, many of it in one Node: the third column of others.py. What it did goes to stdout as one line of JSON.
// usage: npm_swarm.mjs PORT '{"users","per_second","idle","messages","rate","topic","event","actors"}'
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
const require = createRequire(new URL("../interop/package.json", import.meta.url));
const { Socket } = require("phoenix");
const WebSocket = require("ws");

const port = process.argv[2], plan = JSON.parse(process.argv[3]);
/** Who is late does not wait a millisecond more, but lets sockets have their turn. */
const until = (ms) => new Promise((done) => (ms > performance.now() ? setTimeout(done, ms - performance.now()) : setImmediate(done)));
const echo = plan.event === "ping";
const joins = [], received = [], channels = [];  // received: times of deliveries, or of replies
let failed = 0;

/** Linux is slow at finding ports beyond the 14 000th of one address: users change it as those of phx-load do. */
const from = (user) => class extends WebSocket {
  constructor(url, protocols) { super(url, protocols, { localAddress: `127.0.0.${1 + Math.floor(user / 12_000)}`, perMessageDeflate: false }); }
};

function arrive(user) {
  const socket = new Socket(`ws://127.0.0.1:${port}/socket`, { transport: from(user) });
  socket.connect();
  const channel = socket.channel(plan.topic, {});
  channel.on("new_msg", ({ at }) => received.push(performance.now() - at));
  return new Promise((done) => {
    const asked = performance.now();
    channel.join(60_000).receive("ok", () => { joins.push(performance.now() - asked); done(); }).receive("error", () => { failed++; done(); }).receive("timeout", () => { failed++; done(); });
    channels.push(channel);
  });
}

const start = performance.now(), arriving = [];
for (let user = 0; user < plan.users; user++) {
  await until(start + user * 1000 / plan.per_second);
  arriving.push(arrive(user));
}
await Promise.all(arriving);
const joined = performance.now();
function act(n) {
  const at = performance.now(), push = channels[n % plan.actors].push(plan.event, { at, body: "x".repeat(100) });
  if (echo) push.receive("ok", () => received.push(performance.now() - at));
}
for (let n = 0; n < plan.actors; n++) act(n);
for (let n = 0; n < plan.messages; n++) {
  await until(joined + plan.idle * 1000 + n * 1000 / plan.rate);
  act(n);
}
const patience = performance.now() + 30_000;
const expected = (plan.actors + plan.messages) * (echo ? 1 : joins.length);
while (received.length < expected && performance.now() < patience) await until(performance.now() + 100);

const percentile = (list, p) => (list.length ? [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * p))] : null);
console.log(JSON.stringify({ joined: joins.length, failed, join_p99_ms: percentile(joins, 0.99), received: received.length, expected, p99_ms: percentile(received, 0.99) }));
process.exit(0);
