// phx http, context, completion, man, as a script would use them, against phx-server and a scripted HTTP server.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { start, bin } from "./server.mjs";

let server, api, base, folder;
const requests = [];
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "phxkit-cli-"));
  server = await start("phx-server", "--port", "0", "--log-level", "warning");
  api = http.createServer((req, res) => {
    let body = "";
    req.on("data", (d) => { body += d; });
    req.on("end", () => {
      requests.push({ method: req.method, url: req.url, headers: req.headers, body });
      const json = (status, value, headers = {}) => { res.writeHead(status, { "content-type": "application/json", ...headers }); res.end(JSON.stringify(value)); };
      const here = new URL(req.url, "http://x").pathname;
      if (here === "/api/echo") return json(200, { method: req.method, query: req.url.split("?")[1] ?? "", body: body && JSON.parse(body), auth: req.headers.authorization ?? null });
      if (here === "/api/invalid") return json(422, { errors: { title: ["can't be blank"] } });
      if (here === "/api/busy") return requests.filter((r) => r.url === req.url).length < 3 ? json(503, {}, { "retry-after": "0" }) : json(200, { done: true });
      if (here === "/api/moved") return json(302, {}, { location: "/api/echo" });
      if (here === "/api/text") { res.writeHead(200, { "content-type": "text/plain" }); return res.end("plain\n"); }
      if (here === "/api/hang") return;
      return json(404, { errors: { detail: "Not Found" } });
    });
  });
  api.listen(0, "127.0.0.1");
  await once(api, "listening");
  base = `http://127.0.0.1:${api.address().port}`;
});
after(async () => { api.closeAllConnections?.(); api.close(); await server.stop(); rmSync(folder, { recursive: true }); });

async function phx(args, { stdin = "", env = {} } = {}) {
  const child = spawn(path.join(bin, "phx"), args, { env: { ...process.env, PHX_TOKEN: "", PHX_CONTEXT: "", XDG_CONFIG_HOME: folder, ...env } });
  let stdout = "", stderr = "";
  child.stdout.on("data", (d) => { stdout += d; });
  child.stderr.on("data", (d) => { stderr += d; });
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const [code] = await once(child, "close");
  return { code, stdout, stderr, get lines() { return stdout.split("\n").filter(Boolean).map((l) => JSON.parse(l)); } };
}
async function refused(args, code, text, options) {
  const r = await phx(args, options);
  assert.deepEqual([r.code, r.stdout], [code, ""], `${args.join(" ")}: ${r.stderr}`);
  assert.equal(r.stderr.trim().split("\n").length, 1, r.stderr);
  assert.match(r.stderr, text);
}

test("http sends what the items say", async () => {
  const r = await phx(["http", "post", `${base}/api/echo?a=1`, "name=Ada = 1", "n:=[1,2]", "X-Thing: x", "page==2 3", "a\\:b=c"], { env: { PHX_TOKEN: "t0k" } });
  assert.equal(r.code, 0, r.stderr);
  assert.deepEqual(r.lines, [{ method: "POST", query: "a=1&page=2%203", body: { name: "Ada = 1", n: [1, 2], "a:b": "c" }, auth: "Bearer t0k" }]);
  assert.equal(requests.at(-1).headers["x-thing"], "x");
  const data = await phx(["http", "PUT", `${base}/api/echo`, "--data", "@-"], { stdin: "[true]" });
  assert.deepEqual(data.lines[0].body, [true]);
});

test("http: an error of the API is printed and exits 4", async () => {
  const r = await phx(["http", "GET", `${base}/api/invalid`, "--include"]);
  assert.equal(r.code, 4);
  assert.equal(r.lines[0].status, 422);
  assert.deepEqual(r.lines[1], { errors: { title: ["can't be blank"] } });
  assert.equal(r.stderr, "phx: HTTP 422: title can't be blank\n");
  assert.equal((await phx(["http", "GET", `${base}/nowhere`, "--quiet"])).stderr, "");
});

test("http: retries, redirects, text", async () => {
  assert.equal((await phx(["http", "GET", `${base}/api/busy?1`])).code, 4);
  assert.deepEqual((await phx(["http", "GET", `${base}/api/busy?2`, "--retries", "3"])).lines, [{ done: true }]);
  assert.equal((await phx(["http", "GET", `${base}/api/moved`, "--include"])).lines[0].status, 302);
  assert.equal((await phx(["http", "GET", `${base}/api/moved`, "--follow"])).lines[0].method, "GET");
  assert.equal((await phx(["http", "GET", `${base}/api/text`])).stdout, "plain\n");
});

test("http against phx-server", async () => {
  const r = await phx(["http", "GET", `http://127.0.0.1:${server.port}/no/such/page`]);
  assert.deepEqual([r.code, r.lines], [4, [{ errors: { detail: "Not Found" } }]]);
});

