// phx-load as a CI job would use it, against phx-server: figures, gates, exit codes, processes, segments, interruption.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { start, bin, freePort } from "./server.mjs";
import { load, results } from "./load_tool.mjs";

const { file, result } = results();
let server, url;
before(async () => {
  server = await start("phx-server", "--port", "0", "--log-level", "error");
  url = `ws://127.0.0.1:${server.port}/socket`;
});
after(() => server.stop());

/** The machine that tests may be busy: what is tested here is not its scheduler. */
const run = (plan, ...args) => load("run", plan, "--url", url, "--max-lag", "60", ...args).done;

test("broadcast: every delivery is expected and received, with the figures the contract names", async () => {
  const r = await run("broadcast", "--users", "40", "--rate", "20", "--duration", "2", "--gate", "delivery.lost == 0", "--out", file("b.json"), "--junit", file("b.xml"), "--markdown", file("b.md"));
  assert.equal(r.code, 0, r.stderr);
  const j = result("b.json");
  assert.deepEqual(j.users, { planned: 40, connected: 40, joined: 40, failed: 0 });
  assert.ok(j.deliveries.expected > 40 * 30 && j.deliveries.expected <= 40 * 40);  // who joined late, on a busy machine, is owed less
  assert.equal(j.deliveries.received, j.deliveries.expected);
  for (const key of ["lost", "duplicate", "out_of_order"]) assert.equal(j.deliveries[key], 0, key);
  for (const metric of ["connect", "join", "reply", "delivery"])
    for (const key of ["count", "p50_us", "p90_us", "p99_us", "p999_us", "max_us"]) assert.equal(typeof j[metric][key], "number", `${metric}.${key}`);
  assert.deepEqual(j.gates, [{ expr: "delivery.lost == 0", value: 0, pass: true }]);
  assert.equal(j.histograms.delivery.count, j.deliveries.received);
  assert.equal(j.series.reduce((n, s) => n + (s.counters.deliveries ?? 0), 0), j.deliveries.received);
  assert.match(readFileSync(file("b.xml"), "utf8"), /<testsuite name="phx-load" tests="2" failures="0"/);
  assert.match(readFileSync(file("b.md"), "utf8"), /\| `delivery.lost == 0` \| 0 \| pass \|/);
  assert.equal(JSON.parse(r.stdout).deliveries.expected, j.deliveries.expected);
});

test("a gate that fails exits 5; one that aborts ends the run early and exits 7", async () => {
  assert.equal((await run("echo", "--users", "5", "--duration", "1", "--gate", "reply.p99 < 1us")).code, 5);
  const r = await run("echo", "--users", "5", "--rate", "50", "--duration", "60", "--abort", "reply.p50 < 1us", "--out", file("a.json"));
  assert.equal(r.code, 7, r.stderr);
  assert.ok(result("a.json").seconds < 30);
  assert.equal(result("a.json").aborted_by, "reply.p50 < 1us");
});

/** Issue 7, point 5: "abort with grace". */
test("an aborting gate is not looked at before its grace is over", async () => {
  const r = await run("echo", "--users", "5", "--rate", "50", "--ramp", "0", "--duration", "60", "--abort", "reply.p50 < 1us", "--abort-grace", "3", "--out", file("g.json"));
  assert.equal(r.code, 7, r.stderr);
  assert.ok(result("g.json").seconds >= 3 && result("g.json").seconds < 30, `${result("g.json").seconds}`);
});

/** Issue 7, point 4: no delay can be below 10 us, so this generator was too slow, also when it only waits for replies. */
test("a closed loop knows how late it is: exit 6", async () => {
  const r = await load("run", "echo", "--url", url, "--users", "2", "--inflight", "2", "--ramp", "0", "--duration", "1", "--max-lag", "0.00001", "--out", file("lag.json")).done;
  assert.equal(r.code, 6, r.stderr);
  const { generator, counters, histograms } = result("lag.json");
  assert.ok(generator.reasons.some((why) => /^scheduler lag p99 is .* ms \(limit 0\.01 ms\)/.test(why)), generator.reasons.join());
  assert.ok(generator.lag_p99_us > 10 && histograms.lag.count <= 102 && counters.replies > 200);
});

