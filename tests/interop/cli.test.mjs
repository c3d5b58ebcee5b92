// The command lines of design.md section 4, as a script would use them: output, exit codes, one-line errors.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { once } from "node:events";
import net from "node:net";
import http from "node:http";
import path from "node:path";
import { start, bin } from "./server.mjs";

let server, url;
before(async () => { server = await start("phx-server", "--port", "0"); url = `ws://127.0.0.1:${server.port}/socket`; });
after(async () => { await server.stop(); });

/** Runs a program; `line(n)` waits for its nth line of stdout. */
function run(program, args, { stdin = "", env = {} } = {}) {
  const child = spawn(path.join(bin, program), args, { env: { ...process.env, PHX_TOKEN: "", ...env } });
  const out = { stdout: "", stderr: "" };
  const waiting = [];
  const look = () => {
    const complete = out.stdout.split("\n").slice(0, -1);
    for (const w of [...waiting]) if (complete.length > w.n) { waiting.splice(waiting.indexOf(w), 1); w.resolve(JSON.parse(complete[w.n])); }
  };
  child.stdout.on("data", (d) => { out.stdout += d; look(); });
  child.stderr.on("data", (d) => { out.stderr += d; });
  child.stdin.on("error", () => {});  // it may end before it has read
  child.stdin.end(stdin);
  const done = once(child, "close").then(([code, signal]) => ({ code: code ?? signal, ...out, get lines() { return out.stdout.split("\n").filter(Boolean).map((l) => JSON.parse(l)); } }));
  return { child, done, line: (n) => new Promise((resolve, reject) => {
    waiting.push({ n, resolve });
    look();
    done.then((r) => reject(new Error(`ended with ${r.code} before line ${n}: ${r.stderr}`)));
  }) };
}

async function refused(args, code, text, program = "phx") {
  const r = await run(program, args).done;
  assert.equal(r.code, code, `${args.join(" ")}: ${r.stderr}`);
  assert.equal(r.stdout, "");
  assert.equal(r.stderr.trim().split("\n").length, 1, `one line expected, got: ${r.stderr}`);
  assert.match(r.stderr, text);
}

test("push prints the reply and exits 0; a refusal exits 4", async () => {
  const ok = await run("phx", ["push", url, "room:cli", "ping", '{"n":1}']).done;
  assert.equal(ok.code, 0, ok.stderr);
  assert.deepEqual(ok.lines, [{ status: "ok", response: { n: 1 } }]);
  const no = await run("phx", ["push", url, "nowhere", "ping"]).done;
  assert.equal(no.code, 4, no.stderr);
  assert.deepEqual(no.lines, [{ status: "error", response: { reason: "unmatched topic" } }]);
});

test("push reads its payload from a file or stdin", async () => {
  const r = await run("phx", ["push", url, "room:cli", "ping", "@-"], { stdin: '{"from":"stdin"}' }).done;
  assert.deepEqual([r.code, r.lines], [0, [{ status: "ok", response: { from: "stdin" } }]]);
  await refused(["push", url, "room:cli", "ping", "@/nonexistent.json"], 2, /nonexistent\.json/);
});

test("push of bytes: the reply has its status and the bytes", async () => {
  const r = await run("phx", ["push", url, "room:cli", "ping", '{"$binary":"AAH/"}']).done;
  assert.deepEqual([r.code, r.lines], [0, [{ status: "ok", response: { $binary: "AAH/" } }]]);
});

test("push without a reply: --no-reply exits 0 silently, waiting times out with 124", async () => {
  const quiet = await run("phx", ["push", url, "room:cli", "new_msg", "{}", "--no-reply"]).done;
  assert.deepEqual([quiet.code, quiet.stdout], [0, ""]);
  const late = await run("phx", ["push", url, "room:cli", "new_msg", "{}", "--timeout", "0.3"]).done;
  assert.equal(late.code, 124);
});

test("join prints the join reply, then messages; --count ends it", async () => {
  const join = run("phx", ["join", url, "room:feed", "--count", "2", "--event", "new_*"]);
  const first = await join.line(0);
  assert.deepEqual([first.topic, first.event, first.payload], ["room:feed", "phx_reply", { status: "ok", response: {} }]);
  for (const n of [1, 2]) await run("phx", ["push", url, "room:feed", "new_msg", JSON.stringify({ n }), "--no-reply"]).done;
  const r = await join.done;
  assert.equal(r.code, 0, r.stderr);
  assert.deepEqual(r.lines.slice(1).map((l) => [l.event, l.payload, l.join_ref, l.ref]), [["new_msg", { n: 1 }, null, null], ["new_msg", { n: 2 }, null, null]]);
  assert.ok(r.lines.every((l) => typeof l.t === "number"));
});

