// SIGKILL while 50 clients post messages, half over channels, half over REST: after a restart every acknowledged message is there once.
import { test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import WebSocket from "ws";
import { start } from "./server.mjs";

const clients = 50, enough = 500;

async function call(port, method, route, token, body) {
  const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(`http://127.0.0.1:${port}${route}`, { method, headers, body: body && JSON.stringify(body) });
  const json = await answer.json();
  assert.ok(answer.ok, `${method} ${route}: ${answer.status} ${JSON.stringify(json)}`);
  return json;
}

/** Posts until the connection ends; `acknowledged` gets what the server has confirmed. */
async function overRest(port, token, name, acknowledged) {
  for (let n = 0; ; ++n) {
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
    if (payload.status === "ok" && n < 60) next();  // the limit of a minute
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

async function losesNothing(database, dir) {
  writeFileSync(path.join(dir, "secret"), "s".repeat(64));
  const args = ["--log-level", "error", "--database", database, "--secret-key-base-file", path.join(dir, "secret")];
  let server = await start("phx-server", "--port", "0", ...args);
  const account = { email: "ada@example.org", name: "Ada", password: "correct horse battery" };
  await call(server.port, "POST", "/api/v1/users", "", account);
  const token = (await call(server.port, "POST", "/api/v1/sessions", "", account)).data.token;
  await call(server.port, "POST", "/api/v1/rooms", token, { name: "engines" });
  const confirmed = [];
  let killed;
  const acknowledged = (content) => {
    confirmed.push(content);
    if (confirmed.length === enough) killed = server.stop("SIGKILL");
  };
  await Promise.all(Array.from({ length: clients }, (_, i) => (i % 2 ? overRest : overChannel)(server.port, token, `client ${i}:`, acknowledged)));
  await killed;
  assert.ok(confirmed.length >= enough);
  server = await start("phx-server", "--port", "0", ...args);
  const stored = await allMessages(server.port, token);
  assert.equal(new Set(stored).size, stored.length, "a message is there twice");
  const there = new Set(stored);
  assert.deepEqual(confirmed.filter((content) => !there.has(content)), []);
  assert.equal(await server.stop(), 0);
}

test("SQLite: acknowledged is stored, once", async () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "phxkit-loss-"));
  await losesNothing(`sqlite:${path.join(dir, "app.db")}`, dir);
  rmSync(dir, { recursive: true });
});

const postgres = ["15", "16", "17"].map((v) => `/usr/lib/postgresql/${v}/bin`).find(existsSync);
test("PostgreSQL: acknowledged is stored, once", { skip: !postgres && "no PostgreSQL server" }, async () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "phxkit-loss-"));
  chmodSync(dir, 0o777);
  const as = process.getuid() === 0 ? ["runuser", "-u", "postgres", "--"] : ["env"];  // it refuses to run as root
  execFileSync(as[0], [...as.slice(1), `${postgres}/initdb`, "-D", `${dir}/data`, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], { cwd: dir, stdio: "ignore" });
  const db = spawn(as[0], [...as.slice(1), `${postgres}/postgres`, "-D", `${dir}/data`, "-k", dir, "-c", "listen_addresses="], { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  await new Promise((resolve, reject) => {
    db.stderr.on("data", (text) => { log += text; if (log.includes("ready to accept connections")) resolve(); });
    db.on("exit", () => reject(new Error(log)));
  });
  try {
    await losesNothing(`postgresql:///postgres?host=${dir}&user=postgres`, dir);
  } finally {
    db.kill("SIGTERM");
    await once(db, "exit");
    rmSync(dir, { recursive: true });
  }
});
