// phx-server's commands and configuration, and sockets by session.
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import WebSocket from "ws";
import * as phoenix from "./phoenix_client.mjs";
import { bin, eventually, start } from "./server.mjs";

const { ask, bye } = phoenix;

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

test("a misspelt key of the file is an error that names it", () => {
  const r = run(["--config", file("misspelt.conf", "port=0\nprot=1\n"), "--print-config"]);
  assert.deepEqual([r.status, r.stdout], [2, ""]);
  assert.match(r.stderr, /^phx-server: .*prot.*\n$/);
});

// Issue 5: one precedence, also where two options exclude each other.
test("--database and --database-file: the higher source wins, two of one source are an error", () => {
  const secret = file("database", `sqlite:${path.join(dir, "from-file.db")}\n`);
  const config = (text) => ["--config", file("database.conf", text)];
  const shows = (args, env, line) => {
    const r = run([...args, "--print-config"], env);
    assert.deepEqual([r.status, r.stderr], [0, ""], args.join(" "));
    assert.ok(r.stdout.includes(`\n${line}\n`), r.stdout);
  };
  const fromFile = `database-file="${secret}"`;
  shows(["--database-file", secret], { PHX_DATABASE: "sqlite:e.db" }, fromFile);
  shows([...config("database=sqlite:c.db\n"), "--database-file", secret], {}, fromFile);
  shows(config("database=sqlite:c.db\n"), { PHX_DATABASE_FILE: secret }, fromFile);
  shows(["--database", "sqlite:f.db"], { PHX_DATABASE_FILE: secret }, 'database="sqlite:f.db"');
  shows([...config(`database-file=${secret}\n`), "--database", "sqlite:f.db"], {}, 'database="sqlite:f.db"');
  assert.equal(run(["migrate", "--database-file", secret], { PHX_DATABASE: "nonsense:x" }).status, 0);
  const both = [[["--database", "sqlite:f.db", "--database-file", secret], {}], [[], { PHX_DATABASE: "sqlite:e.db", PHX_DATABASE_FILE: secret }],
    [config(`database=sqlite:c.db\ndatabase-file=${secret}\n`), {}]];
  for (const [args, env] of both) assert.equal(run([...args, "--print-config"], env).status, 2, args.join(" "));
});

// Issue 5: phx-server --print-config; its output is a file for --config.
test("--print-config is read back as it was written", () => {
  const twice = (args) => {
    const first = run([...args, "--print-config"]);
    const again = run(["--config", file("printed.conf", first.stdout), "--print-config"]);
    assert.deepEqual([first.status, again.status, again.stderr], [0, 0, ""]);
    assert.equal(again.stdout, first.stdout);
    return first.stdout;
  };
  assert.doesNotMatch(twice([]), /=""|migrate|grant|mock|metrics-port/);
  const all = twice(["--host", "127.0.0.2", "--port", "0", "--workers", "3", "--database", "sqlite:a b.db", "--cors-origins", "https://a.example,https://b.example",
    "--check-origin", "https://a.example,//*.b.example", "--filter-parameters", "pin,token", "--metrics-port", "0", "--drain-wait", "5", "--log-level", "error"]);
  for (const line of ["database=\"sqlite:a b.db\"", "metrics-port=0", "drain-wait=5", "check-origin=\"https://a.example,//*.b.example\""])
    assert.ok(all.includes(`${line}\n`), all);
});