test("join --where shows only what fits; binary payloads are base64", async () => {
  const join = run("phx", ["join", url, "room:where", "--count", "1", "--where", 'payload.n >= 2 and event == "new_msg"']);
  await join.line(0);
  for (const n of [1, 2]) await run("phx", ["push", url, "room:where", "new_msg", JSON.stringify({ n }), "--no-reply"]).done;
  assert.deepEqual((await join.done).lines[1].payload, { n: 2 });
});

test("join --timeout: 0 without --count, 124 while the count is unmet", async () => {
  assert.equal((await run("phx", ["join", url, "room:t", "--timeout", "0.2"]).done).code, 0);
  assert.equal((await run("phx", ["join", url, "room:t", "--timeout", "0.2", "--count", "1"]).done).code, 124);
});

test("a refused join prints the reply and exits 4", async () => {
  const r = await run("phx", ["join", url, "nowhere"]).done;
  assert.equal(r.code, 4);
  assert.deepEqual(r.lines[0].payload, { status: "error", response: { reason: "unmatched topic" } });
});

test("presence lists keys and metas; --watch shows joins and leaves", async () => {
  const watch = run("phx", ["presence", url, "chat:cli", "--watch", "--params", '{"user_id":"ada"}']);
  assert.deepEqual(Object.keys(await watch.line(0)), ["ada"]);
  const bob = run("phx", ["join", url, "chat:cli", "--params", '{"user_id":"bob"}']);
  await bob.line(0);
  assert.deepEqual(Object.keys((await watch.line(1)).joins), ["bob"]);
  const list = await run("phx", ["presence", url, "chat:cli", "--params", '{"user_id":"eve"}']).done;
  assert.deepEqual([list.code, Object.keys(list.lines[0]).sort()], [0, ["ada", "bob", "eve"]]);
  assert.ok(list.lines[0].bob.metas[0].phx_ref);
  bob.child.kill("SIGINT");
  assert.equal((await bob.done).code, 130);
  watch.child.kill("SIGINT");
  const seen = await watch.done;
  assert.equal(seen.code, 130);
  assert.ok(seen.lines.some((l) => l.leaves && l.leaves.bob) || seen.lines.some((l) => l.leaves && l.leaves.eve));
});

test("ping measures", async () => {
  const r = await run("phx", ["ping", url, "--count", "3"]).done;
  assert.deepEqual([r.code, r.lines.length], [0, 3]);
  assert.ok(r.lines.every((l) => l.rtt_ms > 0 && l.rtt_ms < 5000));
});

test("both serializers: --vsn 1.0.0", async () => {
  const r = await run("phx", ["push", url, "room:v1", "ping", '{"v":1}', "--vsn", "1.0.0"]).done;
  assert.deepEqual([r.code, r.lines], [0, [{ status: "ok", response: { v: 1 } }]]);
});

test("--transport longpoll: the same commands over HTTP", async () => {
  const lp = ["--transport", "longpoll"];
  const ok = await run("phx", ["push", url, "room:cli-lp", "ping", '{"n":1}', ...lp]).done;
  assert.deepEqual([ok.code, ok.lines, ok.stderr], [0, [{ status: "ok", response: { n: 1 } }], ""]);
  const join = run("phx", ["join", url, "room:cli-lp", "--count", "2", ...lp]);
  await join.line(0);
  for (const n of [1, 2]) assert.equal((await run("phx", ["push", url, "room:cli-lp", "new_msg", JSON.stringify({ n }), "--no-reply", ...lp]).done).code, 0);
  const r = await join.done;
  assert.deepEqual([r.code, r.lines.slice(1).map((l) => l.payload.n)], [0, [1, 2]]);
  const presence = await run("phx", ["presence", url, "chat:cli-lp", "--params", '{"user_id":"ada"}', ...lp]).done;
  assert.deepEqual(Object.keys(presence.lines[0]), ["ada"]);
  assert.equal((await run("phx", ["ping", url, "--count", "2", ...lp]).done).lines.length, 2);
  await refused(["push", url, "room:x", "ping", "--transport", "pigeon"], 2, /--transport/);
  await refused(["push", "ws://127.0.0.1:1/socket", "room:x", "ping", ...lp], 3, /cannot connect/);
});

