// The official phoenix client, made convenient for tests.
import { Socket } from "phoenix";
import { eventually } from "./server.mjs";

/** A connected socket; reconnects and rejoins quickly. `options` are the client's own, `transport` among them. */
export async function connect(port, options) {
  const socket = new Socket(`ws://127.0.0.1:${port}/socket`, { reconnectAfterMs: () => 20, rejoinAfterMs: () => 20, ...options });
  const [opened, open] = eventually();
  socket.onOpen(() => open());
  socket.connect();
  await opened();
  return socket;
}

/** The answer to a push or join: [status, response]. */
export function ask(push) {
  return new Promise((resolve, reject) => {
    push.receive("ok", (response) => resolve(["ok", response]));
    push.receive("error", (response) => resolve(["error", response]));
    push.receive("timeout", () => reject(new Error("timeout")));
  });
}

export const bye = (...sockets) => Promise.all(sockets.map((s) => new Promise((done) => s.disconnect(done))));
