// phx through real proxies: tinyproxy (HTTP CONNECT with Basic) and microsocks (SOCKS5 with user and password) of Debian.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { start, bin, freePort } from "./server.mjs";

const dir = mkdtempSync(path.join(os.tmpdir(), "phxkit-proxy-"));
const file = (name) => path.join(dir, name);

/** A proxy that only knows how to listen on a given port: ready when something answers there. */
async function startProxy(make) {
  for (let attempt = 0; attempt < 5; attempt++) {
    const port = await freePort();
    const [program, args] = make(port);
    const child = spawn(program, args, { stdio: "ignore" });
    const ended = new Promise((resolve) => { child.once("exit", resolve); child.once("error", resolve); });
    let over = false;
    ended.then(() => { over = true; });
    const limit = Date.now() + 10_000;
    while (!over && Date.now() < limit) {
      const probe = net.connect(port, "127.0.0.1");
      const up = await new Promise((resolve) => { probe.once("connect", () => resolve(true)); probe.once("error", () => resolve(false)); });
      probe.destroy();
      if (up && !over) return { port, stop: async () => { child.kill("SIGTERM"); await ended; } };
      await pause(20);
    }
    child.kill("SIGKILL");  // somebody else took the port, or it never came up
  }
  throw new Error("the proxy does not start");
}

function tinyproxy(auth) {
  return startProxy((port) => {
    const config = file(`tinyproxy-${port}.conf`);
    writeFileSync(config, `Port ${port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nAllow 127.0.0.1\nLogLevel Critical\n${auth}`);
    return ["tinyproxy", ["-d", "-c", config]];
  });
}
const microsocks = (...auth) => startProxy((port) => ["microsocks", ["-i", "127.0.0.1", "-p", String(port), ...auth]]);

let server, secure, http, httpAuth, socks, socksAuth;
before(async () => {
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", file("key.pem"), "-out", file("cert.pem"), "-subj",
    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"], { stdio: "ignore" });
  server = await start("phx-server", "--port", "0", "--log-level", "error");
  secure = await start("phx-server", "--port", "0", "--log-level", "error", "--tls-cert", file("cert.pem"), "--tls-key", file("key.pem"));
  http = await tinyproxy("");
  httpAuth = await tinyproxy("BasicAuth ada sesame\n");
  socks = await microsocks();
  socksAuth = await microsocks("-u", "ada", "-P", "sesame");
});
after(async () => {
  for (const one of [http, httpAuth, socks, socksAuth, server, secure]) await one?.stop();
  rmSync(dir, { recursive: true });
});