test("--transport auto goes on with long-poll where WebSockets are refused; websocket does not", async () => {
  const box = await onFreePort(http.createServer((req, res) => {
    req.pipe(http.request({ port: server.port, host: "127.0.0.1", path: req.url, method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    })).on("error", () => res.destroy());
  }).on("upgrade", (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")));
  const via = `ws://127.0.0.1:${box.port}/socket`;
  const auto = await run("phx", ["push", via, "room:auto", "ping", '{"n":2}', "--transport", "auto"]).done;
  assert.deepEqual([auto.code, auto.lines], [0, [{ status: "ok", response: { n: 2 } }]], auto.stderr);
  assert.match(auto.stderr, /HTTP 403.*going on with long-poll/);
  await refused(["push", via, "room:auto", "ping", "--transport", "websocket"], 3, /403/);
  box.close();
});

test("help and version go to stdout and exit 0", async () => {
  assert.match((await run("phx", ["join", "--help"]).done).stdout, /--event[^]*\* is any text, \? one byte/);
  for (const [program, args] of [["phx", ["--help"]], ["phx", ["--version"]], ["phx", ["version"]], ["phx", ["join", "--help"]], ["phx-server", ["--help"]], ["phx-server", ["--version"]]]) {
    const r = await run(program, args).done;
    assert.deepEqual([r.code, r.stderr], [0, ""], `${program} ${args}`);
    assert.notEqual(r.stdout, "");
  }
});

test("wrong command lines exit 2 with one line that names the remedy", async () => {
  await refused(["join", url, "room:x", "--colour"], 2, /--colour.*--help/);
  await refused(["nonsense"], 2, /nonsense/);
  await refused([], 2, /--help/);
  await refused(["join"], 2, /--help/);
  await refused(["push", url, "room:x", "ping", "{not json"], 2, /payload.*JSON/i);
  await refused(["join", url, "room:x", "--params", "[1]"], 2, /--params.*object/);
  await refused(["join", url, "room:x", "--where", "event =="], 2, /--where.*column 9/);
  await refused(["join", "http//nonsense", "room:x"], 2, /URL/i);
  await refused(["join", "ftp://host/socket", "room:x"], 2, /ws:\/\//);
  await refused(["join", url, "room:x", "--header", "Upgrade: x"], 2, /header/);
  await refused(["join", url, ""], 2, /topic is empty/);
  await refused(["join", url, "room:x", "--join-payload", '{"$binary":"AAE="}'], 2, /join is JSON/);
  for (const count of ["-1", "1.5", "many", ""]) await refused(["join", url, "room:x", "--count", count], 2, /--count: .*whole number from 0/);
  for (const seconds of ["0", "-1", "nan", "1e300", "soon"]) await refused(["join", url, "room:x", "--timeout", seconds], 2, /--timeout: .*seconds above 0/);
  await refused(["ping", url, "--count", "0"], 2, /--count: .*from 1 on/);
  await refused(["push", url, "room:x", "ping", "@/etc"], 2, /'\/etc': it is a folder/);
  await refused(["--port", "abc"], 2, /port/, "phx-server");
  await refused(["--port", "70000"], 2, /port/, "phx-server");
});

async function onFreePort(listener) {
  const s = listener.listen(0, "127.0.0.1");
  await once(s, "listening");
  return { port: s.address().port, close: () => { s.closeAllConnections?.(); s.close(); } };
}

test("cannot connect: exit 3, the reason and what to do about it (issue 2, To show: bad input)", async () => {
  const closed = await onFreePort(net.createServer());
  closed.close();
  await refused(["join", `ws://127.0.0.1:${closed.port}/socket`, "room:x"], 3, /refused.*is the server running, the port right/i);
  await refused(["join", "ws://no-such-host.invalid/socket", "room:x"], 3, /no-such-host\.invalid.*check the spelling of the host/);
  await refused(["join", "ws://no-such-host.invalid/socket", "room:x", "--transport", "longpoll"], 3, /no-such-host\.invalid.*phx doctor/);
  await refused(["join", `ws://127.0.0.1:${server.port}/nowhere`, "room:x"], 3, /404.*no socket at this path/);
  const forbidden = await onFreePort(http.createServer().on("upgrade", (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")));
  await refused(["ping", `ws://127.0.0.1:${forbidden.port}/socket`], 3, /403.*check --params, --token-file/);
  await refused(["ping", `ws://127.0.0.1:${forbidden.port}/socket`, "--transport", "auto", "--timeout", "0.3"], 3, /403.*check --params, --token-file/);  // GET hangs
  forbidden.close();
  const nonsense = await onFreePort(net.createServer((s) => { s.on("error", () => {}); s.end("220 mail.example ESMTP\r\n"); }));
  await refused(["push", `ws://127.0.0.1:${nonsense.port}/socket`, "room:x", "ping"], 3, /HTTP.*something else than a Phoenix server listens there: check the port/);
  nonsense.close();
});

test("a handshake that stalls past --timeout exits 124", async () => {
  const silent = await onFreePort(net.createServer((s) => s.on("error", () => {})));
  await refused(["join", `ws://127.0.0.1:${silent.port}/socket`, "room:x", "--timeout", "0.3"], 124, /--timeout 0\.3 s/);
  await refused(["push", `ws://127.0.0.1:${silent.port}/socket`, "room:x", "ping", "--timeout", "0.0000001"], 124, / 0\.0000001 s/);
  silent.close();
});

test("Ctrl-C exits 130, a closed pipe ends quietly", async () => {
  const join = run("phx", ["join", url, "room:ctrl-c"]);
  await join.line(0);
  join.child.kill("SIGINT");
  const r = await join.done;
  assert.deepEqual([r.code, r.stderr], [130, ""]);
  const piped = spawn("bash", ["-c", `"$0" join ${url} room:pipe | head -n 1; echo "\${PIPESTATUS[0]}"`, path.join(bin, "phx")]);
  let text = "";
  piped.stdout.on("data", (d) => { text += d; });
  const lines = async (n) => { while (text.split("\n").length <= n) await once(piped.stdout, "data"); };
  await lines(1);
  const closed = once(piped, "close");
  let over = false;
  closed.then(() => { over = true; });
  while (!over) await Promise.race([closed, run("phx", ["push", url, "room:pipe", "new_msg", "{}", "--no-reply"]).done]);
  assert.match(text, /\n0\n$/);
});

test("a restart of the server: join says so on stderr and goes on", async () => {
  let own = await start("phx-server", "--port", "0");
  const where = `ws://127.0.0.1:${own.port}/socket`;
  const join = run("phx", ["join", where, "room:restart", "--count", "1"]);
  await join.line(0);
  await own.stop("SIGKILL");
  own = await start("phx-server", "--port", String(own.port));
  let seen = false;
  join.done.then(() => { seen = true; });
  while (!seen) await run("phx", ["push", where, "room:restart", "new_msg", '{"back":true}', "--no-reply"]).done;
  const r = await join.done;
  assert.equal(r.code, 0);
  assert.deepEqual(r.lines.at(-1).payload, { back: true });
  assert.match(r.stderr, /reconnect|connection lost/i);
  await own.stop();
});

/** Numbers that nobody can mean: one short line, exit 2, whatever the program. */
const hopeless = ["1e309", "9".repeat(300), "-1", "nan", "1x"];

test("a stdout that takes nothing is an error, not a quiet end; a pipe that closes is a quiet end", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "phx-full-"));
  const file = (name, text) => { writeFileSync(path.join(folder, name), text); return path.join(folder, name); };
  const mock = file("mock.yaml", 'phxkit_mock: 1\nchannels: { "room:*": {} }\n');
  const scenario = file("s.yaml", "phxkit_scenario: 1\nactors: { one: [ { connect: {} }, { join: room:full } ] }\n");
  const frames = ['{"phxkit_capture":1,"tool":"t","url":"ws://x/socket","transport":"websocket","vsn":"2.0.0","started":"2026-01-01T00:00:00Z","clock":"monotonic"}',
    '{"t":0,"c":1,"d":"out","k":"open"}',
    JSON.stringify({ t: 1, c: 1, d: "out", k: "frame", op: "text", raw: '["1","1","room:full","phx_join",{}]' }),
    JSON.stringify({ t: 2, c: 1, d: "in", k: "frame", op: "text", raw: '["1","1","room:full","phx_reply",{"status":"ok","response":{"other":true}}]' })];
  const capture = file("c.ndjson", frames.join("\n") + "\n");
  for (const [program, words] of [
    ["phx", `push ${url} room:full ping`], ["phx", "--help"], ["phx", "version"], ["phx", "conformance --list"], ["phx", `conformance ${url} --only join.ok`],
    ["phx", `conformance ${url} --only join.ok --pretty`], ["phx", `test ${scenario} --url ${url}`], ["phx", `test ${scenario} --url ${url} --pretty`],
    ["phx", `replay ${capture} --to ${url} --timeout 5`], ["phx", `record ${url} room:full --timeout 1`],
    ["phx-server", "routes"], ["phx-server", "--print-config"], ["phx-server", "migrate --database sqlite::memory:"], ["phx-server", "--version"],
    ["phx-server", "--port 0 --database sqlite::memory: --log-level error"], ["phx-server", `mock ${mock} --port 0 --log-level error`],
  ]) {
    const r = spawnSync("bash", ["-c", `"$0" ${words} > /dev/full`, path.join(bin, program)], { encoding: "utf8", timeout: 20_000 });
    const last = r.stderr.trim().split("\n").at(-1);
    assert.deepEqual([r.status, last], [1, `${program}: cannot write to stdout: No space left on device`], `${program} ${words}: ${r.stderr}`);
  }
  for (const [program, words] of [["phx", "conformance --list"], ["phx", "--help"], ["phx-server", "routes"]]) {
    const r = spawnSync("bash", ["-c", `{ "$0" ${words}; echo $? >&2; } | true`, path.join(bin, program)], { encoding: "utf8" });
    assert.equal(r.stderr, "0\n", words);
  }
  rmSync(folder, { recursive: true });
});

// Issue 6, point 5: the whole program, on servers that keep every rule and on one that breaks one.
test("conformance: fixture_server and phx-server pass, a server without phx_close does not", async () => {
  const fixture = await start("fixture_server", "--port", "0");
  for (const [where, more, skipped] of [[`ws://127.0.0.1:${fixture.port}/socket`, ["--crash-event", "crash"], ["frame.too_large"]], [url, [], ["channel.crash", "frame.too_large"]]]) {
    const r = await run("phx", ["conformance", where, ...more]).done;
    assert.equal(r.code, 0, r.stdout + r.stderr);
    assert.deepEqual(r.lines.filter((l) => l.result && l.result !== "pass").map((l) => l.check), skipped);
    assert.deepEqual(r.lines.at(-1), { passed: r.lines.length - 1 - skipped.length, failed: 0, skipped: skipped.length, score: 100 });
  }
  assert.equal(await fixture.stop(), 0);
  const proxy = await start("phx", "proxy", "--listen", "0", "--to", `ws://127.0.0.1:${server.port}`, "--out", "/dev/null", "--quiet", "--fault", '{"drop":{"event":"phx_close"}}');
  const broken = `ws://127.0.0.1:${proxy.port}/socket`;
  const r = await run("phx", ["conformance", broken, "--only", "leave", "--timeout", "0.5"]).done;
  assert.equal(r.code, 4, r.stderr);
  assert.deepEqual(r.lines.filter((l) => l.result === "fail").map((l) => [l.check, l.detail]), [["leave.order", "phx_close after leave: nothing came"]]);
  assert.deepEqual(r.lines.at(-1), { passed: 2, failed: 1, skipped: 0, score: 66 });
  assert.equal(await proxy.stop(), 0);
});

// design.md section 4: the flags common to every command that connects.
test("conformance sends tokens and headers", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "phx-token-"));
  writeFileSync(path.join(folder, "bad"), "not a token\n");
  await refused(["conformance", url, "--only", "connect.ok", "--token-file", path.join(folder, "bad")], 3, /403/);
  await refused(["conformance", url, "--only", "connect.ok", "--header", "Origin: http://conformance.invalid"], 3, /403/);
  await refused(["conformance", url, "--only", "connect.ok", "--proxy", "http://127.0.0.1:1"], 3, /127\.0\.0\.1:1/);
  const seen = [];
  const silent = http.createServer().on("upgrade", (request, socket) => { seen.push(request.headers["sec-websocket-protocol"]); socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"); }).listen(0, "127.0.0.1");
  await once(silent, "listening");
  await refused(["conformance", `ws://127.0.0.1:${silent.address().port}/socket`, "--auth-token-file", path.join(folder, "bad")], 3, /403/);
  assert.deepEqual(seen, [`phoenix, base64url.bearer.phx.${Buffer.from("not a token").toString("base64url")}`]);
  silent.close();
  rmSync(folder, { recursive: true });
});

test("reports that cannot be written are an error, and nothing half-written stays", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "phx-full-"));
  const scenario = path.join(folder, "s.yaml");
  writeFileSync(scenario, "phxkit_scenario: 1\nactors: { one: [ { connect: {} }, { join: room:full } ] }\n");
  await refused(["conformance", url, "--only", "join.ok", "--junit", path.join(folder, "no", "j.xml")], 2, /--junit '.*j\.xml' cannot be written: No such file or directory/);
  for (const args of [["conformance", url, "--only", "join.ok", "--junit", "/dev/full"], ["test", scenario, "--url", url, "--tap", "/dev/full"]]) {
    const r = await run("phx", args).done;
    assert.equal(r.code, 1, r.stderr);
    assert.match(r.stderr, /phx: cannot write '\/dev\/full': No space left on device\n$/);
  }
  const whole = await run("phx", ["test", scenario, "--url", url, "--tap", path.join(folder, "t.tap"), "--junit", "/dev/null"]).done;
  assert.equal(whole.code, 0, whole.stderr);
  assert.deepEqual(readdirSync(folder).sort(), ["s.yaml", "t.tap"]);
  rmSync(folder, { recursive: true });
});