test("nobody home exits 3, a refused join 4, a wrong word 2, each with a line that says so", async () => {
  const nobody = await load("run", "join", "--url", "ws://127.0.0.1:1/socket", "--users", "3", "--ramp", "0", "--duration", "0").done;
  assert.equal(nobody.code, 3);
  assert.match(nobody.stderr, /nobody could connect/);
  const refused = await run("join", "--users", "3", "--ramp", "0", "--duration", "0", "--topic", "room:private");
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /unauthorized/);
  for (const [args, text] of [
    [["join", "--gate", "join.p98 < 1s"], /there is no figure join\.p98; known/],
    [["jion"], /presets: connect, join/],
    [["join", "--segment", "3/2"], /--segment must be A\/B/],
    [["broadcast", "--gate", "delivery.lost"], /does not say what delivery\.lost must be, as in delivery\.lost == 0/],
    [["broadcast", "--payload-bytes", "5"], /--payload-bytes must be at least 42 for a publish/],
    [["join", "--source", "192.0.2.1"], /--source '192\.0\.2\.1': Cannot assign requested address; it must be an address of this machine/],
    [["join", "--source", "192.0.2.1", "--processes", "2"], /--source '192\.0\.2\.1': Cannot assign/],
    [["join", "--source", "::1"], /--source '::1' and the target are not both IPv4/],
    [["echo", "--abort", "errors.total == 0", "--abort-grace", "-1"], /--abort-grace/],
  ]) {
    const r = await run(...args);
    assert.equal(r.code, 2, r.stderr);
    assert.match(r.stderr, text);
    assert.equal(r.stderr.trim().split("\n").length, 1);
  }
});

test("--connect-to spreads the users over the nodes of a cluster, whatever host the URL names", async () => {
  const nodes = `127.0.0.1:${server.port},127.0.0.1:1`;
  const r = await load("run", "join", "--url", "ws://cluster.invalid/socket", "--connect-to", nodes, "--users", "10", "--ramp", "0", "--duration", "1", "--max-lag", "60", "--out", file("n.json")).done;
  assert.equal(r.code, 0, r.stderr);
  assert.deepEqual(result("n.json").users, { planned: 10, connected: 5, joined: 5, failed: 5 });
  assert.equal(result("n.json").errors.by_class.connect_refused, 5);
  assert.equal((await run("join", "--connect-to", "nonsense/x")).code, 2);
});

test("churn and storm: comings and goings lose nothing, everybody comes back", async () => {
  const churn = await run("churn", "--users", "40", "--rate", "50", "--duration", "4", "--gate", "delivery.lost == 0 and delivery.duplicate == 0", "--out", file("c.json"));
  assert.equal(churn.code, 0, churn.stderr);
  assert.ok(result("c.json").counters.leaves > 10);
  const storm = await run("storm", "--users", "40", "--duration", "4", "--gate", "recovery.count == 40", "--out", file("s.json"));
  assert.equal(storm.code, 0, storm.stderr);
});

/** Issue 7, point 2: "storm (server restart or cut: time until all are back)". */
test("a server that is killed and started again has everybody back", async () => {
  const port = await freePort();
  const doomed = await start("phx-server", "--port", String(port), "--log-level", "error");
  writeFileSync(file("restart.yaml"), `phxkit_load: 1
stages: [ { users: 40, over: 1s }, { users: 40, for: 9s } ]
users: [ { topic: "room:storm", reconnect: true } ]
gates: [ "recovery.count == 40", "users.joined == 40" ]
`);
  const r = load("run", file("restart.yaml"), "--url", `ws://127.0.0.1:${port}/socket`, "--max-lag", "60", "--out", file("r.json"));
  await r.says(/joined 40\/40/);
  await doomed.stop("SIGKILL");
  const again = await start("phx-server", "--port", String(port), "--log-level", "error");
  const { code, stderr } = await r.done;
  assert.equal(code, 0, stderr);
  assert.equal(result("r.json").errors.by_class.connection_lost, 40);
  assert.equal(result("r.json").counters.joins, 80);
  await again.stop();
});

