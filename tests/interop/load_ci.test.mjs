// docs/ci tells the truth: its workflow runs its scripts, and those see a regression (issue 7, "To show": a CI example that fails on a regression).
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bin } from "./server.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");

test("the good server passes the gate, the one with a regression does not, and compare says so", () => {
  const r = spawnSync(path.join(root, "docs/ci/regression.sh"), [], { encoding: "utf8", timeout: 120_000, env: { ...process.env, PHX_BIN: bin, PHX_LOAD_FLAGS: "--max-lag 60" } });
  assert.equal(r.status, 0, r.stdout + r.stderr);
  assert.match(r.stdout, /echo exits 0\n.*broadcast exits 0\n.*echo exits 5\n.*broadcast exits 5\n/);
  assert.match(r.stdout, /worse +reply\.p50/);
  assert.match(r.stdout, /worse +delivery\.lost/);
  assert.match(r.stdout, /the gate saw the regression\n$/);
});

test("the workflow runs just these scripts", () => {
  const workflow = readFileSync(path.join(root, "docs/ci/load.yml"), "utf8");
  for (const step of ["./dev build release phx-server phx-load", "docs/ci/gate.sh load build/release/bin/phx-server", "docs/ci/regression.sh"]) assert.ok(workflow.includes(`run: ${step}`), step);
});
