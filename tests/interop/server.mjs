// Starts a program of ours that prints {"listening":{host,port}} when it is ready, and ends just that process.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import net from "node:net";
import path from "node:path";

export const bin = process.env.PHXKIT_BIN ?? path.join(path.dirname(fileURLToPath(import.meta.url)), "../../build/release/bin");

// A test that fails leaves its servers behind: they must neither keep the run alive nor outlive it.
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
function keep(child) {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

export async function start(program, ...args) {
  const child = keep(spawn(path.join(bin, program), args, { stdio: ["ignore", "pipe", "inherit"] }));
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    exited.then(([code]) => { throw new Error(`${program} ended with ${code} before it was ready`); }),
  ]);
  child.unref();
  child.stdout.unref();
  return {
    port: JSON.parse(line).listening.port,
    metricsPort: JSON.parse(line).listening.metrics_port,
    pid: child.pid,
    async stop(signal = "SIGTERM") {
      child.ref();
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

/** For programs that cannot choose one themselves, or do not tell. */
export async function freePort() {
  const probe = net.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** Resolves with the value of the next call: `const [next, callback] = eventually()`. */
export function eventually(ms = 5000) {
  const seen = [], waiting = [];
  const push = (value) => (waiting.length ? waiting.shift()(value) : seen.push(value));
  const next = () =>
    seen.length
      ? Promise.resolve(seen.shift())
      : new Promise((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error(`nothing arrived within ${ms} ms`)), ms);
          waiting.push((value) => { clearTimeout(timer); resolve(value); });
        });
  return [next, push, seen];
}