test("protocol 1.0.0: replies and deliveries are found in its messages too", async () => {
  const runs = ["echo", "broadcast"].map((preset) => run(preset, "--vsn", "1.0.0", "--users", "10", "--rate", "20", "--ramp", "0", "--duration", "2", "--topic", `room:v1_${preset}`,
    "--gate", "errors.total == 0 and delivery.lost == 0", "--out", file(`v1_${preset}.json`)));
  for (const { code, stderr } of await Promise.all(runs)) assert.equal(code, 0, stderr);
  assert.ok(result("v1_echo.json").reply.count >= 20);
  assert.ok(result("v1_broadcast.json").deliveries.received >= 100);
});

test("presence and longpoll have their figures", async () => {
  assert.equal((await run("presence", "--users", "10", "--duration", "2", "--gate", "presence.count >= 10")).code, 0);
  assert.equal((await run("longpoll", "--users", "10", "--duration", "3", "--gate", "reply.count >= 20 and errors.total == 0")).code, 0);
});

test("processes and threads share one run, and their books add up", async () => {
  const r = await run("broadcast", "--users", "60", "--rate", "20", "--duration", "2", "--processes", "2", "--threads", "2", "--out", file("p.json"));
  assert.equal(r.code, 0, r.stderr);
  const j = result("p.json");
  assert.deepEqual([j.deliveries.received, j.deliveries.lost], [j.deliveries.expected, 0]);
  assert.ok(j.deliveries.expected > 60 * 30 && j.deliveries.expected <= 60 * 40);  // who joined late, on a busy machine, is owed less
  assert.deepEqual([j.generator.processes, j.generator.threads], [2, 4]);
});

/** Issue 7, point 1: "processes beyond the descriptor limit started and merged automatically". */
test("beyond the descriptor limit there are more processes; one that must do without ends with 6", () => {
  const few = (limit, words) => spawnSync("bash", ["-c", `ulimit -n ${limit}; exec "$0" ${words}`, path.join(bin, "phx-load")], { encoding: "utf8", timeout: 60_000 });
  const plan = `run join --url ${url} --users 150 --ramp 0 --duration 2 --max-lag 60 --quiet`;
  const many = few(100, `${plan} --out ${file("many.json")}`);
  assert.equal(many.status, 0, many.stderr);
  assert.deepEqual([result("many.json").users.joined, result("many.json").generator.processes], [150, 4]);
  const one = few(100, `${plan} --processes 1 --out ${file("one.json")}`);
  assert.equal(one.status, 6, one.stderr);
  const { users, errors, generator } = result("one.json");
  assert.equal(errors.by_class.no_descriptors + users.joined, 150);
  assert.match(generator.reasons.join(), /out of file descriptors \(limit 100\): raise ulimit -n or add --processes/);
});

test("segments started apart merge to the whole, deliveries across them included", async () => {
  const args = ["broadcast", "--users", "40", "--rate", "20", "--ramp", "2", "--duration", "2", "--drain", "6"];
  const both = await Promise.all([1, 2].map((n) => run(...args, "--segment", `${n}/2`, "--out", file(`seg${n}.json`))));
  for (const r of both) assert.equal(r.code, 0, r.stderr);
  const merged = await load("merge", file("seg1.json"), file("seg2.json"), "--out", file("whole.json"), "--gate", "delivery.lost == 0").done;
  assert.equal(merged.code, 0, merged.stderr + merged.stdout);
  const j = result("whole.json");
  assert.equal(j.users.joined, 40);
  assert.equal(j.deliveries.expected, j.deliveries.received);
  assert.ok(j.deliveries.expected >= 40 * 20, `${j.deliveries.expected}`);
  assert.equal((await load("merge", file("seg1.json"), file("seg1.json"), "--out", file("x.json")).done).code, 2);
});

test("Ctrl-C prints the partial result and exits 130", async () => {
  const r = load("run", "echo", "--url", url, "--users", "5", "--rate", "50", "--duration", "60", "--max-lag", "60");
  await r.says(/ 2s of/);
  r.child.kill("SIGINT");
  const { code, stdout } = await r.done;
  assert.equal(code, 130);
  const j = JSON.parse(stdout);
  assert.equal(j.interrupted, true);
  assert.ok(j.reply.count > 10);
});