test("--print-config shows no password, wherever the URL has it", () => {
  const urls = ["postgresql://ada:s3cret@db.example/app", "postgresql:///app?user=ada&password=s3cret", "postgresql:///app?password=s3cret&user=ada",
    "postgresql://ada:s3cret@db.example/app?sslmode=require&sslpassword=s3cret", "postgresql:///app?pass%77ord=s3cret", "postgresql://ada:s3/cret@db.example/app"];
  for (const url of urls) {
    const r = run(["--database", url, "--print-config"]);
    assert.equal(r.status, 0, r.stderr);
    assert.match(r.stdout, /^database="postgresql:\/\/.*\*\*\*/m);
    assert.ok(!r.stdout.includes("s3"), r.stdout);
  }
  const plain = "postgresql://db.example:5432/app?user=ada&options=-c%20search_path=x";
  assert.ok(run(["--database", plain, "--print-config"]).stdout.includes(`database="${plain}"`));
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
  // What libpq itself says of the last four shows pieces of the password.
  for (const [url, code] of [["nonsense:x", 2], ["postgresql://u:pw@127.0.0.1:1/x", 3], ["sqlite:/nonexistent/dir/x.db", 3],
    ["postgresql://u:pw%x@127.0.0.1:1/x", 2], ["postgresql://u:x@pw@127.0.0.1:1/x", 2], ["postgresql://u:pw/x@127.0.0.1:1/x", 2],
    ["postgresql://u:pw@[::1/x", 2]]) {
    const r = run(["--port", "0", "--log-level", "error", "--database", url]);
    assert.deepEqual([r.status, r.stdout, r.stderr.trim().split("\n").length], [code, "", 1], url + ": " + r.stderr);
    assert.ok(!r.stderr.includes("pw"));
  }
});

test("readiness ends with SIGTERM, service after --drain-wait or a second signal", async () => {
  const server = await start("phx-server", "--port", "0", "--log-level", "error", "--drain-wait", "3600");
  const get = async (where) => { const r = await fetch(`http://127.0.0.1:${server.port}${where}`); return [r.status, await r.json()]; };
  assert.deepEqual(await get("/ready"), [200, { ready: true }]);
  const ended = server.stop();
  while ((await get("/ready"))[0] === 200);  // the signal is on its way
  assert.deepEqual(await get("/ready"), [503, { ready: false }]);
  assert.deepEqual(await get("/api/v1/ping"), [200, { pong: true }]);
  server.stop();
  assert.equal(await ended, 0);
});

test("--metrics-port 0: the ready line tells the port, also where nothing is logged", async () => {
  const server = await start("phx-server", "--port", "0", "--log-level", "error", "--metrics-port", "0");
  assert.match(await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text(), /^phx_joins_total/m);
  assert.equal(await server.stop(), 0);
});

// Issue 5: sockets by session (server.md 1.7): the browser's way, over real connections. curl signs in, the official client connects.
const curl = (...args) => {
  const r = spawnSync("curl", ["-sS", "-w", "\n%{http_code}", "-H", "content-type: application/json", ...args], { encoding: "utf8", timeout: 20_000 });
  assert.equal(r.status, 0, r.stderr);
  const at = r.stdout.lastIndexOf("\n");
  return { status: Number(r.stdout.slice(at + 1)), data: r.stdout.slice(0, at) && JSON.parse(r.stdout.slice(0, at)).data };
};

test("a socket is authenticated by the session cookie and ends with the logout", async () => {
  const server = await start("phx-server", "--port", "0", "--log-level", "error");
  const api = `http://127.0.0.1:${server.port}/api/v1`, jar = path.join(dir, "jar");
  const ada = JSON.stringify({ email: "ada@example.org", name: "Ada", password: "correct horse battery", cookie: true });
  assert.equal(curl(`${api}/users`, "-d", ada).status, 201);
  const login = curl("-c", jar, `${api}/sessions`, "-d", ada);
  assert.equal(login.status, 201);
  const [, name, value] = readFileSync(jar, "utf8").match(/\t(_phx_server_key)\t(\S+)/);
  const cookie = `${name}=${value}`, csrf = login.data.csrf_token, user = login.data.user.id;

  class Browser extends WebSocket {
    constructor(url, protocols) { super(url, protocols, { headers: { cookie } }); }
  }
  const connect = (params) => phoenix.connect(server.port, { transport: Browser, params });
  const ownRoom = (socket) => ask(socket.channel(`notifications:${user}`, {}).join());

  const socket = await connect({ _csrf_token: csrf });
  assert.deepEqual(await ownRoom(socket), ["ok", {}]);
  const [closed, onClose] = eventually();
  socket.onClose(onClose);
  for (const params of [{}, { _csrf_token: "forged" }]) {  // another site's page has the cookie but not the token
    const other = await connect(params);
    assert.equal((await ownRoom(other))[0], "error", JSON.stringify(params));
    await bye(other);
  }
  // phx too: our own client with the cookie as a header.
  const join = spawnSync(path.join(bin, "phx"), ["join", `ws://127.0.0.1:${server.port}/socket`, `notifications:${user}`, "--count", "0",
    "--timeout", "1", "--header", `cookie: ${cookie}`, "--params", JSON.stringify({ _csrf_token: csrf })], { encoding: "utf8", timeout: 20_000 });
  assert.match(join.stdout.split("\n")[0], /"status":"ok"/, join.stdout + join.stderr);

  assert.equal(curl("-b", jar, "-X", "DELETE", `${api}/sessions`).status, 403, "a logout needs the token too");
  assert.equal(curl("-b", jar, "-c", jar, "-X", "DELETE", "-H", `x-csrf-token: ${csrf}`, `${api}/sessions`).status, 204);
  assert.equal((await closed()).code, 1001);  // user_socket:<id> was told to disconnect
  await bye(socket);
  const after = await connect({ _csrf_token: csrf });  // the cookie still verifies, its login is over
  assert.equal((await ownRoom(after))[0], "error");
  await bye(after);
  assert.equal(await server.stop(), 0);
});

// What goes with its owner has the same end as what its owner deletes: a room is left by everybody, its messages are gone.
test("a user who deletes himself takes his rooms with him, and those inside are told", async () => {
  const server = await start("phx-server", "--port", "0", "--log-level", "error");
  const api = `http://127.0.0.1:${server.port}/api/v1`;
  const signUp = (name) => {
    const who = JSON.stringify({ email: `${name}@example.org`, name, password: "correct horse battery" });
    assert.equal(curl(`${api}/users`, "-d", who).status, 201);
    const { token, user } = curl(`${api}/sessions`, "-d", who).data;
    return { user, bearer: ["-H", `authorization: Bearer ${token}`] };
  };
  const ada = signUp("ada"), bob = signUp("bob");
  const room = curl(...ada.bearer, `${api}/rooms`, "-d", JSON.stringify({ name: "engines" })).data.id;
  const visitor = await phoenix.connect(server.port, { params: { user_id: "eve" } });
  const channel = visitor.channel(`chat:${room}`, {});
  const [told, onError] = eventually(), [closed, onClose] = eventually();
  channel.on("error", onError);
  channel.onClose(onClose);
  assert.equal((await ask(channel.join()))[0], "ok");
  assert.equal((await ask(channel.push("new_message", { message: "hello" })))[0], "ok");
  assert.equal(curl(...bob.bearer, `${api}/rooms/${room}/messages`).data.length, 1);
  assert.equal(curl(...bob.bearer, "-X", "DELETE", `${api}/users/${ada.user.id}`).status, 403);
  assert.equal(curl(...ada.bearer, "-X", "DELETE", `${api}/users/${ada.user.id}`).status, 204);
  assert.deepEqual(await told(), { reason: "room_not_found" });
  await closed();
  assert.equal(curl(...bob.bearer, `${api}/rooms/${room}/messages`).status, 404);
  await bye(visitor);
  assert.equal(await server.stop(), 0);
});