async function phx(args, env = {}) {
  const child = spawn(path.join(bin, "phx"), args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let out = "", err = "";
  child.stdout.on("data", (data) => { out += data; });
  child.stderr.on("data", (data) => { err += data; });
  const [code] = await once(child, "close");
  return { code, out, err };
}
const plain = () => `ws://localhost:${server.port}/socket`;
const ping = (url, proxy, ...more) => phx(["ping", url, "--count", "1", "--proxy", proxy, ...more]);

async function works(proxy) {
  const push = await phx(["push", plain(), "room:lobby", "ping", '{"n":1}', "--proxy", proxy]);
  assert.equal(push.code, 0, push.err);
  assert.deepEqual(JSON.parse(push.out), { status: "ok", response: { n: 1 } });
  // Issue 4: RestClient and long-poll take the same proxies.
  for (const [base, ...trust] of [[`http://localhost:${server.port}`], [`https://localhost:${secure.port}`, "--ca-file", file("cert.pem")]]) {
    const rest = await phx(["http", "GET", `${base}/api/v1/ping`, "--proxy", proxy, ...trust]);
    assert.equal(rest.code, 0, rest.err);
    assert.deepEqual(JSON.parse(rest.out), { pong: true });
  }
  const polled = await phx(["push", plain(), "room:lobby", "ping", '{"n":2}', "--transport", "longpoll", "--proxy", proxy]);
  assert.equal(polled.code, 0, polled.err);
  assert.deepEqual(JSON.parse(polled.out).response, { n: 2 });
  const tls = await ping(`wss://localhost:${secure.port}/socket`, proxy, "--ca-file", file("cert.pem"));
  assert.equal(tls.code, 0, tls.err);
}
async function refused(proxy, url, expected) {
  check(await ping(url, proxy), expected);
}
function check(result, expected) {
  assert.deepEqual([result.code, result.out], [3, ""], result.err);
  assert.match(result.err, /^[^\n]+\n$/);
  assert.match(result.err, expected);
  assert.doesNotMatch(result.err, /sesame|wrong/);
}

test("HTTP CONNECT without a password", () => works(`http://127.0.0.1:${http.port}`));
test("HTTP CONNECT with Basic", () => works(`http://ada:sesame@127.0.0.1:${httpAuth.port}`));
test("SOCKS5 without a password", () => works(`socks5://127.0.0.1:${socks.port}`));
test("SOCKS5 with user and password", () => works(`socks5h://ada:sesame@127.0.0.1:${socksAuth.port}`));

test("an HTTP proxy's refusals are told as its own", async () => {
  await refused(`http://127.0.0.1:${httpAuth.port}`, plain(), /proxy 127\.0\.0\.1:\d+: HTTP 407, it wants a user and a password/);
  await refused(`http://ada:wrong@127.0.0.1:${httpAuth.port}`, plain(), /proxy 127\.0\.0\.1:\d+: HTTP 40[17]/);
  await refused(`http://127.0.0.1:${http.port}`, "ws://127.0.0.1:1/socket", /cannot connect to 127\.0\.0\.1:1: proxy 127\.0\.0\.1:\d+: HTTP 5\d\d/);
});

test("a SOCKS proxy's refusals are told as its own", async () => {
  await refused(`socks5://127.0.0.1:${socksAuth.port}`, plain(), /proxy 127\.0\.0\.1:\d+: it wants a user and a password/);
  await refused(`socks5://ada:wrong@127.0.0.1:${socksAuth.port}`, plain(), /proxy 127\.0\.0\.1:\d+: it does not take this user and password/);
  await refused(`socks5://127.0.0.1:${socks.port}`, "ws://127.0.0.1:1/socket", /connection refused by the host \(SOCKS code 5\)/);
});

// docs/client.md: a proxy's 401 or 403 never counts as a refusal of your credentials, nor is its page the API's answer.
test("what a proxy says to long-poll and REST is told as its own", async () => {
  const cases = [
    [`http://127.0.0.1:${httpAuth.port}`, /cannot connect to localhost:\d+: proxy 127\.0\.0\.1:\d+: HTTP 407, it wants a user and a password/],
    [`http://ada:wrong@127.0.0.1:${httpAuth.port}`, /cannot connect to localhost:\d+: proxy 127\.0\.0\.1:\d+: HTTP 40[17]/],
    [`socks5://ada:wrong@127.0.0.1:${socksAuth.port}`, /cannot connect to localhost:\d+: proxy 127\.0\.0\.1:\d+: /],
    ["http://127.0.0.1:1", /cannot connect to localhost:\d+: cannot connect to proxy 127\.0\.0\.1:1: Connection refused/],
  ];
  for (const [proxy, expected] of cases) {
    check(await phx(["http", "GET", `http://localhost:${server.port}/api/v1/ping`, "--proxy", proxy]), expected);
    check(await phx(["push", plain(), "room:lobby", "ping", "{}", "--transport", "longpoll", "--proxy", proxy]), expected);
  }
});

test("a proxy that is not there, or is none, or is no URL", async () => {
  await refused(`http://127.0.0.1:1`, plain(), /cannot connect to localhost:\d+: cannot connect to proxy 127\.0\.0\.1:1: Connection refused/);
  await refused(`socks5://127.0.0.1:${server.port}`, plain(), /it does not speak SOCKS5/);
  const bad = await ping(plain(), "gopher://x");
  assert.equal(bad.code, 2);
  assert.match(bad.err, /--proxy: a proxy is http:\/\/host:port/);
});

test("the environment counts only when asked for", async () => {
  const nowhere = { ALL_PROXY: "http://127.0.0.1:1", all_proxy: "", http_proxy: "", no_proxy: "", NO_PROXY: "" };
  assert.equal((await phx(["ping", plain(), "--count", "1"], nowhere)).code, 0);
  assert.equal((await phx(["ping", plain(), "--count", "1", "--proxy", "env"], nowhere)).code, 3);
  assert.equal((await phx(["ping", plain(), "--count", "1", "--proxy", "env"], { ...nowhere, NO_PROXY: "localhost" })).code, 0);
  const through = { ...nowhere, ALL_PROXY: `socks5://ada:sesame@127.0.0.1:${socksAuth.port}` };
  assert.equal((await phx(["ping", plain(), "--count", "1", "--proxy", "env"], through)).code, 0);
});

test("an IPv6 address as a literal, directly and through a proxy", async (t) => {
  let six;
  try {
    six = await start("phx-server", "--host", "::1", "--port", "0", "--log-level", "error");
  } catch {
    return t.skip("this machine has no IPv6 loopback");
  }
  const url = `ws://[::1]:${six.port}/socket`;
  for (const extra of [[], ["--proxy", `socks5://127.0.0.1:${socks.port}`], ["--proxy", `http://127.0.0.1:${http.port}`]]) {
    const result = await phx(["ping", url, "--count", "1", ...extra]);
    assert.equal(result.code, 0, result.err);
  }
  await six.stop();
});