test("a plan file with stages, kinds of users and a feeder; its mistakes have a place", async () => {
  writeFileSync(file("users.csv"), "name,room\nada,a\nbob,b\n");
  writeFileSync(file("plan.yaml"), `phxkit_load: 1
name: two kinds
feeder: users.csv
stages: [ { name: up, users: 20, over: 1s }, { name: busy, users: 20, for: 2s, gates: [ "reply.count > 10" ] }, { users: 0, over: 1s } ]
users:
  - { name: talkers, weight: 1, topic: "room:{{row.room}}", push: { event: ping, every: "exp(200ms)", payload: { by: "{{row.name}}" } } }
  - { name: listeners, weight: 1, topic: "room:{{row.room}}", params: { user_id: "u{{user}}" } }
gates: [ "errors.total == 0" ]
`);
  const r = await run(file("plan.yaml"), "--out", file("plan.json"));
  assert.equal(r.code, 0, r.stderr);
  const j = result("plan.json");
  assert.deepEqual(j.gates.map((g) => [g.stage, g.pass]), [[undefined, true], ["busy", true]]);
  writeFileSync(file("bad.yaml"), "phxkit_load: 1\nstages: [ { users: 2, over: 1s } ]\nuser: []\n");
  const bad = await run(file("bad.yaml"));
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /bad\.yaml:3:1: unknown key 'user', did you mean 'users'\?/);
});

const bash = (words) => spawnSync("bash", ["-c", `"$0" ${words}`, path.join(bin, "phx-load")], { encoding: "utf8", timeout: 30_000 });

test("a full disk is exit 1 with one line, a closed pipe a quiet end", async () => {
  const quick = `run join --url ${url} --users 2 --ramp 0 --duration 0 --max-lag 60 --quiet`;
  assert.equal(bash(`${quick} --out ${file("full1.json")} --segment 1/2 > /dev/null`).status, 0);
  assert.equal(bash(`${quick} --out ${file("full2.json")} --segment 2/2 > /dev/null`).status, 0);
  const [a, b] = [file("full1.json"), file("full2.json")];
  const commands = [quick, `report ${a}`, `compare ${a} ${b}`, `compare ${a} ${b} --json`, `merge ${a} ${b} --out ${file("full.json")}`, "--help", "run --help", "--version"];
  for (const words of commands) {
    const full = bash(`${words} > /dev/full`);
    assert.deepEqual([full.status, full.stderr], [1, "phx-load: cannot write to stdout: No space left on device\n"], words);
  }
  for (const words of commands.slice(1)) {
    const closed = spawnSync("bash", ["-c", `{ "$0" ${words}; echo $? >&2; } | true`, path.join(bin, "phx-load")], { encoding: "utf8" });
    assert.equal(closed.stderr, "0\n", words);
  }
  for (const words of [`${quick} --out /dev/full`, `${quick} --html /dev/full`, `report ${a} --html /dev/full`, `compare ${a} ${b} --html /dev/full`, `merge ${a} ${b} --out /dev/full`]) {
    const full = bash(words);
    assert.deepEqual([full.status, full.stderr], [1, "phx-load: cannot write '/dev/full': No space left on device\n"], words);
  }
  const shown = bash(`${quick} --out /dev/full --junit ${file("full.xml")}`);
  assert.equal(JSON.parse(shown.stdout).users.joined, 2, "the run is not to be had again: what can be told is told");
  assert.ok(existsSync(file("full.xml")));
});

test("files that cannot be written are told before the run, and nothing half-written stays", async () => {
  const done = await run("join", "--users", "2", "--ramp", "0", "--duration", "0", "--out", file("ok.json"));
  assert.equal(done.code, 0, done.stderr);
  const before = readFileSync(file("ok.json"), "utf8");
  for (const folder of ["/proc", file("ok.json"), file("not/there")])
    for (const words of [`run join --url ws://127.0.0.1:1/socket --out ${folder}/x.json`, `run join --url ws://127.0.0.1:1/socket --html ${folder}/x.html`,
      `report ${file("ok.json")} --html ${folder}/x.html`, `compare ${file("ok.json")} ${file("ok.json")} --html ${folder}/x.html`, `merge ${file("ok.json")} --out ${folder}/x.json`]) {
      const r = bash(words);
      assert.deepEqual([r.status, r.stdout], [2, ""], words);
      assert.match(r.stderr, /^phx-load: --(out|html) '.*\/x\.(json|html)' cannot be written: [^\n]+\n$/);
    }
  assert.equal(readFileSync(file("ok.json"), "utf8"), before);
  assert.deepEqual(readdirSync(path.dirname(file("x"))).filter((name) => name.endsWith(".part")), []);
  const pipe = bash(`run join --url ${url} --users 2 --ramp 0 --duration 0 --max-lag 60 --quiet --out /dev/stderr 2>&1 >/dev/null | head -c 1`);
  assert.equal(pipe.stdout, "{", "a device is written in place");
});

