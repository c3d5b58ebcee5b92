// A fleet of phx-load over a real nats-server (issue 7, point 8): common start, the whole on the coordinator, gates and ends for everybody, deaths reported.
import { describe, test, before, after } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { start } from "./server.mjs";
import { load, results } from "./load_tool.mjs";

const { file, result } = results();
let server, nats, url, bus;

/** On a free port that it chooses itself and tells in its log. */
async function startNats() {
  const child = spawn("nats-server", ["-a", "127.0.0.1", "-p", "-1"], { stdio: ["ignore", "ignore", "pipe"] });
  process.on("exit", () => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stderr });
  let port;
  for await (const line of lines) {
    port ??= line.match(/Listening for client connections on 127\.0\.0\.1:(\d+)/)?.[1];
    if (/Server is ready/.test(line)) break;
  }
  assert.ok(port, "nats-server says where it listens");
  child.stderr.resume();
  return { port, stop: async (signal = "SIGTERM") => { const ended = once(child, "exit"); child.kill(signal); await ended; } };
}

before(async () => {
  [server, nats] = await Promise.all([start("phx-server", "--port", "0", "--log-level", "error"), startNats()]);
  url = `ws://127.0.0.1:${server.port}/socket`;
  bus = `nats://127.0.0.1:${nats.port}`;
});
after(async () => { await nats.stop(); await server.stop(); });

/** One member; the machine that tests may be busy. */
const member = (fleet, members, plan, ...args) =>
  load("run", plan, "--url", url, "--nats", bus, "--fleet", fleet, "--members", String(members), "--max-lag", "60", ...args);
const coordinates = (m) => /this member coordinates/.test(m.stderr());
async function begun(members) {
  await Promise.all(members.map((m) => m.says(/segment \d of \d/)));
  return { first: members.find(coordinates), others: members.filter((m) => !coordinates(m)) };
}

