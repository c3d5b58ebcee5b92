// Our frame codec against the `ws` package: its client with ws_echo_server, its server with ws_echo_client.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import WebSocket, { WebSocketServer } from "ws";
import { start, bin, eventually } from "./server.mjs";

let echo;
before(async () => { echo = await start("ws_echo_server", "--port", "0"); });
after(async () => { assert.equal(await echo.stop(), 0); });

async function client(where = "/any/path?x=1", ...rest) {
  const ws = new WebSocket(`ws://127.0.0.1:${echo.port}${where}`, ...rest);
  const [next, got] = eventually(20_000);
  ws.on("message", (data, binary) => got(binary ? data : data.toString()));
  await once(ws, "open");
  return { ws, next };
}

for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20, (16 << 20) - 100]) {
  test(`ws client, binary and text of ${size} bytes come back`, async () => {
    const { ws, next } = await client();
    const bytes = Buffer.alloc(size, 0xa5);
    ws.send(bytes);
    assert.ok(bytes.equals(await next()));
    ws.send("é".repeat(size / 2));
    assert.equal((await next()).length, Math.floor(size / 2));
    ws.close(1000);
    const [code] = await once(ws, "close");
    assert.equal(code, 1000);
  });
}

test("ws client, a message in 3000 fragments with empty ones and pings between", async () => {
  const { ws, next } = await client();
  let pongs = 0;
  ws.on("pong", () => { pongs += 1; });
  for (let i = 0; i < 3000; i++) {
    ws.send(i % 3 ? "żółw" : "", { fin: false });
    if (i % 1000 === 0) ws.ping(String(i));
  }
  ws.send("!", { fin: true });
  assert.equal(await next(), "żółw".repeat(2000) + "!");
  assert.equal(pongs, 3);
  ws.close();
  await once(ws, "close");
});

test("ws client, 1000 connections at once", async () => {
  const all = await Promise.all(Array.from({ length: 1000 }, () => client()));
  all.forEach(({ ws }, i) => ws.send(`n${i}`));
  assert.deepEqual(await Promise.all(all.map(({ next }) => next())), all.map((_, i) => `n${i}`));
  await Promise.all(all.map(({ ws }) => { ws.close(); return once(ws, "close"); }));
});

