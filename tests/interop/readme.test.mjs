// The README tells the truth: its program is the one in docs/examples, and that one runs.
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bin, start } from "./server.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
const text = (file) => readFileSync(path.join(root, file), "utf8");
const client = (url) => spawnSync(path.join(bin, "example_first_client"), [url], { encoding: "utf8", timeout: 20_000 });
const expected = 'ok {"hello":"world"}\nheard {"body":"hi"}\n';

test("the program in the README is docs/examples/first_client.cpp", () => {
  assert.ok(text("README.md").includes("```cpp\n" + text("docs/examples/first_client.cpp") + "```"));
});

test("first_client talks to phx-server", async () => {
  const server = await start("phx-server", "--port", "0", "--log-level", "warning");
  const r = client(`ws://127.0.0.1:${server.port}/socket`);
  assert.deepEqual([r.status, r.stdout, r.stderr], [0, expected, ""]);
  await server.stop();
});

test("styles shows typed events, deliveries, pulling and polling", async () => {
  const server = await start("phx-server", "--port", "0", "--log-level", "warning");
  const r = spawnSync(path.join(bin, "example_styles"), [`ws://127.0.0.1:${server.port}/socket`], { encoding: "utf8", timeout: 20_000 });
  assert.deepEqual(r.stdout.trim().split("\n").sort(),
    ["and to another 1", "polled polled", 'pulled {"body":"hi"}', "received 1 message", "typed answer to a coroutine", "typed answer to a future", "typed hi"], r.stderr);
  assert.equal(r.status, 0);
  await server.stop();
});

test("first_server serves first_client, and ends at Enter", async () => {
  const server = spawn(path.join(bin, "example_first_server"), { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  assert.equal(client(line.split(";")[0]).stdout, expected);
  server.stdin.write("\n");
  assert.equal((await once(server, "exit"))[0], 0);
});

test("rest talks to json_api", async () => {
  const server = spawn(path.join(bin, "example_json_api"), { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: server.stdout });
  let where;
  for await (const line of lines) if ((where = line.match(/^(http:\S+) with authorization: Bearer ([^;]+);/))) break;
  const r = spawnSync(path.join(bin, "example_rest"), where.slice(1, 3), { encoding: "utf8", timeout: 20_000 });
  const [first, second, third] = r.stdout.split("\n");
  assert.deepEqual([r.status, first, second], [0, "422 text can't be blank", "201 /api/v1/notes/1"], r.stderr);
  assert.match(third, /buy milk/);
  server.stdin.write("\n");
  assert.equal((await once(server, "exit"))[0], 0);
});

test("own_transport needs no network", () => {
  const r = spawnSync(path.join(bin, "example_own_transport"), [], { encoding: "utf8", timeout: 20_000 });
  assert.deepEqual([r.status, r.stdout, r.stderr], [0, 'open ws://no.network/socket/websocket?vsn=2.0.0\njoin ok\necho {"to":"world"}\n', ""]);
});

// Issue 5: a tour in the README and docs/ (docs/tour.md: tour.test.mjs). Its lines are run as they stand, but for the port.
test("the tour of the README", async () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "phxkit-readme-"));
  const server = await start("phx-server", "--port", "0", "--log-level", "warning");
  const script = [...text("README.md").matchAll(/```sh\n([^]*?)```/g)].map((m) => m[1]).join("").replaceAll("127.0.0.1:4000", `127.0.0.1:${server.port}`);
  assert.match(script, /phx join/);
  const r = spawnSync("bash", ["-euo", "pipefail", "-c", script], { cwd: dir, encoding: "utf8", timeout: 60_000, env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } });
  assert.equal(r.status, 0, r.stdout + r.stderr);
  assert.match(r.stdout, /"name":"Ada".*"owner_id":1[^]*"status":"ok"[^]*messages_history.*hello/);
  assert.equal(await server.stop(), 0);
  rmSync(dir, { recursive: true });
});

test("the demo of the README tells its story to the end", () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "phx-demo-test-")), report = path.join(dir, "report.html");
  const r = spawnSync(path.join(bin, "phx-demo"), ["--server", path.join(bin, "phx-server"), "--load", path.join(bin, "phx-load"), "--report", report], { encoding: "utf8", timeout: 120_000 });
  assert.equal(r.status, 0, r.stdout + r.stderr);
  assert.match(r.stdout, /pass delivery\.lost == 0/);
  assert.ok(r.stdout.includes(`the whole report, for a browser: ${report}\n`));  // issue 7: "the 10 s swarm and its report"
  assert.match(readFileSync(report, "utf8"), /<code>delivery\.lost == 0<\/code>[^]*<\/html>\n$/);
  rmSync(dir, { recursive: true });
  assert.match(r.stdout, /All of that happened\.\n$/);
});
