// phx-server's commands and configuration.
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { bin } from "./server.mjs";

const dir = mkdtempSync(path.join(os.tmpdir(), "phxkit-app-"));
const file = (name, text) => { writeFileSync(path.join(dir, name), text); return path.join(dir, name); };
const run = (args, env = {}) => spawnSync(path.join(bin, "phx-server"), args, { encoding: "utf8", timeout: 20_000, env: { ...process.env, ...env } });

test("flag over environment over file", () => {
  const config = file("server.conf", "port=4101\nhost=127.0.0.2\nlog-level=error\n");
  const out = run(["--config", config, "--port", "4103", "--print-config"], { PHX_PORT: "4102", PHX_HOST: "127.0.0.3" }).stdout;
  assert.match(out, /^port=4103$/m);
  assert.match(out, /^host="127\.0\.0\.3"$/m);
  assert.match(out, /^log-level="error"$/m);
});

test("--print-config shows no password", () => {
  const out = run(["--database", "postgresql://ada:s3cret@db.example/app", "--print-config"]).stdout;
  assert.match(out, /postgresql:\/\/ada:\*\*\*@db\.example\/app/);
  assert.ok(!out.includes("s3cret"));
});

test("migrate brings a database up to date, and back", () => {
  const database = ["--database", `sqlite:${path.join(dir, "m.db")}`];
  assert.equal(JSON.parse(run(["migrate", ...database]).stdout).migrated.length, 7);
  assert.equal(JSON.parse(run(["migrate", ...database]).stdout).migrated.length, 0);
  assert.equal(JSON.parse(run(["migrate", "--rollback", "7", ...database]).stdout).rolled_back.length, 7);
  assert.equal(JSON.parse(run(["migrate", ...database]).stdout).migrated.length, 7);
  const nobody = run(["grant", "nobody@example.org", "admin", ...database]);
  assert.deepEqual([nobody.status, nobody.stderr.split("\n").length], [4, 2]);
});

test("routes prints the table", () => {
  const r = run(["routes"]);
  assert.equal(r.status, 0);
  assert.match(r.stdout, /^POST +\/api\/v1\/sessions /m);
});

test("a database that cannot be used is one line", () => {
  for (const [url, code] of [["nonsense:x", 2], ["postgresql://u:pw@127.0.0.1:1/x", 3], ["sqlite:/nonexistent/dir/x.db", 3]]) {
    const r = run(["--port", "0", "--log-level", "error", "--database", url]);
    assert.deepEqual([r.status, r.stdout, r.stderr.trim().split("\n").length], [code, "", 1], url + ": " + r.stderr);
    assert.ok(!r.stderr.includes("pw"));
  }
});
