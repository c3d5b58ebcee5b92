// Captures, the proxy and the mock server, with the official phoenix client and with our own programs.
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { LongPoll } from "phoenix";
import WebSocket from "ws";
import { start, bin } from "./server.mjs";
import * as phoenix from "./phoenix_client.mjs";
const { ask, bye } = phoenix;

const connect = (port, options) => phoenix.connect(port, { transport: WebSocket, ...options });
const dir = mkdtempSync(path.join(os.tmpdir(), "phxkit-mock-"));
test.after(() => rmSync(dir, { recursive: true }));

const file = (name, text) => { const p = path.join(dir, name); writeFileSync(p, text); return p; };
const chat = (name, more = "") => file(name, `phxkit_mock: 1
channels:
  "room:*":
    on:
      ping: { reply: { response: "{{ payload }}" } }
      new_msg: { broadcast: { event: new_msg, payload: "{{ payload }}" }, reply: {} }
${more}`);

async function run(program, ...args) {
  const child = spawn(path.join(bin, program), args, { env: { ...process.env, PHX_TOKEN: "" } });
  let stdout = "", stderr = "";
  child.stdout.on("data", (d) => { stdout += d; });
  child.stderr.on("data", (d) => { stderr += d; });
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

async function control(port, method, route, body) {
  const r = await fetch(`http://127.0.0.1:${port}/__mock${route}`, {
    method, ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}),
  });
  return { status: r.status, ...(await r.json()) };
}
const journal = async (port, query = "") => (await control(port, "GET", `/journal${query}`)).entries;

/** Asks again until the answer is true; the time limit is the test's failure, not its pace. */
async function until(what, check, ms = 15000) {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((r) => setTimeout(r, 50))) if (await check()) return;
  throw new Error(`never: ${what}`);
}

const quick = { heartbeatIntervalMs: 300, timeout: 1500 };
/** A push is answered. */
async function works(room) {
  try { return (await ask(room.push("ping", { n: 1 }, 1000)))[0] === "ok"; } catch { return false; }
}

/** What each scenario is known by. */
const marks = {
  deploy: /close all code=1012/, "flaky-mobile": /close all code=1006/, "laptop-sleep": /all fall silent/, overload: /never_reply|delay/, "half-open": /all fall silent/,
};

for (const name of ["deploy", "flaky-mobile", "laptop-sleep", "overload", "half-open"]) {
  test(`the official client recovers from ${name}, through the mock, and the journal tells the story`, async () => {
    const mock = await start("phx-server", "mock", chat(`${name}.yaml`), "--port", "0", "--fault", name);
    const socket = await connect(mock.port, quick);
    const room = socket.channel("room:a", {});
    room.join();
    await until("the fault", async () => { await works(room); return (await journal(mock.port)).some((e) => e.k === "fault" && marks[name].test(e.text)); });
    const after = (await journal(mock.port)).findLast((e) => e.k === "fault" && marks[name].test(e.text)).n;
    if (name !== "overload") await until("another connection", async () => (await journal(mock.port, `?since=${after}`)).some((e) => e.k === "open"));
    await until("an answer", () => works(room));
    const story = await journal(mock.port);
    assert.ok(story.filter((e) => e.event === "phx_join" && e.d === "out").length >= (name === "overload" ? 1 : 2), "rejoined");
    await bye(socket);
    assert.equal(await mock.stop(), 0);
  });

  test(`the official client recovers from ${name}, through phx proxy`, async () => {
    const server = await start("phx-server", "--port", "0");
    const out = path.join(dir, `${name}.ndjson`);
    const proxy = await start("phx", "proxy", "--listen", "0", "--to", `ws://127.0.0.1:${server.port}`, "--out", out, "--quiet", "--fault", name);
    const socket = await connect(proxy.port, quick);
    const room = socket.channel("room:a", {});
    room.join();
    const lines = () => readFileSync(out, "utf8").split("\n").filter(Boolean).map((l) => JSON.parse(l));
    await until("the fault", async () => { await works(room); return lines().some((e) => e.k === "note" && e.text.startsWith("fault:") && marks[name].test(e.text)); });
    if (name !== "overload") await until("another connection", () => lines().filter((e) => e.k === "open").length >= 2);
    await until("an answer", () => works(room));
    await bye(socket);
    assert.equal(await proxy.stop(), 0);
    assert.equal(await server.stop(), 0);
    assert.equal(lines()[0].phxkit_capture, 1);
  });
}

