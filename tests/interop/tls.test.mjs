// TLS with foreign peers: Node's TLS as client of phx-server, phx as client of a Node server, certificates by the openssl program.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import tls from "node:tls";
import WebSocket, { WebSocketServer } from "ws";
import { start, bin, eventually } from "./server.mjs";

const dir = mkdtempSync(path.join(os.tmpdir(), "phxkit-tls-"));
const file = (name) => path.join(dir, name);
const openssl = (...args) => execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });

function issue(name, altNames) {
  writeFileSync(file(`${name}.ext`), `subjectAltName=${altNames}\n`);
  openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
  openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
    "-extfile", `${name}.ext`, "-out", `${name}.pem`);
}

let server;
before(async () => {
  openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2");
  issue("good", "DNS:localhost,IP:127.0.0.1");
  issue("other", "DNS:other.example");
  server = await start("phx-server", "--port", "0", "--log-level", "error", "--tls-cert", file("good.pem"), "--tls-key", file("good.key"));
});
after(async () => {
  assert.equal(await server.stop(), 0);
  rmSync(dir, { recursive: true });
});

async function run(program, ...args) {
  const child = spawn(path.join(bin, program), args, { stdio: ["ignore", "pipe", "pipe"] });
  let out = "", err = "";
  child.stdout.on("data", (data) => { out += data; });
  child.stderr.on("data", (data) => { err += data; });
  const [code] = await once(child, "close");
  return { code, out, err };
}
const oneLine = (text) => assert.match(text, /^[^\n]+\n$/);

for (const [name, version] of [["1.2", { maxVersion: "TLSv1.2" }], ["1.3", { minVersion: "TLSv1.3" }]]) {
  test(`ws client over TLS ${name} joins and gets a large reply`, async () => {
    const ws = new WebSocket(`wss://localhost:${server.port}/socket/websocket?vsn=2.0.0`, { ca: readFileSync(file("ca.pem")), ...version });
    const [next, got] = eventually(20_000);
    ws.on("message", (data) => got(JSON.parse(data)));
    await once(ws, "open");
    ws.send(JSON.stringify(["1", "1", "room:lobby", "phx_join", {}]));
    assert.equal((await next())[4].status, "ok");
    const text = "x".repeat(500_000);
    ws.send(JSON.stringify(["1", "2", "room:lobby", "ping", { text }]));
    assert.equal((await next())[4].response.text, text);
    ws.close(1000);
    const [code] = await once(ws, "close");
    assert.equal(code, 1000);
  });
}

test("ws client, 200 connections at once", async () => {
  const ca = readFileSync(file("ca.pem"));
  const all = await Promise.all(Array.from({ length: 200 }, async () => {
    const ws = new WebSocket(`wss://127.0.0.1:${server.port}/socket/websocket?vsn=2.0.0`, { ca });
    await once(ws, "open");
    return ws;
  }));
  await Promise.all(all.map((ws) => { ws.close(); return once(ws, "close"); }));
});

test("https requests on one connection", async () => {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(file("ca.pem")) });
  for (let i = 0; i < 3; i++) {
    const status = await new Promise((resolve, reject) => {
      https.get({ host: "localhost", port: server.port, path: "/nothing", agent }, (res) => {
        res.resume();
        res.on("end", () => resolve(res.statusCode));
      }).on("error", reject);
    });
    assert.equal(status, 404);
  }
  agent.destroy();
});

test("peers that speak no TLS, or break off, are dropped", async () => {
  const plain = http.get({ port: server.port, path: "/" });
  await assert.rejects(once(plain, "response"), { code: "ECONNRESET" });
  const half = net.connect(server.port, "127.0.0.1");
  half.write(Buffer.from([22, 3, 1, 2, 0, 1]));
  half.end();
  await once(half.resume(), "close");
  const rude = tls.connect({ port: server.port, host: "127.0.0.1", ca: readFileSync(file("ca.pem")) });
  await once(rude, "secureConnect");
  rude.on("error", () => {});
  rude.destroy();
});