test("numbers that nobody can mean are one short line and exit 2", async () => {
  for (const [args, flag] of [[["replay", "x", "--to", url], "--timeout"], [["replay", "x", "--to", url], "--connection"], [["conformance", url], "--timeout"],
    [["ping", url], "--count"], [["push", url, "room:x", "ping"], "--timeout"], [["test", "x"], "--jobs"], [["test", "x"], "--retry"], [["proxy", url], "--listen"]]) {
    for (const value of flag === "--timeout" ? hopeless : ["9".repeat(300), "-1"]) {
      const r = spawnSync(path.join(bin, "phx"), [...args, `${flag}=${value}`], { encoding: "utf8" });
      assert.deepEqual([r.status, r.stdout, r.stderr.trim().split("\n").length], [2, "", 1], `${flag}=${value}: ${r.stderr}`);
      assert.match(r.stderr, new RegExp(`^phx: ${flag}: '.*' is not a .*\\(see phx ${args[0]} --help\\)\n$`));
      assert.ok(r.stderr.length < 160, r.stderr);
    }
  }
});

test("any other word runs phx-WORD: arguments and exit code pass through; help lists them", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "phx-plugin-"));
  writeFileSync(path.join(folder, "phx-hello"), '#!/bin/sh\nprintf "%s," "$@"\nexit 42\n', { mode: 0o755 });
  writeFileSync(path.join(folder, "phx-notes"), "no program\n", { mode: 0o644 });
  const env = { PATH: `${folder}:${process.env.PATH}` };
  const hello = await run("phx", ["hello", "a b", "--help", "--context", "x"], { env }).done;
  assert.deepEqual([hello.code, hello.stdout, hello.stderr], [42, "a b,--help,--context,x,", ""]);
  const beside = await run("phx", ["server", "--version"]).done;  // beside phx itself, not on PATH
  assert.deepEqual([beside.code, beside.stdout], [0, (await run("phx-server", ["--version"]).done).stdout]);
  const help = (await run("phx", ["--help"], { env }).done).stdout;
  assert.match(help, /phx-NAME: .*hello/);
  assert.doesNotMatch(help, /notes/);
  assert.equal((await run("phx", ["help"], { env }).done).stdout, help);
  assert.equal((await run("phx", ["help", "join"]).done).stdout, (await run("phx", ["join", "--help"]).done).stdout);
  await refused(["notes"], 2, /no command 'notes'.*phx --help/);
  await refused(["jion", url], 2, /no command 'jion', did you mean 'join'\?/);
  await refused(["../phx-server"], 2, /no command/);
  const misspelt = await run("phx", ["helo"], { env }).done;
  assert.deepEqual([misspelt.code, misspelt.stderr.includes("did you mean")], [2, true]);
  rmSync(folder, { recursive: true });
});

test("phx-server: a port that is taken is one line and exit 1", async () => {
  await refused(["--port", String(server.port)], 1, /in use/i, "phx-server");
});