test("the proxy is transparent for long-poll too, and its capture has the messages", async () => {
  const server = await start("phx-server", "--port", "0");
  const out = path.join(dir, "longpoll.ndjson");
  const proxy = await start("phx", "proxy", "--listen", "0", "--to", `ws://127.0.0.1:${server.port}`, "--out", out, "--quiet");
  const url = `ws://127.0.0.1:${proxy.port}/socket`;
  const r = await run("phx", "push", url, "room:lp", "ping", '{"n":1,"password":"geheim"}', "--transport", "longpoll", "--params", '{"token_name":"x"}');
  assert.equal(r.code, 0, r.stderr);
  assert.equal(await proxy.stop(), 0);
  assert.equal(await server.stop(), 0);
  const text = readFileSync(out, "utf8");
  assert.ok(!text.includes("geheim"));
  const frames = text.split("\n").filter(Boolean).map((l) => JSON.parse(l)).filter((e) => e.k === "frame");
  assert.ok(frames.some((e) => e.d === "out" && e.event === "ping"), text);
  assert.ok(frames.some((e) => e.d === "in" && e.event === "phx_reply" && e.topic === "room:lp" && e.status === "ok"), text);
});

test("a recorded session replays: against its server, another one, and as a mock", async () => {
  const server = await start("phx-server", "--port", "0");
  const out = path.join(dir, "session.ndjson");
  const proxy = await start("phx", "proxy", "--listen", "0", "--to", `ws://127.0.0.1:${server.port}`, "--out", out, "--quiet");
  const through = `ws://127.0.0.1:${proxy.port}/socket`;
  const script = async (port) => {
    const socket = await connect(port);
    const room = socket.channel("room:r", { from: "test" });
    const seen = [];
    room.on("new_msg", (m) => seen.push(m));
    seen.push(await ask(room.join()), await ask(room.push("ping", { n: 1 })), await ask(room.push("ping", { n: 2 })), await ask(room.push("nope", {})));
    room.push("new_msg", { body: "hi" });
    await until("the broadcast", () => seen.length === 5);
    await ask(room.leave());
    await bye(socket);
    return seen;
  };
  const seen = await script(proxy.port);
  assert.equal(await proxy.stop(), 0);

  const same = await run("phx", "replay", out, "--to", `ws://127.0.0.1:${server.port}/socket`);
  assert.equal(same.code, 0, same.stdout + same.stderr);
  assert.match(same.stderr, /0 differences/);
  const mock = await start("phx-server", "mock", "--replay", out, "--port", "0");
  assert.deepEqual(await script(mock.port), seen);
  assert.equal(await mock.stop(), 0);

  const other = await start("phx-server", "mock", chat("other.yaml"), "--port", "0");
  const differs = await run("phx", "replay", out, "--to", `ws://127.0.0.1:${other.port}/socket`, "--timeout", "1");
  assert.equal(differs.code, 4);
  const lines = differs.stdout.trim().split("\n").map((l) => JSON.parse(l));
  assert.ok(lines.some((d) => d.what === "differs" && d.expected.response.reason === "unknown event" && /no rule/.test(d.actual.response.reason)), differs.stdout);
  assert.equal(await other.stop(), 0);
  assert.equal(await server.stop(), 0);
  assert.equal((await run("phx", "replay", out, "--to", through)).code, 3);

  for (const [to, pattern] of [["scenario", /phxkit_scenario: 1[\s\S]*join: \{ topic: "room:r"/], ["mock", /phxkit_mock: 1[\s\S]*"new_msg":/], ["har", /_webSocketMessages/]]) {
    const r = await run("phx", "capture", "convert", out, "--to", to);
    assert.equal(r.code, 0, r.stderr);
    assert.match(r.stdout, pattern);
    if (to !== "har") continue;
    const back = await run("phx", "capture", "convert", file("s.har", r.stdout), "--to", "capture");
    assert.equal(back.code, 0, back.stderr);
    const frames = (t) => t.split("\n").filter(Boolean).map((l) => JSON.parse(l)).filter((e) => e.k === "frame").map((e) => [e.d, e.raw]);
    assert.deepEqual(frames(back.stdout), frames(readFileSync(out, "utf8")));
  }
});

test("a replay counts its own refs: a recording from the middle of a client's life", async () => {
  const server = await start("phx-server", "--port", "0");
  const out = path.join(dir, "late.ndjson"), again = path.join(dir, "again.ndjson");
  let proxy = await start("phx", "proxy", "--listen", "0", "--to", `ws://127.0.0.1:${server.port}`, "--out", out, "--quiet");
  const socket = await connect(proxy.port);
  const [first, second] = [socket.channel("room:first", {}), socket.channel("room:second", {})];
  await ask(first.join());
  await ask(first.push("ping", { n: 0 }));
  await ask(second.join());
  await ask(second.push("ping", { n: 1 }));
  await bye(socket);
  assert.equal(await proxy.stop(), 0);
  const lines = readFileSync(out, "utf8").trim().split("\n");
  const late = file("cut.ndjson", lines.filter((l) => !l.includes("room:first")).join("\n") + "\n");
  const sent = (f) => readFileSync(f, "utf8").trim().split("\n").map((l) => JSON.parse(l)).filter((e) => e.k === "frame" && e.d === "out" && e.topic === "room:second").map((e) => JSON.parse(e.raw).slice(0, 4));
  assert.deepEqual(sent(late).map((m) => m[3]), ["phx_join", "ping"]);
  assert.notEqual(sent(late)[0][0], "1");
  proxy = await start("phx", "proxy", "--listen", "0", "--to", `ws://127.0.0.1:${server.port}`, "--out", again, "--quiet");
  const r = await run("phx", "replay", late, "--to", `ws://127.0.0.1:${proxy.port}/socket`);
  assert.equal(r.code, 0, r.stdout + r.stderr);
  assert.match(r.stderr, /2 frames sent, 2 compared, 0 differences/);
  assert.equal(await proxy.stop(), 0);
  assert.equal(await server.stop(), 0);
  assert.deepEqual(sent(again), [["1", "1", "room:second", "phx_join"], ["1", "2", "room:second", "ping"]]);
});

// design.md section 4: phx push, through a proxy; its session again by a mock, by phx replay and as a scenario.
for (const vsn of ["2.0.0", "1.0.0"]) {
  test(`a session of vsn ${vsn} serves as a mock, as a client and as a scenario`, async () => {
    const server = await start("phx-server", "--port", "0");
    const out = path.join(dir, `push-${vsn}.ndjson`);
    const proxy = await start("phx", "proxy", "--listen", "0", "--to", `ws://127.0.0.1:${server.port}`, "--out", out, "--quiet");
    const url = (port) => `ws://127.0.0.1:${port}/socket`;
    const ping = (port) => run("phx", "push", url(port), "room:sdk", "ping", '{"n":[1,"{{ x }}"]}', "--vsn", vsn, "--params", '{"user_id":"ada b"}');
    const before = await ping(proxy.port);
    assert.equal(before.code, 0, before.stderr);
    assert.deepEqual(JSON.parse(before.stdout), { status: "ok", response: { n: [1, "{{ x }}"] } });
    assert.equal(await proxy.stop(), 0);

    const mock = await start("phx-server", "mock", "--replay", out, "--port", "0");
    assert.deepEqual(await ping(mock.port), before, "the SDK cannot tell the mock from the server");
    assert.equal(await mock.stop(), 0);

    const again = await run("phx", "replay", out, "--to", url(server.port));
    assert.equal(again.code, 0, again.stdout + again.stderr);
    assert.match(again.stderr, /[23] compared, 0 differences/);
    const polled = await run("phx", "replay", out, "--to", url(server.port), "--transport", "longpoll", "--vsn", vsn);
    assert.equal(polled.code, 0, polled.stdout + polled.stderr);
    const refusing = await start("phx", "proxy", "--listen", "0", "--to", `ws://127.0.0.1:${server.port}`, "--out", "/dev/null", "--quiet", "--fault", '{"refuse_upgrade":{"status":503,"limit":1}}');
    const fallen = await run("phx", "replay", out, "--to", url(refusing.port), "--transport", "auto");
    assert.equal(fallen.code, 0, fallen.stdout + fallen.stderr);
    assert.match(fallen.stderr, /503.*; going on with long-poll/);
    assert.equal(await refusing.stop(), 0);
    assert.equal((await run("phx", "replay", out, "--to", url(server.port), "--header", "Origin: http://elsewhere.invalid")).code, 3);
    const other = await run("phx", "replay", out, "--to", url(server.port), "--vsn", vsn === "1.0.0" ? "2.0.0" : "1.0.0");
    assert.equal(other.code, 2);
    assert.match(other.stderr, /--vsn .*: the frames of the capture are sent as they are, and they are of vsn/);

    const scenario = path.join(dir, `push-${vsn}.yaml`);
    assert.equal((await run("phx", "capture", "convert", out, "--to", "scenario", "--out", scenario)).code, 0);
    const text = readFileSync(scenario, "utf8");
    assert.match(text, /connect: \{ params: \{"user_id":"ada b"\}/);
    assert.equal(/vsn: 1\.0\.0/.test(text), vsn === "1.0.0", text);
    const played = await run("phx", "test", scenario);
    assert.equal(played.code, 0, played.stdout + played.stderr + text);

    const result = path.join(dir, "load.json");  // design.md section 5: captures are read by phx-load too
    const load = await run("phx-load", "run", out, "--url", url(server.port), "--users", "3", "--ramp", "0.1", "--duration", "1", "--max-lag", "60", "--out", result);
    assert.equal(load.code, 0, load.stdout + load.stderr);
    const { counters, reply, errors } = JSON.parse(readFileSync(result, "utf8"));
    assert.ok(counters.scenarios >= 3 && reply.count >= 3, load.stderr);
    assert.equal(errors.total, 0);
    assert.equal(await server.stop(), 0);
  });
}

test("two people and their presences, recorded, pass as a scenario", async () => {
  const server = await start("phx-server", "--port", "0");
  const out = path.join(dir, "people.ndjson");
  const proxy = await start("phx", "proxy", "--listen", "0", "--to", `ws://127.0.0.1:${server.port}`, "--out", out, "--quiet");
  const seen = [];
  const enter = async (user) => {
    const socket = await connect(proxy.port, { params: { user_id: user, api_token_hint: "geheim" } });
    const room = socket.channel("chat:recorded", {});
    for (const event of ["presence_state", "presence_diff"]) room.on(event, (m) => seen.push([user, event, m]));
    assert.equal((await ask(room.join()))[0], "ok");
    await until(`${user} sees the room`, () => seen.some(([who, event]) => who === user && event === "presence_state"));
    return { socket, room };
  };
  const ada = await enter("ada"), bob = await enter("bob");
  await until("ada sees bob", () => seen.some(([who, event, m]) => who === "ada" && event === "presence_diff" && m.joins.bob));
  await ask(bob.room.leave());
  await until("ada sees bob go", () => seen.some(([who, event, m]) => who === "ada" && event === "presence_diff" && m.leaves.bob));
  await bye(bob.socket, ada.socket);
  assert.equal(await proxy.stop(), 0);
  const scenario = path.join(dir, "people.yaml");
  assert.equal((await run("phx", "capture", "convert", out, "--to", "scenario", "--out", scenario)).code, 0);
  const text = readFileSync(scenario, "utf8");
  assert.ok(!text.includes("geheim") && /# masked in the capture: "api_token_hint"/.test(text), text);
  const played = await run("phx", "test", scenario, "--url", `ws://127.0.0.1:${server.port}/socket`);
  assert.equal(played.code, 0, played.stdout + played.stderr + text);
  assert.equal(await server.stop(), 0);
});

test("faults act on long-poll sessions", async () => {
  const server = await start("phx-server", "--port", "0");
  const through = async (fault, ...more) => {
    const out = path.join(dir, "lp-fault.ndjson");
    const proxy = await start("phx", "proxy", "--listen", "0", "--to", `ws://127.0.0.1:${server.port}`, "--out", out, "--quiet", "--fault", fault);
    const began = Date.now();
    const r = await run("phx", "push", `ws://127.0.0.1:${proxy.port}/socket`, "room:lp", "ping", '{"n":1}', "--transport", "longpoll", "--timeout", "2", ...more);
    r.ms = Date.now() - began;
    assert.equal(await proxy.stop(), 0);
    r.notes = readFileSync(out, "utf8").trim().split("\n").map((l) => JSON.parse(l)).filter((e) => e.k === "note").map((e) => e.text);
    return r;
  };
  const passes = await through('{"drop":{"event":"nothing"}}');
  assert.deepEqual([passes.code, passes.notes], [0, []], passes.stderr);
  const dropped = await through('{"drop":{"event":"ping"}}');
  assert.equal(dropped.code, 124, dropped.stdout + dropped.stderr);
  assert.match(dropped.notes[0], /^fault: drop/);
  assert.equal((await through('{"never_reply":{"event":"ping"}}')).code, 124);
  const refused = await through('{"error_reply":{"event":"ping","response":{"reason":"busy"}}}');
  assert.equal(refused.code, 4);
  assert.deepEqual(JSON.parse(refused.stdout), { status: "error", response: { reason: "busy" } });
  const late = await through('{"delay":{"event":"phx_reply","topic":"room:lp","by":"400ms","nth":2}}');
  assert.equal(late.code, 0, late.stderr);
  assert.ok(late.ms >= 400, `${late.ms} ms`);
  const twice = await through('{"duplicate":{"event":"ping","direction":"out"}}');
  assert.equal(twice.code, 0, twice.stderr);
  assert.equal((await through('{"refuse_upgrade":{"status":503}}')).code, 3);
  assert.notEqual((await through('{"close":{"event":"ping","code":1006,"limit":1}}')).code, 0);
  assert.equal(await server.stop(), 0);
});

test("phx record writes a masked capture", async () => {
  const server = await start("phx-server", "--port", "0");
  const url = `ws://127.0.0.1:${server.port}/socket`;
  const record = run("phx", "record", url, "room:x", "room:y", "--join-payload", '{"secret":"s3cr3t"}', "--timeout", "1.5");
  const r = await record;
  assert.equal(r.code, 0, r.stderr);
  const lines = r.stdout.trim().split("\n").map((l) => JSON.parse(l));
  assert.equal(lines[0].tool, "phx record");
  assert.deepEqual(lines.filter((e) => e.event === "phx_join").map((e) => e.topic).sort(), ["room:x", "room:y"]);
  assert.ok(!r.stdout.includes("s3cr3t"));
  assert.equal((await run("phx", "record", url, "nowhere")).code, 4);
  assert.equal(await server.stop(), 0);
});

test("the control API: push, wait, faults, kick, list, reset", async () => {
  const mock = await start("phx-server", "mock", chat("control.yaml"), "--port", "0");
  const socket = await connect(mock.port);
  const room = socket.channel("room:c", {});
  const seen = [];
  room.on("alarm", (m) => seen.push(m));
  await ask(room.join());
  assert.equal((await control(mock.port, "POST", "/push", { topic: "room:c", event: "alarm", payload: { level: 3 } })).status, 200);
  await until("the push", () => seen.length === 1);
  assert.deepEqual(seen, [{ level: 3 }]);
  const waiting = control(mock.port, "POST", "/wait", { topic: "room:c", event: "new_msg", payload: { body: "now" } });
  room.push("new_msg", { body: "now", more: 1 });
  assert.equal((await waiting).entries[0].payload.more, 1);
  assert.equal((await control(mock.port, "POST", "/wait", { event: "never", timeout: "100ms" })).status, 408);
  assert.equal((await control(mock.port, "POST", "/faults", { error_reply: { event: "ping", response: { reason: "fault" } } })).status, 200);
  assert.deepEqual(await ask(room.push("ping", {})), ["error", { reason: "fault" }]);
  assert.equal((await control(mock.port, "DELETE", "/faults")).status, 200);
  assert.deepEqual(await ask(room.push("ping", { n: 1 })), ["ok", { n: 1 }]);
  assert.match((await control(mock.port, "POST", "/faults", { dorp: {} })).error, /did you mean 'drop'/);
  const { clients } = await control(mock.port, "GET", "/clients");
  assert.equal(clients.length, 1);
  const closed = new Promise((resolve) => socket.onClose((e) => resolve(e.code)));
  for (const act of ["/kick", "/silence"]) {
    const nobody = await control(mock.port, "POST", act, { client: 999 });
    assert.equal(nobody.status, 404);
    assert.match(nobody.error, /no client 999/);
  }
  assert.equal((await control(mock.port, "POST", "/kick", { client: clients[0].client, code: 4001, reason: "out" })).status, 200);
  assert.equal(await closed, 4001);
  await until("another connection", () => works(room));
  assert.equal((await control(mock.port, "POST", "/disconnect", {})).status, 200);
  await until("a third", async () => (await control(mock.port, "GET", "/summary")).clients === 3);
  assert.equal((await control(mock.port, "POST", "/reset")).status, 200);
  assert.equal((await control(mock.port, "GET", "/summary")).clients, 0);
  await bye(socket);
  assert.equal(await mock.stop(), 0);
});

test("the control API knows long-poll sessions: list, push, wait, kick, disconnect, silence", async () => {
  const mock = await start("phx-server", "mock", chat("control_longpoll.yaml"), "--port", "0");
  const socket = await connect(mock.port, { transport: LongPoll, params: { name: "ada", token_of_ada: "s3cr3t" } });
  const room = socket.channel("room:lp", {});
  const seen = [];
  room.on("alarm", (m) => seen.push(m));
  await ask(room.join());
  const list = async () => (await control(mock.port, "GET", "/clients")).clients;
  const [first, ...others] = await list();
  assert.deepEqual(others, []);
  assert.deepEqual(Object.keys(first).sort(), ["client", "received", "sent", "silent", "target", "transport"]);
  assert.equal(first.transport, "longpoll");
  assert.match(first.target, /^\/socket\/longpoll\?.*name=ada/);
  assert.ok(!first.target.includes("s3cr3t") && first.received >= 1 && first.sent >= 1 && first.silent === false, JSON.stringify(first));
  assert.equal((await control(mock.port, "POST", "/push", { topic: "room:lp", event: "alarm", payload: { level: 3 } })).status, 200);
  await until("the push", () => seen.length === 1);
  const waiting = control(mock.port, "POST", "/wait", { client: first.client, event: "new_msg" });
  room.push("new_msg", { body: "now" });
  assert.equal((await waiting).entries[0].payload.body, "now");
  assert.equal((await control(mock.port, "POST", "/wait", { client: first.client + 1, event: "new_msg", timeout: "50ms" })).status, 408);

  const another = async (what) => {
    await until(`another session after the ${what}`, async () => (await list()).length === 1 && (await list())[0].client !== last && (await works(room)));
    last = (await list())[0].client;
  };
  let last = first.client;
  assert.equal((await control(mock.port, "POST", "/kick", { client: last })).status, 200);
  await another("kick");
  assert.equal((await control(mock.port, "POST", "/disconnect", {})).status, 200);
  await another("disconnect");
  assert.equal((await control(mock.port, "POST", "/silence", { client: last })).status, 200);
  assert.deepEqual((await list()).map((c) => [c.client, c.silent]), [[last, true]]);
  assert.equal((await journal(mock.port)).filter((e) => e.k === "close").length, 2);
  await bye(socket);
  assert.equal(await mock.stop(), 0);
});

// Issue 6, point 6: HTTP routes, binary payloads.
test("the mock has HTTP routes, and bytes in patterns and replies", async () => {
  const mock = await start("phx-server", "mock", file("routes.yaml", `phxkit_mock: 1
channels:
  "room:*":
    on: { bytes: [ { when: { payload: { $binary: "AAEC/w==" } }, reply: { response: { $binary: "/wA=" } } }, { reply: { status: error } } ] }
routes:
  "GET /api/rooms/:id": { status: 203, headers: { x-made-by: mock }, body: { id: "{{ params.id }}", page: "{{ params.page }}", by: "{{ method }} {{ path }}" } }
  "POST /api/rooms": { status: 201, body: { name: "{{ params.name }}" } }
  "PUT /text": { body: "plain" }
  "DELETE /gone": { status: 204 }
`), "--port", "0");
  const http = (method, route, options = {}) => fetch(`http://127.0.0.1:${mock.port}${route}`, { method, ...options });
  const room = await http("GET", "/api/rooms/7?page=2");
  assert.deepEqual([room.status, room.headers.get("x-made-by"), await room.json()], [203, "mock", { id: "7", page: "2", by: "GET /api/rooms/7" }]);
  const made = await http("POST", "/api/rooms", { body: '{"name":"lobby"}', headers: { "content-type": "application/json" } });
  assert.deepEqual([made.status, await made.json()], [201, { name: "lobby" }]);
  const text = await http("PUT", "/text");
  assert.deepEqual([text.status, text.headers.get("content-type"), await text.text()], [200, "text/plain; charset=utf-8", "plain"]);
  const gone = await http("DELETE", "/gone");
  assert.deepEqual([gone.status, await gone.text()], [204, ""]);
  assert.equal((await http("GET", "/gone")).status, 404);
  const push = (bytes) => run("phx", "push", `ws://127.0.0.1:${mock.port}/socket`, "room:b", "bytes", JSON.stringify({ $binary: bytes }));
  const fits = await push("AAEC/w==");
  assert.deepEqual([fits.code, JSON.parse(fits.stdout)], [0, { status: "ok", response: { $binary: "/wA=" } }], fits.stderr);
  assert.equal((await push("AAEC")).code, 4);
  assert.equal(await mock.stop(), 0);
});

test("phx-server mock --help names where it listens", async () => {
  assert.match((await run("phx-server", "mock", "--help")).stdout, /--host ADDRESS[\s\S]*--port N/);
});

// golden v2_join, server.md 5.1 #2, on the wire; then all the rules.
test("the mock answers as a Phoenix server: unknown topics, and phx conformance", async () => {
  const mock = await start("phx-server", "mock", file("conformance.yaml", `phxkit_mock: 1
sockets: { /socket: { refuse: { when: { params: { token: not-a-token } }, status: 403 } } }
channels:
  "room:private": { join: { reply: { status: error, response: { reason: unauthorized } } } }
  "room:*":
    on:
      ping: { reply: { response: "{{ payload }}" } }
      new_msg: { broadcast: { event: new_msg, payload: "{{ payload }}" } }
      crash: { crash: true }
`), "--port", "0", "--log-level", "error");
  const ws = new WebSocket(`ws://127.0.0.1:${mock.port}/socket/websocket?vsn=2.0.0`);
  await once(ws, "open");
  ws.send('["1","2","nowhere","phx_join",{}]');
  const [frame] = await once(ws, "message");
  assert.deepEqual(JSON.parse(frame), [null, "2", "nowhere", "phx_reply", { status: "error", response: { reason: "unmatched topic" } }]);
  assert.equal((await journal(mock.port)).filter((e) => e.k === "unexpected" && e.topic === "nowhere").length, 1);
  ws.close();
  const r = await run("phx", "conformance", `ws://127.0.0.1:${mock.port}/socket`, "--skip", "origin", "--crash-event", "crash");
  const lines = r.stdout.trim().split("\n").map((l) => JSON.parse(l));
  assert.deepEqual(lines.filter((l) => l.result === "fail"), []);
  assert.equal(r.code, 0, r.stderr);
  assert.equal(lines.at(-1).score, 100);
  assert.equal(await mock.stop(), 0);
});

test("an edited mock file is read again, a bad edit is not used; unmet expectations exit 4", async () => {
  const name = chat("edited.yaml", "expect: [ { event: never_sent } ]\n");
  const mock = await start("phx-server", "mock", name, "--port", "0", "--log-level", "error");
  const socket = await connect(mock.port);
  const room = socket.channel("room:e", {});
  await ask(room.join());
  writeFileSync(name, "phxkit_mock: 1\nchanels: {}\n");
  await until("the bad edit", async () => (await journal(mock.port)).some((e) => e.k === "note" && /bad edit.*edited\.yaml:2:1: unknown key 'chanels'/.test(e.text)));
  assert.ok(await works(room));
  writeFileSync(name, 'phxkit_mock: 1\nchannels: { "room:*": { on: { ping: { reply: { response: { edited: true } } } } } }\nexpect: [ { event: never_sent } ]\n');
  await until("the edit", async () => (await ask(room.push("ping", {})))[1].edited === true);
  await bye(socket);
  assert.equal(await mock.stop(), 4);
});

test("what is wrong on the command line is one line with a remedy", async () => {
  for (const [args, code, text] of [
    [["phx-server", "mock"], 2, /name either a mock file or --replay/],
    [["phx-server", "mock", "/nonexistent.yaml"], 2, /nonexistent/],
    [["phx-server", "mock", file("bad.yaml", "phxkit_mock: 1\nfaults: [ { dorp: {} } ]\n")], 2, /bad\.yaml:2:11: unknown fault 'dorp', did you mean 'drop'/],
    [["phx-server", "mock", "--replay", file("bad.ndjson", "nope\n")], 2, /bad\.ndjson: line 1: not JSON/],
    [["phx", "proxy", "--listen", "0", "--to", "nonsense"], 2, /--to: .*no URL/],
    [["phx", "proxy", "--listen", "0", "--to", "ws://127.0.0.1:1", "--fault", "deplo"], 2, /did you mean 'deploy'/],
    [["phx", "replay", file("empty.ndjson", '{"phxkit_capture":1}\n'), "--to", "ws://127.0.0.1:1/socket"], 2, /no frames/],
    [["phx", "capture", "convert", file("bad.har", "{}"), "--to", "mock"], 2, /no "log"; is this a HAR file/],
  ]) {
    const r = await run(...args);
    assert.equal(r.code, code, args.join(" ") + r.stderr);
    assert.match(r.stderr, text);
    assert.equal(r.stderr.trim().split("\n").length, 1, r.stderr);
  }
});