test("a second connection resumes the session of the first", async () => {
  const options = { port: server.port, host: "127.0.0.1", ca: readFileSync(file("ca.pem")) };
  const first = tls.connect(options);
  const [session] = await once(first, "session");
  first.destroy();
  const second = tls.connect({ ...options, session });
  await once(second, "secureConnect");
  assert.ok(second.isSessionReused());
  second.destroy();
});

test("a drained server closes joined clients with 1012", async () => {
  const drained = await start("phx-server", "--port", "0", "--log-level", "error", "--tls-cert", file("good.pem"), "--tls-key", file("good.key"));
  const ws = new WebSocket(`wss://127.0.0.1:${drained.port}/socket/websocket?vsn=2.0.0`, { ca: readFileSync(file("ca.pem")) });
  const [next, got] = eventually();
  ws.on("message", (data) => got(JSON.parse(data)));
  await once(ws, "open");
  ws.send(JSON.stringify(["1", "1", "room:lobby", "phx_join", {}]));
  assert.equal((await next())[4].status, "ok");
  const closed = once(ws, "close");
  assert.equal(await drained.stop(), 0);
  assert.equal((await closed)[0], 1012);
});

test("phx trusts the authority it is given, and no other", async () => {
  const url = `wss://127.0.0.1:${server.port}/socket`;
  const good = await run("phx", "ping", url, "--count", "1", "--ca-file", file("ca.pem"));
  assert.equal(good.code, 0, good.err);
  assert.ok(JSON.parse(good.out).rtt_ms > 0);
  assert.equal((await run("phx", "ping", url, "--count", "1", "--insecure")).code, 0);
  const unknown = await run("phx", "ping", url, "--count", "1");
  assert.equal(unknown.code, 3);
  oneLine(unknown.err);
  assert.match(unknown.err, /certificate of host 127\.0\.0\.1: /);
  const missing = await run("phx", "ping", url, "--count", "1", "--ca-file", file("nothing.pem"));
  assert.equal(missing.code, 2);
  oneLine(missing.err);
});

// Issue 4: RestClient has the same TLS as the socket.
test("phx http over TLS: trusted, unknown, insecure", async () => {
  const url = `https://127.0.0.1:${server.port}/api/v1/ping`;
  for (const trust of [["--ca-file", file("ca.pem")], ["--insecure"]]) {
    const good = await run("phx", "http", "GET", url, ...trust);
    assert.deepEqual([good.code, good.err], [0, ""]);
    assert.deepEqual(JSON.parse(good.out), { pong: true });
  }
  const unknown = await run("phx", "http", "GET", url);
  assert.deepEqual([unknown.code, unknown.out], [3, ""]);
  oneLine(unknown.err);
  assert.match(unknown.err, /certificate of host 127\.0\.0\.1: /);
});

test("phx against a Node server: the right name, the wrong one, no TLS at all", async () => {
  const node = https.createServer({ cert: readFileSync(file("other.pem")), key: readFileSync(file("other.key")) });
  new WebSocketServer({ server: node }).on("connection", (ws) => ws.on("message", (data) => {
    const [joinRef, ref, topic] = JSON.parse(data);
    ws.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status: "ok", response: {} }]));
  }));
  node.on("tlsClientError", () => {});
  node.listen(0, "127.0.0.1");
  await once(node, "listening");
  const url = `wss://127.0.0.1:${node.address().port}/socket`;
  assert.equal((await run("phx", "ping", url, "--count", "1", "--insecure")).code, 0);
  const wrong = await run("phx", "ping", url, "--count", "1", "--ca-file", file("ca.pem"));
  assert.equal(wrong.code, 3);
  assert.match(wrong.err, /certificate of host 127\.0\.0\.1: IP address mismatch/);
  const rest = await run("phx", "http", "GET", `https://127.0.0.1:${node.address().port}/`, "--ca-file", file("ca.pem"));
  assert.deepEqual([rest.code, rest.out], [3, ""]);
  assert.match(rest.err, /certificate of host 127\.0\.0\.1: hostname mismatch/);
  node.close();

  const plain = await start("phx-server", "--port", "0", "--log-level", "error");
  const none = await run("phx", "ping", `wss://127.0.0.1:${plain.port}/socket`, "--count", "1");
  assert.equal(none.code, 3);
  assert.match(none.err, /does not speak TLS/);
  await plain.stop();
});

