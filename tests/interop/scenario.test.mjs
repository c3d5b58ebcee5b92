// `phx test` against phx-server: every example of docs/scenarios.md, the reports, the exit codes of design.md section 4.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { start, bin } from "./server.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
const examples = [...fs.readFileSync(path.join(root, "docs/scenarios.md"), "utf8").matchAll(/```yaml scenario\n(.*?)```/gs)].map((m) => m[1]);
let server, url, dir;
before(async () => {
  server = await start("phx-server", "--port", "0");
  url = `ws://127.0.0.1:${server.port}/socket`;
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "phx-test-"));
});
after(async () => { await server.stop(); fs.rmSync(dir, { recursive: true }); });

function file(name, text) { const f = path.join(dir, name); fs.mkdirSync(path.dirname(f), { recursive: true }); fs.writeFileSync(f, text); return f; }
function phx(...args) {
  return new Promise((resolve) => execFile(path.join(bin, "phx"), ["test", ...args], { env: { ...process.env, PHX_TOKEN: "", NO_COLOR: "1", PHX_TEST_CAPTURES: path.join(dir, "captures") } }, (error, stdout, stderr) =>
    resolve({ code: error ? error.code : 0, stdout, stderr, get lines() { return stdout.split("\n").filter(Boolean).map((l) => JSON.parse(l)); } })));
}
const one = (steps, head = "") => `phxkit_scenario: 1\n${head}actors:\n  ada:\n${steps.map((s) => `    - ${s}\n`).join("")}`;
const joined = ["connect", "join: { topic: \"room:{{ user }}\", as: room }"];

test("every example of the guide passes", async () => {
  assert.equal(examples.length, 3);
  examples.forEach((text, i) => file(`guide/${i}.yaml`, text));
  const r = await phx(path.join(dir, "guide"), "--url", url);
  assert.equal(r.code, 0, r.stdout + r.stderr);
  assert.deepEqual(r.lines.map((l) => l.status), ["passed", "passed", "passed"]);
  assert.match(r.stderr, /^3 passed, 0 failed, 0 skipped in [\d.]+ s \(seed \d+\)$/m);
});

test("a failure exits 4 and shows line, difference and mailbox in every report", async () => {
  const f = file("fail.yaml", one([...joined, "push: { event: new_msg, payload: { body: hi } }", "expect: { event: new_msg, payload: { body: ho }, within: 200ms }"]));
  const report = (kind) => path.join(dir, `out.${kind}`);
  const r = await phx(f, "--url", url, "--pretty", "--junit", report("xml"), "--tap", report("tap"), "--html", report("html"));
  assert.equal(r.code, 4, r.stderr);
  assert.match(r.stdout, /7 \|     - expect: \{ event: new_msg/);
  assert.match(r.stdout, /nearest message, \/body: expected "ho", got "hi"/);
  assert.match(r.stdout, /room:0 new_msg \{"body":"hi"\}   <-- nearest/);
  assert.match(fs.readFileSync(report("xml"), "utf8"), /<testsuites tests="1" failures="1"/);
  assert.match(fs.readFileSync(report("tap"), "utf8"), /^TAP version 13\n1\.\.1\nnot ok 1 - fail\n/);
  const html = fs.readFileSync(report("html"), "utf8");
  assert.match(html, /nearest message/);
  assert.doesNotMatch(html, /https?:\/\/|<script/);
});

test("a failure leaves a capture that replays, with masked secrets; a pass leaves none", async () => {
  const captures = path.join(dir, "of-failures");
  const steps = ["connect: { params: { user_id: ada, password: geheim } }", joined[1], "push: { event: ping, payload: { n: 1, token: geheim }, expect: ok }",
    "push: { event: ping, payload: { n: 2 }, expect: { status: ok, response: { n: 3 } } }"];
  const f = file("sub/captured.yaml", one(steps));
  const r = await phx(f, file("fine.yaml", one(joined)), "--url", url, "--capture-dir", captures);
  assert.equal(r.code, 4, r.stderr);
  assert.equal(fs.readdirSync(captures).length, 1);
  const capture = r.lines.find((l) => l.status === "failed").capture;
  assert.equal(path.dirname(capture), captures);
  assert.match(path.basename(capture), /sub_captured\.ndjson$/);
  const text = fs.readFileSync(capture, "utf8");
  assert.ok(!text.includes("geheim"), text);
  const lines = text.trim().split("\n").map((l) => JSON.parse(l));
  assert.equal(lines[0].tool, "phx test");
  assert.ok(lines.some((l) => l.k === "frame" && l.d === "out" && l.event === "ping"));
  assert.ok(lines.some((l) => l.k === "frame" && l.d === "in" && l.event === "phx_reply" && l.status === "ok"));
  assert.ok(lines.some((l) => l.k === "note" && l.text === "actor ada"));
  assert.match(lines.at(-1).text, /captured\.yaml:7:7: /);
  const replay = await new Promise((resolve) => execFile(path.join(bin, "phx"), ["replay", capture, "--to", url], (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr })));
  assert.equal(replay.code, 0, replay.stdout + replay.stderr);
  assert.match((await phx(f, "--url", url, "--pretty")).stdout, /capture: .*captures\/.*sub_captured\.ndjson/);
  const nowhere = await phx(f, "--url", url, "--capture-dir", "/proc/nowhere");
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /--capture-dir: cannot write '\/proc\/nowhere/);
});