test("the strict handshake: version 12 gets 426 and the version we speak, a short key 400 (RFC 6455 4.2.2, 4.4)", async () => {
  const answer = (headers) => new Promise((resolve, reject) => {
    http.request({ port: echo.port, host: "127.0.0.1", path: "/", headers: { Connection: "Upgrade", Upgrade: "websocket", ...headers } })
      .on("response", (r) => { r.resume(); resolve(r); }).on("upgrade", () => reject(new Error("accepted"))).on("error", reject).end();
  });
  const old = await answer({ "Sec-WebSocket-Version": "12", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" });
  assert.deepEqual([old.statusCode, old.headers["sec-websocket-version"]], [426, "13"]);
  assert.equal((await answer({ "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "c2hvcnQ=" })).statusCode, 400);
});

function echoClient(...args) {
  const child = spawn(path.join(bin, "ws_echo_client"), args);
  const lines = createInterface({ input: child.stdout });
  let stderr = "";
  child.stderr.on("data", (d) => { stderr += d; });
  return { opened: once(lines, "line"), done: once(child, "close").then(([code]) => ({ code, stderr })) };
}

async function server(handler) {
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1", maxPayload: 32 << 20 });
  wss.on("connection", handler);
  await once(wss, "listening");
  return wss;
}

test("ws server: ws_echo_client opens, echoes text and binary, ends with 0 on a clean close", async () => {
  const [next, got] = eventually(20_000);
  const wss = await server((ws, request) => {
    ws.on("message", (data, binary) => got([binary, data.length, request.url]));
    ws.send("żółw");
    ws.send(Buffer.alloc(16 << 20));
    ws.ping("p");
    ws.on("pong", () => got("pong"));
  });
  const c = echoClient(`ws://127.0.0.1:${wss.address().port}/exactly/this?a=1&b=2`);
  assert.deepEqual(await c.opened, ["OPEN"]);
  const seen = [await next(), await next(), await next()];
  assert.ok(seen.includes("pong"));
  assert.deepEqual(seen.filter((s) => s !== "pong"), [[false, 7, "/exactly/this?a=1&b=2"], [true, 16 << 20, "/exactly/this?a=1&b=2"]]);
  for (const ws of wss.clients) ws.close(1000);
  assert.deepEqual(await c.done, { code: 0, stderr: "" });
  wss.close();
});

test("ws_echo_client exits 3 when the upgrade is refused or the 101 is wrong", async () => {
  const refuse = async (answer) => {
    const s = net.createServer((socket) => { socket.on("error", () => {}); socket.once("data", () => socket.end(answer)); }).listen(0, "127.0.0.1");
    await once(s, "listening");
    const { code, stderr } = await echoClient(`ws://127.0.0.1:${s.address().port}/`).done;
    s.close();
    assert.equal(code, 3, stderr);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  };
  await refuse("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
  await refuse("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: nonsense\r\n\r\n");
});

test("ws_echo_client --cases walks an Autobahn-style fuzzing server", async () => {
  const seen = [];
  const wss = await server((ws, request) => {
    seen.push(request.url);
    if (request.url === "/getCaseCount") { ws.send("2"); ws.close(); }
    else if (request.url.startsWith("/runCase")) { ws.on("message", (d) => { seen.push(String(d)); ws.close(); }); ws.send("hello"); }
    else ws.close();
  });
  const { code, stderr } = await echoClient("--cases", `ws://127.0.0.1:${wss.address().port}`, "--agent", "phxkit").done;
  assert.equal(code, 0, stderr);
  assert.deepEqual(seen, ["/getCaseCount", "/runCase?case=1&agent=phxkit", "hello", "/runCase?case=2&agent=phxkit", "hello", "/updateReports?agent=phxkit"]);
  wss.close();
});

test("--help and --version end with 0, a wrong command line with 2 and one line (design.md 4)", () => {
  const ended = (program, ...args) => spawnSync(path.join(bin, program), args, { encoding: "utf8", timeout: 20_000 });
  for (const program of ["ws_echo_client", "ws_echo_server", "fixture_server"]) {
    for (const [flag, text] of [["--help", new RegExp(`^[^]*${program}`)], ["--version", new RegExp(`^${program} \\d+\\.\\d+\\.\\d+\n$`)]]) {
      const r = ended(program, flag);
      assert.deepEqual([r.status, r.stderr], [0, ""], `${program} ${flag}`);
      assert.match(r.stdout, text);
    }
  }
  for (const args of [[], ["foo"], ["--deflate"], ["--cases", "foo", "--agent", "a"], ["--cases", "ws://127.0.0.1:1"], ["--agent", "a"],
    ["ws://127.0.0.1:1", "--cases", "ws://127.0.0.1:1", "--agent", "a"], ["ws://127.0.0.1:1", "ws://127.0.0.1:1"]]) {
    const r = ended("ws_echo_client", ...args);
    assert.deepEqual([r.status, r.stdout], [2, ""], `${args.join(" ")}: ${r.stderr}`);
    assert.match(r.stderr, /^ws_echo_client: [^\n]+\n$/);
  }
});

test("ws_echo_client --cases uses the URL as it stands (issue 2.6)", async () => {
  const seen = [];
  const wss = await server((ws, request) => {
    seen.push(request.url);
    if (request.url === "/suite//getCaseCount") ws.send("0");
    ws.close();
  });
  const { code, stderr } = await echoClient("--cases", `ws://127.0.0.1:${wss.address().port}/suite/`, "--agent", "phxkit").done;
  assert.equal(code, 0, stderr);
  assert.deepEqual(seen, ["/suite//getCaseCount", "/suite//updateReports?agent=phxkit"]);
  wss.close();
});