test("http: wrong command lines, no server, no answer", async () => {
  await refused(["http", "GET", "nonsense"], 2, /nonsense.*http:\/\//);
  await refused(["http", "GET", "/path"], 2, /--base or --context/);
  await refused(["http", "GET", `${base}/`, "what"], 2, /'what' is none of/);
  await refused(["http", "GET", `${base}/`, "=x"], 2, /without a name/);
  await refused(["http", "GET", `${base}/`, "a:={"], 2, /'a:=' is not JSON/);
  await refused(["http", "G ET", `${base}/`], 2, /not an HTTP method/);
  await refused(["http", "GET", "http://127.0.0.1:1/"], 3, /refused/);
  await refused(["http", "GET", `${base}/api/hang`, "--timeout", "0.2"], 124, /--timeout 0\.2 s/);
});

test("context: kept with mode 0600, shown without secrets, used by commands", async () => {
  await refused(["context", "show", "dev"], 2, /no context 'dev'/);
  await refused(["ping"], 2, /url/);
  await refused(["context", "add", "a b", "ws://h/socket"], 2, /name/);
  await refused(["context", "add", "dev", "nonsense"], 2, /URL/);
  await refused(["context", "add", "dev", "ws://h/socket", "--params", "[]"], 2, /--params/);
  const url = `ws://127.0.0.1:${server.port}/socket`;
  const add = await phx(["context", "add", "dev", url, "--params", '{"user_id":"ada","password":"s3cret"}', "--header", "Cookie: k=s3cret", "--timeout", "5"]);
  assert.deepEqual([add.code, add.stdout + add.stderr], [0, ""]);
  assert.equal(statSync(path.join(folder, "phxkit/contexts.json")).mode & 0o777, 0o600);
  const shown = await phx(["context", "show", "dev"]);
  assert.doesNotMatch(shown.stdout + (await phx(["context", "list"])).stdout, /s3cret/);
  assert.deepEqual([shown.lines[0].url, shown.lines[0].params.user_id, shown.lines[0].current], [url, "ada", false]);
  assert.deepEqual((await phx(["push", "--context", "dev", "room:c", "ping", '{"n":1}'])).lines, [{ status: "ok", response: { n: 1 } }]);
  assert.deepEqual(Object.keys((await phx(["presence", "chat:c", "--context=dev"])).lines[0]), ["ada"]);
  assert.deepEqual(Object.keys((await phx(["presence", "chat:d", "--context=dev", "--params", '{"user_id":"bob"}'])).lines[0]), ["bob"], "the user's own flags win");
  assert.equal((await phx(["http", "GET", "/no", "--context", "dev"])).lines[0].errors.detail, "Not Found");
  await refused(["ping", "--context", "prod"], 2, /no context 'prod'/);
  const scenario = path.join(folder, "s.yaml"), capture = path.join(folder, "c.ndjson");
  writeFileSync(scenario, "phxkit_scenario: 1\nactors: { one: [ connect, { join: \"chat:s\" }, { expect: { presence: { ada: { metas: !length 1 } } } } ] }\n");
  assert.equal((await phx(["test", scenario, "--context", "dev"])).code, 0, "test: URL and params");
  const recorded = await phx(["record", "room:rec", "--context", "dev", "--timeout", "1", "--out", capture]);
  assert.equal(recorded.code, 0, recorded.stderr);
  assert.match(readFileSync(capture, "utf8"), /"k":"open","text":"ws:\/\/[^"]*\/socket\/websocket\?password=\[FILTERED\]&user_id=ada&vsn=2\.0\.0"/);
  assert.equal((await phx(["replay", capture, "--context", "dev", "--timeout", "5"])).code, 0);
  assert.equal((await phx(["conformance", "--context", "dev", "--only", "join.ok"])).code, 0);
  assert.equal((await phx(["context", "use", "dev"])).code, 0);
  assert.equal((await phx(["conformance", "--only", "join.ok"])).code, 0);
  assert.equal((await phx(["conformance", "--list"])).code, 0);
  assert.equal((await phx(["ping", "--count", "1"])).lines.length, 1);
  assert.equal((await phx(["context", "remove", "dev"])).code, 0);
  await refused(["ping"], 2, /url/);
  writeFileSync(path.join(folder, "phxkit/contexts.json"), "{");
  await refused(["context", "list"], 2, /contexts\.json/);
  await refused(["ping", "--context", "dev"], 2, /contexts\.json/);
  rmSync(path.join(folder, "phxkit/contexts.json"));
});

test("completion: bash offers commands, flags, choices", async () => {
  const script = (await phx(["completion", "bash"])).stdout;
  writeFileSync(path.join(folder, "c.bash"), script);
  const offers = (...words) => spawnSync("bash", ["-c", 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _phx; echo "${COMPREPLY[*]}"', path.join(folder, "c.bash"), ...words], { encoding: "utf8" });
  assert.deepEqual([offers("phx", "jo").stdout, offers("phx", "jo").stderr], ["join\n", ""]);
  assert.equal(offers("phx", "token", "s").stdout, "sign\n");
  assert.equal(offers("phx", "join", "--tok").stdout, "--token-file\n");
  assert.equal(offers("phx", "join", "--transport", "").stdout, "websocket longpoll auto\n");
  for (const shell of ["zsh", "fish"]) {
    const r = await phx(["completion", shell]);
    assert.equal(r.code, 0);
    for (const word of ["join", "--where", "transport", "completion"]) assert.ok(r.stdout.includes(word.replace(/^--/, "")), `${shell}: ${word}`);
  }
  await refused(["completion", "tcsh"], 2, /bash,zsh,fish/);
});

test("man: a page for every command", async () => {
  const page = (await phx(["man", "push"])).stdout;
  assert.match(page, /^\.TH "PHX-PUSH" 1/);
  assert.match(page, /\\-\\-join\\-payload/);
  assert.match(page, /\.SH EXIT STATUS/);
  assert.equal((await phx(["man", "--out", path.join(folder, "man")])).code, 0);
  const pages = readdirSync(path.join(folder, "man"));
  for (const name of ["phx.1", "phx-join.1", "phx-token-sign.1", "phx-http.1"]) assert.ok(pages.includes(name), name);
  for (const name of pages) assert.ok(readFileSync(path.join(folder, "man", name), "utf8").startsWith(".TH"), name);
  await refused(["man", "nope"], 2, /no command 'nope'/);
  await refused(["man", "--out", "/proc/no"], 1, /\/proc\/no/);
});

test("completions and man pages have every command", async () => {
  const help = (await phx(["--help"])).stdout;
  const commands = help.slice(help.indexOf("Subcommands:")).split("\n").slice(1).map((l) => /^  (\S+)/.exec(l)?.[1]).filter(Boolean);
  assert.ok(["join", "shell", "conformance", "help"].every((c) => commands.includes(c)), commands.join());
  const scripts = await Promise.all(["bash", "zsh", "fish"].map(async (shell) => (await phx(["completion", shell])).stdout));
  for (const command of commands) {
    assert.ok(existsSync(path.join(folder, "man", `phx-${command}.1`)), command);
    for (const script of scripts) assert.ok(new RegExp(`\\b${command}\\b`).test(script), command);
  }
  for (const [shell, script] of [["bash", scripts[0]], ["zsh", scripts[1]], ["fish", scripts[2]]]) {
    if (spawnSync(shell, ["-c", "true"]).error) continue;  // not installed here
    const r = spawnSync(shell, ["-n"], { input: script, encoding: "utf8" });
    assert.deepEqual([r.status, r.stderr], [0, ""], shell);
  }
});

const checks = (r) => Object.fromEntries(r.lines.map((l) => [l.check, l]));

test("doctor: a healthy server", async () => {
  const r = await phx(["doctor", `ws://127.0.0.1:${server.port}/socket`, "--topic", "room:lobby"]);
  assert.equal(r.code, 0, r.stdout + r.stderr);
  assert.deepEqual(r.lines.map((l) => [l.check, l.ok]), ["dns", "tcp", "clock", "longpoll", "upgrade", "heartbeat", "join"].map((c) => [c, true]));
  const refusedJoin = await phx(["doctor", `ws://127.0.0.1:${server.port}/socket`, "--topic", "nowhere"]);
  assert.deepEqual([refusedJoin.code, checks(refusedJoin).join.ok], [4, false]);
  assert.match(checks(refusedJoin).join.detail, /unmatched topic/);
});

test("doctor names what is wrong and the remedy", async () => {
  const wrong = async (url, check, code, text, ...flags) => {
    const r = await phx(["doctor", url, ...flags]);
    const seen = checks(r)[check];
    assert.ok(seen, r.stdout + r.stderr);
    assert.deepEqual([r.code, seen.ok], [code, false], r.stdout + r.stderr);
    assert.match(seen.detail + seen.remedy, text);
  };
  await wrong("ws://no-such-host.invalid/socket", "dns", 3, /no-such-host\.invalid.*spelling/);
  await wrong("ws://127.0.0.1:1/socket", "tcp", 3, /refused.*running/);
  await wrong(`wss://127.0.0.1:${server.port}/socket`, "tls", 3, /ws:\/\//);
  await wrong(`ws://127.0.0.1:${server.port}/nowhere`, "upgrade", 3, /404.*no socket at this path/);
  await wrong(`ws://127.0.0.1:${server.port}/socket`, "upgrade", 3, /403.*--token-file/, "--params", '{"token":"bad"}');
  const silent = http.createServer(() => {});
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  await wrong(`ws://127.0.0.1:${silent.address().port}/socket`, "http", 124, /web server/, "--timeout", "0.3");
  silent.closeAllConnections?.();
  silent.close();
  const late = http.createServer((req, res) => { res.writeHead(200, { date: "Sun, 06 Nov 1994 08:49:37 GMT" }); res.end("{}"); });
  late.listen(0, "127.0.0.1");
  await once(late, "listening");
  await wrong(`ws://127.0.0.1:${late.address().port}/socket`, "clock", 4, /behind ours.*NTP/);
  late.closeAllConnections?.();
  late.close();
  await refused(["doctor", "nonsense"], 2, /URL/);
});
