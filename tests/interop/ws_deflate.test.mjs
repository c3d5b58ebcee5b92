// permessage-deflate against the `ws` package: its client with ws_echo_server --deflate, its server with ws_echo_client --deflate.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import path from "node:path";
import WebSocket, { WebSocketServer } from "ws";
import { start, bin, eventually } from "./server.mjs";

let echo;
before(async () => { echo = await start("ws_echo_server", "--port", "0", "--deflate"); });
after(async () => { assert.equal(await echo.stop(), 0); });

const agreements = [
  {},
  { serverNoContextTakeover: true },
  { clientNoContextTakeover: true },
  { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
  { serverMaxWindowBits: 8 },
  { clientMaxWindowBits: 10 },
];
const messages = [
  "", "Hello", "Hello", "żółw ".repeat(5000), randomBytes(200_000).toString("base64"),
  Buffer.alloc(0), Buffer.alloc(1 << 20, 0xa5), randomBytes(100_000), "", "Hello", Buffer.alloc(16 << 20, 1),
];
const same = (got, sent) => (typeof sent === "string" ? got === sent : Buffer.compare(got, sent) === 0);

for (const agreement of agreements) {
  test(`ws client, ${JSON.stringify(agreement)}: everything comes back, compressed`, async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${echo.port}/`, { perMessageDeflate: { threshold: 0, ...agreement }, maxPayload: 32 << 20 });
    const [next, got] = eventually(20_000);
    ws.on("message", (data, binary) => got(binary ? data : data.toString()));
    await once(ws, "open");
    assert.match(ws.extensions, /permessage-deflate/);
    for (const message of messages) {
      ws.send(message);
      assert.ok(same(await next(), message), `message of ${message.length}`);
    }
    for (let i = 0; i < 300; i++) ws.send(i % 3 ? "żółw" : "", { fin: i === 299 });
    assert.equal(await next(), "żółw".repeat(200));
    ws.close(1000);
    assert.equal((await once(ws, "close"))[0], 1000);
  });
}

test("ws client without an offer: nothing is compressed", async () => {
  const ws = new WebSocket(`ws://127.0.0.1:${echo.port}/`, { perMessageDeflate: false });
  const [next, got] = eventually(20_000);
  ws.on("message", (data) => got(data.toString()));
  await once(ws, "open");
  assert.equal(ws.extensions, "");
  ws.send("plain");
  assert.equal(await next(), "plain");
  ws.close();
  await once(ws, "close");
});

for (const agreement of agreements) {
  test(`ws server, ${JSON.stringify(agreement)}: ws_echo_client --deflate echoes everything`, async () => {
    const wss = new WebSocketServer({ port: 0, host: "127.0.0.1", maxPayload: 32 << 20, perMessageDeflate: { threshold: 0, ...agreement } });
    const [next, got] = eventually(20_000);
    wss.on("connection", (ws) => {
      got(ws.extensions);
      ws.on("message", (data, binary) => got(binary ? data : data.toString()));
      for (const message of messages) ws.send(message);
    });
    await once(wss, "listening");
    const child = spawn(path.join(bin, "ws_echo_client"), ["--deflate", `ws://127.0.0.1:${wss.address().port}/`]);
    const done = once(child, "close");
    assert.match(await next(), /permessage-deflate/);
    for (const message of messages) assert.ok(same(await next(), message), `message of ${message.length}`);
    for (const ws of wss.clients) ws.close(1000);
    assert.equal((await done)[0], 0);
    wss.close();
  });
}