test("a bad file exits 2, names its place, and nothing runs", async () => {
  const bad = file("bad.yaml", one([...joined, "psuh: { event: x }"])), good = file("good.yaml", one(joined));
  const r = await phx(good, bad, "--url", url);
  assert.deepEqual([r.code, r.stdout], [2, ""]);
  assert.equal(r.stderr, `phx: ${bad}:6:7: unknown step 'psuh', did you mean 'push'?\n`);
  assert.equal((await phx(path.join(dir, "none.yaml"))).code, 2);
});

test("no server exits 3, a refusal too, a stalled handshake and a scenario without end 124", async () => {
  const f = file("connect.yaml", one(["connect: { within: 300ms }"]));
  const silent = net.createServer(() => {}).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const port = silent.address().port;
  assert.equal((await phx(f, "--url", `ws://127.0.0.1:${port}/socket`)).code, 124);
  silent.close();
  assert.equal((await phx(f, "--url", "ws://127.0.0.1:1/socket")).code, 3);
  assert.equal((await phx(f, "--url", url.replace("/socket", "/nowhere"))).code, 3);
  const endless = file("endless.yaml", one([...joined, "wait: 1h"]));
  const r = await phx(endless, "--url", url, "--timeout", "0.3");
  assert.equal(r.code, 124);
  assert.match(r.lines[0].failure.details[0], /ada waits at .*endless\.yaml:6:7 wait/);
});

test("tags choose, retries count, the seed repeats random values", async () => {
  file("tags/a.yaml", one(joined, "tags: [smoke]\n")); file("tags/b.yaml", one(joined, "tags: [slow]\n"));
  const r = await phx(path.join(dir, "tags"), "--url", url, "--tag", "smoke");
  assert.deepEqual([r.code, r.lines.length], [0, 1]);
  assert.match(r.stderr, /1 skipped/);
  assert.equal((await phx(path.join(dir, "tags"), "--url", url, "--exclude", "slow")).lines.length, 1);
  const f = file("random.yaml", one([...joined, "push: { event: ping, payload: { n: \"{{ random(1, 1000000) }}\" }, expect: { status: ok, response: { n: none } } }"]));
  const value = async () => { const x = await phx(f, "--url", url, "--seed", "7", "--retry", "2"); assert.equal(x.lines[0].attempts, 3); return x.lines[0].failure.details[0]; };
  assert.equal(await value(), await value());
});

// Issue 6, point 4: parallel files. Each of two files needs what the other sends.
test("--jobs says how many files run at a time", async () => {
  const peer = (me, other, times, within) => file(`jobs/${me}.yaml`, `phxkit_scenario: 1
actors:
  one:
    - connect
    - join: { topic: room:jobs, as: room }
    - parallel:
        - - repeat: { times: ${times}, every: 50ms, steps: [ { push: { on: room, event: new_msg, payload: { from: ${me} } } } ] }
        - - expect: { on: room, event: new_msg, payload: { from: ${other} }, within: ${within} }
`);
  const both = (times, within) => [peer("ada", "bob", times, within), peer("bob", "ada", times, within)];
  const together = await phx(...both(40, "5s"), "--url", url, "--jobs", "2");
  assert.equal(together.code, 0, together.stdout + together.stderr);
  const alone = await phx(...both(2, "200ms"), "--url", url, "--jobs", "1");
  assert.deepEqual([alone.code, alone.lines.map((l) => l.status)], [4, ["failed", "failed"]]);
});

test("--watch runs again when a file changes, until Ctrl-C", async () => {
  const watched = (event) => file("watch/w.yaml", one([...joined, `push: { event: ${event}, payload: { n: 1 }, expect: ok }`]));
  const child = spawn(path.join(bin, "phx"), ["test", watched("ping"), "--url", url, "--watch"], { env: { ...process.env, PHX_TOKEN: "", PHX_TEST_CAPTURES: path.join(dir, "captures") } });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value).status;
  assert.equal(await next(), "passed");
  watched("nobody_knows_this");
  assert.equal(await next(), "failed");
  watched("ping");
  assert.equal(await next(), "passed");
  child.kill("SIGINT");
  assert.equal((await exited)[0], 130);
});

test("a refused token exits 3", async () => {
  const refused = file("token.yaml", one(["connect: { params: { token: x } }"]));
  assert.equal((await phx(refused, "--url", url)).code, 3);
});

test("a close is expected or fails the step that needs the connection; nothing reconnects", async () => {
  let connections = 0;
  const peer = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(peer, "listening");
  peer.on("connection", (ws) => {
    connections += 1;
    ws.on("message", (m) => {
      const [join_ref, ref, topic] = JSON.parse(m);
      ws.send(JSON.stringify([join_ref, ref, topic, "phx_reply", { status: "ok", response: {} }]));
      ws.close(4001, "bye");
    });
  });
  const to = `ws://127.0.0.1:${peer.address().port}/socket`;
  const expected = await phx(file("closed.yaml", one([...joined, "expect: { closed: 4001 }", "wait: 1500ms"])), "--url", to);
  assert.equal(expected.code, 0, expected.stdout);
  const lost = await phx(file("lost.yaml", one([...joined, "expect: { event: x }"])), "--url", to);
  assert.equal(lost.code, 4);
  assert.equal(lost.lines[0].failure.message, "the connection was lost (close code 4001, bye)");
  assert.equal(connections, 2);
  peer.close();
});
