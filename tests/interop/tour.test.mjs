// docs/tour.md tells the truth: its lines are run as they stand, but for the port.
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bin, start } from "./server.mjs";

const page = readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), "../../docs/tour.md"), "utf8");

test("every line of the tour runs", async () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "phxkit-tour-"));
  const server = await start("phx-server", "--port", "0", "--log-level", "warning", "--database", `sqlite:${path.join(dir, "tour.db")}`);
  const script = [...page.matchAll(/```sh\n([^]*?)```/g)].map((m) => m[1]).join("").replaceAll("127.0.0.1:4000", `127.0.0.1:${server.port}`);
  const r = spawnSync("bash", ["-euo", "pipefail", "-c", script], { cwd: dir, encoding: "utf8", timeout: 60_000, env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } });
  assert.equal(r.status, 0, r.stdout + r.stderr);
  assert.match(r.stdout, /"name":"ada"/);
  assert.match(r.stdout, /messages_history.*hello Bob.*hi Ada!/);
  assert.match(r.stdout, /"winner":"X"\}\}\n\n$/);
  assert.equal(await server.stop(), 0);
  rmSync(dir, { recursive: true });
});