test("numbers that nobody can mean are one short line and exit 2", () => {
  const flags = { run: ["users", "rate", "ramp", "duration", "topics", "publishers", "payload-bytes", "inflight", "seed", "timeout", "late", "drain", "processes", "threads", "max-lag",
    "members", "fleet-wait", "abort-grace", "target-pid", "segment"], search: ["from", "to", "step", "precision"], compare: ["threshold"] };
  const words = { run: ["run", "echo", "--url", url], search: ["search", "echo", "--url", url], compare: ["compare", "a", "b"] };
  const all = ["1e309", "9".repeat(300), "-1", "nan", "1x"];
  for (const [command, names] of Object.entries(flags))
    for (const name of names)
      for (const value of ["users", "rate", "duration"].includes(name) ? all : ["9".repeat(300), "nan"]) {
        const r = spawnSync(path.join(bin, "phx-load"), [...words[command], `--${name}=${value}`], { encoding: "utf8", timeout: 30_000 });
        assert.deepEqual([r.status, r.stdout, r.stderr.trim().split("\n").length], [2, "", 1], `--${name}=${value}: ${r.stderr}`);
        assert.match(r.stderr, name === "segment" ? /^phx-load: --segment must be A\/B/ : new RegExp(`^phx-load: --${name}: '.*' is not a .*--help\\)\n$`));
        assert.ok(r.stderr.length < 160, r.stderr);
      }
});

test("search finds where a gate breaks", async () => {
  const r = await load("search", "echo", "--url", url, "--users", "4", "--ramp", "0", "--duration", "1", "--max-lag", "60", "--gate", "reply.count < 150", "--from", "50", "--to", "400", "--precision", "0.3").done;
  assert.equal(r.code, 0, r.stderr);
  const found = JSON.parse(r.stdout.trim().split("\n").at(-1));
  assert.ok(found.sustainable >= 50 && found.sustainable < 160, r.stdout);
  assert.ok(found.breaks_at > found.sustainable);
});

/** Issue 7, point 9: "steps or bisects users, rate or fan-out". */
test("search walks in steps, and varies users and fan-out", async () => {
  const search = (preset, ...args) => load("search", preset, "--url", url, "--ramp", "0", "--duration", "1", "--max-lag", "60", ...args).done;
  const [users, fanout, without] = await Promise.all([
    search("join", "--vary", "users", "--method", "steps", "--from", "4", "--to", "12", "--step", "4", "--gate", "users.joined < 10"),
    search("broadcast", "--vary", "fanout", "--rate", "10", "--topic", "room:fanout", "--from", "3", "--to", "12", "--gate", "users.joined <= 6"),
    search("join", "--vary", "users", "--method", "steps", "--from", "2", "--to", "3", "--step", "1", "--gate", "users.joined < 10"),
  ]);
  const [u, f, w] = [users, fanout, without].map((r) => { assert.equal(r.code, 0, r.stderr); return r.stdout.trim().split("\n").map((line) => JSON.parse(line)); });
  assert.deepEqual(u.slice(0, -1).map((line) => [line.attempt.users, line.attempt.pass]), [[4, true], [8, true], [12, false]]);
  assert.deepEqual([u.at(-1).sustainable, u.at(-1).breaks_at, u.at(-1).margin], [8, 12, 0.5]);
  assert.deepEqual(f.slice(0, 3).map((line) => [line.attempt.fanout, line.attempt.pass]), [[3, true], [6, true], [12, false]]);
  assert.ok(f.at(-1).sustainable >= 6 && f.at(-1).breaks_at > f.at(-1).sustainable);
  assert.deepEqual([w.at(-1).sustainable, w.at(-1).breaks_at], [3, null]);
});
