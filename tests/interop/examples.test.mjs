// The programs of docs/examples against phx-server, as the guides tell it.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { start, bin } from "./server.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");

let server, url;
before(async () => { server = await start("phx-server", "--port", "0", "--log-level", "warning"); url = `ws://127.0.0.1:${server.port}/socket`; });
after(async () => { await server.stop(); });

/** An example that runs: say(line), hear() the next line, end() its input; done gives code, stdout, stderr. */
function example(name, ...args) {
  const child = spawn(path.join(bin, `example_${name}`), args, { stdio: ["pipe", "pipe", "pipe"] });
  const kill = setTimeout(() => child.kill("SIGKILL"), 30_000);
  const all = { stdout: "", stderr: "" };
  child.stderr.on("data", (d) => { all.stderr += d; });
  const lines = [], waiting = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    all.stdout += line + "\n";
    waiting.length ? waiting.shift().resolve(line) : lines.push(line);
  });
  const done = once(child, "close").then(([code, signal]) => {
    clearTimeout(kill);
    for (const w of waiting) w.reject(new Error(`example_${name} ended with ${code ?? signal}: ${all.stderr}`));
    return { code: code ?? signal, ...all };
  });
  return {
    done,
    say: (line) => child.stdin.write(line + "\n"),
    end: () => child.stdin.end(),
    hear: () => (lines.length ? Promise.resolve(lines.shift()) : new Promise((resolve, reject) => waiting.push({ resolve, reject }))),
  };
}

test("chat: two people talk, refusals are told, end of input leaves", async () => {
  const ada = example("chat", url, "ada"), bob = example("chat", url, "bob");
  bob.say("hello");  // waits for the join
  assert.equal(await bob.hear(), "bob: hello");
  ada.say("hi bob");
  let heard = await ada.hear();
  if (heard === "bob: hello") heard = await ada.hear();  // when ada was there first
  assert.equal(heard, "ada: hi bob");
  assert.equal(await bob.hear(), "ada: hi bob");
  ada.say("");
  ada.end();
  bob.end();
  const [a, b] = [await ada.done, await bob.done];
  assert.deepEqual([a.code, b.code, b.stderr], [0, 0, ""]);
  assert.match(a.stderr, /^refused: .*blank/);
});

test("presence: the list, then who comes and goes, until Enter", async () => {
  const watcher = example("presence", url);
  assert.equal(await watcher.hear(), "+ watcher");
  assert.equal(await watcher.hear(), "1 here");
  const ada = example("chat", url, "ada");
  while ((await watcher.hear()) !== "+ ada");
  ada.end();
  assert.equal((await ada.done).code, 0);
  while ((await watcher.hear()) !== "- ada");
  watcher.say("");
  assert.equal((await watcher.done).code, 0);
});

test("channel_test: the first example of docs/testing.md is this file, and runs in process, over a socket and at a URL", { timeout: 300_000 }, async () => {
  const read = (name) => readFileSync(path.join(root, name), "utf8");
  assert.ok(read("docs/testing.md").includes("```cpp\n" + read("docs/examples/channel_test.cpp") + "```"));
  const run = async (env, count = 7, ...args) => {
    const child = spawn(path.join(bin, "example_channel_test"), args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (d) => { out += d; });
    const [code] = await once(child, "close");
    assert.equal(code, 0, JSON.stringify(env) + out);
    assert.ok(out.includes(`PASSED  ] ${count} tests`), out);
  };
  await run({ PHX_TEST_TARGET: "loopback" });
  await run({ PHX_TEST_URL: url });
  await run({ PHX_TEST_URL: url, PHX_TEST_TRANSPORT: "longpoll" }, 6, "--gtest_filter=-*HandlesDisconnectionCleanup");  // the session ends later
});

test("the room tests of the test kit at a URL: phx-server and the fixture", { timeout: 300_000 }, async () => {
  const fixture = await start("fixture_server", "--port", "0");
  for (const to of [url, `ws://127.0.0.1:${fixture.port}/socket`]) {
    const child = spawn(path.join(bin, "unit_testing_gtest"), ["--gtest_filter=At/LobbyTest.*url*"], { env: { ...process.env, PHX_TEST_URL: to }, stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (d) => { out += d; });
    const [code] = await once(child, "close");
    assert.equal(code, 0, to + out);
    assert.match(out, /PASSED {2}\] 15 tests/);
  }
  await fixture.stop();
});

test("binary: a megabyte there and back, as reply and as broadcast", async () => {
  const r = await example("binary", url).done;
  assert.deepEqual([r.code, r.stdout, r.stderr], [0, "ok same bytes\nheard 1048576 bytes\n", ""]);
});

test("c_client: the first client in C", async () => {
  const r = await example("c_client", url).done;
  assert.deepEqual([r.code, r.stdout, r.stderr], [0, 'ok {"hello":"world"}\nheard {"body":"hi"}\n', ""]);
  const refused = await example("c_client", "nonsense").done;
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /nonsense/);
});

test("qt_chat: signals and futures on Qt's loop", { skip: !existsSync(path.join(bin, "example_qt_chat")) && "built without Qt" }, async () => {
  const r = await example("qt_chat", url).done;
  assert.deepEqual([r.code, r.stderr], [0, ""]);
  assert.match(r.stdout, /^(\d+ here\n)?ok world\n/m);
  assert.match(r.stdout, /heard hi\n$/);
});