test("phx resumes its TLS session when it reconnects", async () => {
  const node = https.createServer({ cert: readFileSync(file("good.pem")), key: readFileSync(file("good.key")) });
  const reused = [];
  node.on("secureConnection", (socket) => reused.push(socket.isSessionReused()));
  new WebSocketServer({ server: node }).on("connection", (ws) => ws.on("message", (data) => {
    const [joinRef, ref, topic, event] = JSON.parse(data);
    if (event !== "phx_join") return;
    ws.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status: "ok", response: {} }]));
    if (reused.length === 1) return ws.terminate();
    ws.send(JSON.stringify([null, null, topic, "done", {}]));
  }));
  node.listen(0, "127.0.0.1");
  await once(node, "listening");
  const joined = await run("phx", "join", `wss://localhost:${node.address().port}/socket`, "room:lobby", "--count", "1", "--timeout", "20",
    "--ca-file", file("ca.pem"));
  assert.equal(joined.code, 0, joined.err);
  assert.deepEqual(reused, [false, true]);
  node.close();
});

test("phx-server says in one line which file is wrong", async () => {
  const cases = [
    [file("nothing.pem"), file("good.key"), /No such file/],
    [file("good.pem"), file("other.key"), /does not belong to certificate/],
    [file("good.key"), file("good.key"), /not a PEM file of the right kind/],
  ];
  for (const [cert, key, why] of cases) {
    const refused = await run("phx-server", "--port", "0", "--tls-cert", cert, "--tls-key", key);
    assert.equal(refused.code, 2);
    oneLine(refused.err);
    assert.match(refused.err, why);
  }
  assert.equal((await run("phx-server", "--port", "0", "--tls-cert", file("good.pem"))).code, 2);
});

test("SIGHUP renews the certificate, also while the server drains; open connections live on (issue 3.11)", async () => {
  for (const name of ["renewed", "last"]) issue(name, "DNS:localhost,IP:127.0.0.1");
  const install = (name) => { for (const part of ["pem", "key"]) copyFileSync(file(`${name}.${part}`), file(`live.${part}`)); };
  const ca = readFileSync(file("ca.pem"));
  const offered = async () => {
    const socket = tls.connect({ port: reloaded.port, host: "127.0.0.1", ca });
    await once(socket, "secureConnect");
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };
  const get = (where) => new Promise((resolve, reject) => {
    https.get({ host: "127.0.0.1", port: reloaded.port, path: where, ca, agent: false }, (res) => { res.resume(); resolve(res.statusCode); }).on("error", reject);
  });
  /** Signals are not answered: asks until it is so. A server that has gone refuses the connection, which fails the test. */
  const until = async (ask, wanted) => {
    const deadline = Date.now() + 10_000;
    for (let seen; (seen = await ask()) !== wanted;) assert.ok(Date.now() < deadline, `${seen}, not ${wanted}`);
  };
  install("good");
  const reloaded = await start("phx-server", "--port", "0", "--log-level", "error", "--drain-wait", "60", "--tls-cert", file("live.pem"), "--tls-key", file("live.key"));
  const ws = new WebSocket(`wss://127.0.0.1:${reloaded.port}/socket/websocket?vsn=2.0.0`, { ca });
  const [next, got] = eventually();
  ws.on("message", (data) => got(JSON.parse(data)));
  await once(ws, "open");
  assert.equal(await offered(), "good");

  install("renewed");
  process.kill(reloaded.pid, "SIGHUP");
  await until(offered, "renewed");
  process.kill(reloaded.pid, "SIGTERM");
  await until(() => get("/ready"), 503);
  install("last");
  process.kill(reloaded.pid, "SIGHUP");
  await until(offered, "last");

  ws.send(JSON.stringify(["1", "1", "room:lobby", "phx_join", {}]));
  assert.equal((await next())[4].status, "ok");
  assert.equal(await reloaded.stop(), 0);  // the second SIGTERM ends the wait
});