// Most of the time they wait: so, several at once.
describe("a fleet", { concurrency: 4 }, () => {

test("three members make one run: the totals are the sum, everybody ends with the same result", async () => {
  const args = ["broadcast", "--users", "30", "--rate", "20", "--ramp", "1", "--duration", "3", "--drain", "10", "--gate", "delivery.lost == 0"];
  const members = [1, 2, 3].map((n) => member("sum", 3, ...args, "--out", file(`f${n}.json`)));
  const done = await Promise.all(members.map((m) => m.done));
  for (const r of done) assert.equal(r.code, 0, r.stderr);
  assert.equal(members.filter(coordinates).length, 1);
  assert.equal(new Set(done.map((r) => r.stdout)).size, 1, "each prints the whole");
  const j = result("f1.json");
  assert.deepEqual(result("f3.json"), j);
  assert.deepEqual(j.users, { planned: 30, connected: 30, joined: 30, failed: 0 });
  assert.deepEqual([j.deliveries.received, j.deliveries.lost, j.deliveries.duplicate, j.deliveries.out_of_order], [j.deliveries.expected, 0, 0, 0]);
  assert.ok(j.deliveries.expected > 30 * 45 && j.deliveries.expected <= 30 * 60, `${j.deliveries.expected}`);
  assert.equal(j.histograms.delivery.count, j.deliveries.received);
  assert.equal(j.series.reduce((n, s) => n + (s.counters.deliveries ?? 0), 0), j.deliveries.received);
  assert.equal(j.generator.processes, 3);
  assert.equal(j.segment, "1/1");
  // One machine, one monotonic clock: the true offset is 0, so the measured one must be within its own error.
  assert.deepEqual(j.fleet.members.map((m) => [m.segment, m.died, m.reports_lost]), [[1, false, 0], [2, false, 0], [3, false, 0]]);
  for (const m of j.fleet.members) assert.ok(Math.abs(m.clock_offset_us) <= m.clock_error_us, JSON.stringify(m));
  assert.match(members.find(coordinates).stderr(), /joined 30\/30/, "the coordinator shows the whole");
});

test("a member killed in the middle is reported, and the result is not to be trusted", async () => {
  const members = [1, 2, 3].map((n) => member("death", 3, "echo", "--users", "30", "--rate", "60", "--ramp", "0", "--duration", "9", "--out", file(`d${n}.json`)));
  const { first, others } = await begun(members);
  await first.says(/ 2s of/);
  others[0].child.kill("SIGKILL");
  const [coordinator, survivor] = await Promise.all([first.done, others[1].done]);
  assert.equal(coordinator.code, 6, coordinator.stderr);
  assert.equal(survivor.code, 6);
  const j = JSON.parse(coordinator.stdout);
  assert.equal(j.fleet.members.filter((m) => m.died).length, 1);
  assert.equal(j.generator.overloaded, true);
  assert.match(j.generator.reasons.join("\n"), /member [23] of the fleet \(.+:\d+\) died; its users are missing/);
  assert.deepEqual([j.users.planned, j.reply.count > 20 * 7], [20, true], "the others count");
});

/** Issue 7, points 2 and 8: a scenario file is a user of any run, each member with its own copy of the file. */
const meeting = `phxkit_scenario: 1
name: meeting
actors:
  ada:
    - connect: {}
    - join: { topic: "room:meet-{{ user }}", as: room }
    - sync: in
    - push: { on: room, event: new_msg, payload: { from: "{{ user }}" } }
    - push: { on: room, event: ping, payload: { me: "{{ user }}" }, expect: { status: ok, response: { me: "{{ user }}" } } }
    - wait: 300ms
  bob:
    - connect: {}
    - join: { topic: "room:meet-{{ user }}", as: room }
    - sync: in
    - expect: { on: room, event: new_msg, payload: { from: "{{ user }}" } }
    - wait: 300ms
within: 20s
load: { stages: [ { users: 9, over: 500ms }, { users: 9, for: 500ms } ] }
gates: [ "errors.total == 0", "delivery.lost == 0" ]
`;
const copyOf = (text, folder) => { mkdirSync(file(folder)); writeFileSync(file(`${folder}/meeting.yaml`), text); return file(`${folder}/meeting.yaml`); };
function wholeMeeting(j) {
  assert.deepEqual(j.users, { planned: 9, connected: 9, joined: 9, failed: 0 });
  assert.ok(j.counters.scenarios >= 9, `${j.counters.scenarios}`);
  assert.deepEqual([j.deliveries.expected, j.deliveries.received, j.reply.count], Array(3).fill(j.counters.scenarios));
  assert.deepEqual([j.counters.connects, j.counters.joins], Array(2).fill(2 * j.counters.scenarios));
}

test("a scenario file is played by a fleet, by processes and by segments; each user is there once", async () => {
  const members = ["here", "there", "over there"].map((folder, n) => member("meeting", 3, copyOf(meeting, folder), "--drain", "20", "--out", file(`meet${n}.json`), ...(n === 1 ? ["--processes", "2"] : [])));
  for (const r of await Promise.all(members.map((m) => m.done))) assert.equal(r.code, 0, r.stderr);
  wholeMeeting(result("meet0.json"));
  assert.equal(result("meet2.json").generator.processes, 4);
  const parts = await Promise.all(["here", "there"].map((folder, n) =>
    load("run", file(`${folder}/meeting.yaml`), "--url", url, "--max-lag", "60", "--drain", "20", "--processes", "2", "--segment", `${n + 1}/2`, "--out", file(`part${n}.json`)).done));
  for (const r of parts) assert.equal(r.code, 0, r.stderr);
  const together = await load("merge", file("part0.json"), file("part1.json"), "--out", file("meet.json")).done;
  assert.equal(together.code, 0, together.stderr);
  wholeMeeting(result("meet.json"));
});

test("members with another text of the scenario are no fleet", async () => {
  const pair = [meeting, meeting.replace("300ms", "400ms")].map((text, n) => member("texts", 2, copyOf(text, `text${n}`), "--fleet-wait", "3").done);
  assert.deepEqual((await Promise.all(pair)).map((r) => r.code).sort(), [124, 2]);
});

test("when NATS dies the coordinator tells what it knows, and that it is not all", async () => {
  const own = await startNats();
  const members = [1, 2].map(() => load("run", "echo", "--url", url, "--nats", `nats://127.0.0.1:${own.port}`, "--fleet", "bus", "--members", "2", "--max-lag", "60",
    "--users", "10", "--rate", "20", "--ramp", "0", "--duration", "9"));
  const { first, others } = await begun(members);
  await first.says(/ 2s of/);
  await own.stop("SIGKILL");
  const [coordinator, member] = await Promise.all([first.done, others[0].done]);
  assert.equal(member.code, 1);
  assert.match(member.stderr, /the coordinator of the fleet is gone/);
  assert.equal(coordinator.code, 6, coordinator.stderr);
  assert.match(JSON.parse(coordinator.stdout).generator.reasons.join("\n"), /member 2 of the fleet .* died/);
});

test("an aborting gate looks at all members and stops them all", async () => {
  const args = ["echo", "--users", "20", "--rate", "100", "--ramp", "0", "--duration", "60", "--abort", "count.replies < 150"];
  const done = await Promise.all([1, 2].map((n) => member("abort", 2, ...args, "--out", file(`a${n}.json`)).done));
  for (const r of done) assert.equal(r.code, 7, r.stderr);
  assert.equal(result("a1.json").aborted_by, "count.replies < 150");
  assert.ok(result("a1.json").seconds < 30);
});

test("Ctrl-C on any member ends the fleet, with what there is", async () => {
  const members = [1, 2].map(() => member("ctrl-c", 2, "echo", "--users", "10", "--rate", "50", "--ramp", "0", "--duration", "60"));
  const { first, others } = await begun(members);
  await first.says(/ 2s of/);
  others[0].child.kill("SIGINT");
  for (const r of await Promise.all(members.map((m) => m.done))) {
    assert.equal(r.code, 130, r.stderr);
    assert.ok(JSON.parse(r.stdout).reply.count > 10);
  }
});

test("who comes late, has another plan, or is alone is told so in one line", async () => {
  const last = (r) => r.stderr.trim().split("\n").at(-1);
  const alone = await member("alone", 2, "echo", "--fleet-wait", "1").done;
  assert.deepEqual([alone.code, last(alone)], [124, "phx-load: fleet alone: only 1 of 2 members came"]);
  const pair = [1, 2].map(() => member("pair", 2, "echo", "--users", "4", "--ramp", "0", "--duration", "3"));
  await begun(pair);
  const late = await member("pair", 2, "echo", "--users", "4", "--ramp", "0", "--duration", "3").done;
  assert.deepEqual([late.code, last(late)], [1, "phx-load: fleet pair: the fleet has its 2 members already"]);
  for (const m of pair) assert.equal((await m.done).code, 0);
  const different = [10, 11].map((users) => member("different", 2, "echo", "--users", String(users), "--fleet-wait", "3"));
  const codes = await Promise.all(different.map((m) => m.done.then((r) => r.code)));
  assert.deepEqual(codes.sort(), [124, 2]);
});

test("no nats-server exits 3, flags that do not fit 2", async () => {
  const nobody = await load("run", "echo", "--url", url, "--nats", "nats://127.0.0.1:1", "--fleet", "x", "--members", "2").done;
  assert.equal(nobody.code, 3);
  assert.match(nobody.stderr, /^phx-load: cannot connect to nats:\/\/127\.0\.0\.1:1: .+\n$/);
  for (const [args, text] of [
    [["--fleet", "x"], /--nats URL and --fleet NAME go together/],
    [["--nats", bus, "--fleet", "a b"], /--fleet must be letters/],
    [["--nats", bus, "--fleet", "x", "--segment", "1/2"], /--segment and --fleet exclude each other/],
  ]) {
    const r = await load("run", "echo", "--url", url, ...args).done;
    assert.equal(r.code, 2);
    assert.match(r.stderr, text);
  }
});

/** Deterministic parts: whoever runs which segment, together they are the single run. */
test("segments merged are the single run: same users, pushes and deliveries", async () => {
  // Users are all there before the only publisher begins (behind the ramp), so the number of deliveries is no matter of luck.
  const args = ["broadcast", "--url", url, "--users", "24", "--rate", "10", "--ramp", "2", "--duration", "2", "--drain", "10", "--seed", "5", "--max-lag", "60"];
  const whole = await load("run", ...args, "--out", file("single.json")).done;
  assert.equal(whole.code, 0, whole.stderr);
  const parts = await Promise.all([1, 2, 3].map((n) => load("run", ...args, "--segment", `${n}/3`, "--out", file(`m${n}.json`)).done));
  for (const r of parts) assert.equal(r.code, 0, r.stderr);
  const together = await load("merge", ...[1, 2, 3].map((n) => file(`m${n}.json`)), "--out", file("merged.json")).done;
  assert.equal(together.code, 0, together.stderr);
  const single = result("single.json"), merged = result("merged.json");
  assert.deepEqual(merged.users, single.users);
  for (const counter of ["attempts", "joins", "published"]) assert.equal(merged.counters[counter], single.counters[counter], counter);
  assert.equal(single.counters.published, 20);
  const { expected, received, lost, duplicate, out_of_order } = merged.deliveries;
  assert.deepEqual([received, lost, duplicate, out_of_order], [expected, 0, 0, 0]);
  assert.ok(Math.abs(expected - single.deliveries.expected) <= 24 && expected > 24 * 18, `${expected}, single ${single.deliveries.expected}`);
});
});
