// phx-load with the files of phx test, and with an eye on the server (issue 7, points 2 and 7), against phx-server.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { start, bin } from "./server.mjs";
import { load, results } from "./load_tool.mjs";

const { file, result } = results();
let server, url;
before(async () => {
  server = await start("phx-server", "--port", "0", "--metrics-port", "0", "--log-level", "error");
  url = `ws://127.0.0.1:${server.port}/socket`;
});
after(() => server.stop());

const run = (plan, ...args) => load("run", plan, "--url", url, "--max-lag", "60", ...args).done;
const write = (name, text) => { writeFileSync(file(name), text); return file(name); };
const steps = (text, load = "load: { stages: [ { users: 2, for: 500ms } ] }") => `phxkit_scenario: 1\nactors:\n  one:\n    - connect: {}\n${text}${load}\n`;

// design.md section 5, "the shape to start from".
const chat = `phxkit_scenario: 1
name: two people chat
url: ws://127.0.0.1:4000/socket
actors:
  ada:
    - connect: { params: { user_id: "ada-{{ user }}" } }
    - join: { topic: "chat:{{ user % 10 }}", as: room, expect: { status: ok } }
    - sync: both are in
    - push: { on: room, event: new_message, payload: { message: "hi {{ seq }}" }, expect: { status: ok, within: 10s } }
    - leave: room
  bob:
    - connect: {}
    - join: { topic: "chat:{{ user % 10 }}", as: room }
    - sync: both are in
    - expect: { on: room, event: new_message, payload: { message: !regex "^hi " }, within: 10s, capture: { id: /id } }
    - refute: { on: room, event: error, for: 200ms }
load: { stages: [ { users: 12, over: 1s }, { users: 12, for: 1s } ] }
gates: [ "join.p99 < 20s", "delivery.lost == 0", "errors.total == 0" ]
`;

test("one file is a test for phx test and a user for phx-load, in one process and in two", async () => {
  const scenario = write("chat.yaml", chat);
  assert.equal(spawnSync(path.join(bin, "phx"), ["test", scenario, "--url", url], { timeout: 60_000 }).status, 0);
  for (const processes of ["1", "2"]) {
    const r = await run(scenario, "--processes", processes, "--out", file("chat.json"), "--html", file("chat.html"));
    assert.equal(r.code, 0, r.stderr);
    const j = result("chat.json");
    assert.deepEqual(j.users, { planned: 12, connected: 12, joined: 12, failed: 0 });
    assert.ok(j.counters.scenarios >= 12, r.stderr);
    assert.equal(j.deliveries.received, j.counters.scenarios);
    assert.equal(j.reply.count, j.counters.scenarios);
    assert.deepEqual(j.gates.map((g) => g.pass), [true, true, true]);
    assert.match(r.stderr, /scenarios +\d+ passed, 0 failed/);
  }
});

test("expectations that fail are errors by class; nobody through is exit 4, with place and difference", async () => {
  const r = await run(write("wrong.yaml", steps("    - join: room:1\n    - push: { event: ping, payload: { a: 1 }, expect: { status: ok, response: { a: 2 } } }\n")), "--out", file("wrong.json"));
  assert.equal(r.code, 4, r.stderr);
  assert.match(r.stderr, /nobody could play the scenario to its end: .*wrong\.yaml:6:7: one: the reply to push is not as expected; \/a: expected 2, got 1/);
  assert.deepEqual(Object.keys(result("wrong.json").errors.by_class), ["unexpected_reply"]);
  const refused = await run(write("refused.yaml", steps("    - join: room:private\n")), "--out", file("refused.json"));
  assert.equal(refused.code, 4);
  assert.deepEqual(Object.keys(result("refused.json").errors.by_class), ["join_refused"]);
  const wanted = await run(write("wanted.yaml", steps("    - join: { topic: room:private, expect: { status: error } }\n    - wait: 100ms\n")), "--gate", "errors.total == 0");
  assert.equal(wanted.code, 0, wanted.stderr);  // it wants to be refused
});

test("what a load run cannot do is told before anything connects", async () => {
  for (const [text, args, message] of [
    [steps("    - jion: room:1\n"), [], /bad\.yaml:5:7: unknown step 'jion', did you mean 'join'\?/],
    [steps("    - disconnect\n    - connect: { transport: longpoll }\n"), [], /bad\.yaml:6:7: .*WebSocket/],
    [steps("    - http: { url: \"http://example.org/\" }\n"), [], /bad\.yaml:5:7: this request goes to another host/],
    [steps("    - wait: 1s\n"), ["--topic", "room:1"], /--topic does not go with a scenario/],
  ]) {
    const r = await run(write("bad.yaml", text), ...args);
    assert.equal(r.code, 2, r.stderr);
    assert.match(r.stderr, message);
    assert.equal(r.stderr.trim().split("\n").length, 1);
  }
  assert.equal((await run("join", "--out", "/nowhere/at/all.json")).code, 2);
});

test("handshakes that nobody finishes exit 124", async () => {
  const silent = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  await new Promise((ready) => silent.once("listening", ready));
  const r = await load("run", "join", "--url", `ws://127.0.0.1:${silent.address().port}/socket`, "--users", "2", "--ramp", "0", "--duration", "1", "--timeout", "0.5", "--max-lag", "60").done;
  silent.close();
  assert.equal(r.code, 124, r.stderr);
  assert.match(r.stderr, /no handshake came to an end in time/);
});

test("the server is watched beside the load; what cannot be read is said once", async () => {
  const r = await run("echo", "--users", "5", "--duration", "3", "--out", file("t.json"), "--html", file("t.html"),
    "--target-pid", String(server.pid), "--target-metrics", `http://127.0.0.1:${server.metricsPort}/metrics`, "--target-series", "phx_channels,phx_joins_total,nothing");
  assert.equal(r.code, 0, r.stderr);
  const { units, series, trouble } = result("t.json").target;
  assert.deepEqual(trouble, ["--target-metrics: there is no figure 'nothing'"]);
  assert.equal(units["process.cpu"], "cores");
  assert.equal(units.phx_joins_total, "per second");
  assert.ok(series.some((s) => s.values.phx_channels === 5), JSON.stringify(series));
  assert.ok(series.every((s) => s.values["process.memory"] === undefined || s.values["process.memory"] > 1e6));
  const gone = await run("echo", "--users", "2", "--duration", "3", "--target-pid", "4194304", "--target-metrics", "http://127.0.0.1:1/metrics");
  assert.equal(gone.code, 0);
  assert.equal(gone.stderr.match(/phx-load: --target-metrics: cannot connect to 127\.0\.0\.1:1/g).length, 1, gone.stderr);
  assert.equal(gone.stderr.match(/phx-load: --target-pid: there is no process 4194304/g).length, 1, gone.stderr);
});
