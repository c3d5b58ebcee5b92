// phx-load as tests run it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { bin } from "./server.mjs";

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Starts it; `done` resolves with exit code and output. */
export function load(...args) {
  const child = spawn(path.join(bin, "phx-load"), args);
  running.add(child);
  const out = { stdout: "", stderr: "" };
  child.stdout.on("data", (d) => { out.stdout += d; });
  child.stderr.on("data", (d) => { out.stderr += d; });
  const done = once(child, "close").then(([code]) => { running.delete(child); return { code, ...out }; });
  /** Until stderr says so; the end of the program ends the wait too. */
  const says = async (what) => {
    while (!what.test(out.stderr))
      await Promise.race([once(child.stderr, "data"), done.then((r) => { throw new Error(`ended with ${r.code}: ${r.stderr}`); })]);
  };
  return { child, done, says, stderr: () => out.stderr };
}

/** A folder for results, gone at the end. */
export function results() {
  const dir = mkdtempSync(path.join(tmpdir(), "phx-load-"));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  const file = (name) => path.join(dir, name);
  return { file, result: (name) => JSON.parse(readFileSync(file(name))) };
}
