// The HTML report of phx-load in headless Chromium: it renders, asks for nothing, says nothing on the console; reports and comparisons of bad files exit 2.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { start, bin } from "./server.mjs";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const skip = existsSync(executablePath) ? false : `no ${executablePath}: install the package chromium`;

let server, dir, run;
const file = (name) => path.join(dir, name);
const load = (...args) => spawnSync(path.join(bin, "phx-load"), args, { encoding: "utf8", timeout: 60_000 });
before(async () => {
  server = await start("phx-server", "--port", "0", "--log-level", "error");
  dir = mkdtempSync(path.join(tmpdir(), "phx-load-report-"));
  run = load("run", "broadcast", "--url", `ws://127.0.0.1:${server.port}/socket`, "--users", "20", "--rate", "20", "--ramp", "1", "--duration", "2", "--max-lag", "60",
    "--gate", "delivery.lost == 0", "--gate", "delivery.p99 < 60s", "--out", file("a.json"), "--html", file("a.html"));
});
after(async () => { await server?.stop(); rmSync(dir, { recursive: true }); });

test("run --html writes one small file, whole; report makes the same figures of result.json", () => {
  assert.equal(run.status, 0, run.stderr);
  const page = readFileSync(file("a.html"), "utf8");
  assert.ok(statSync(file("a.html")).size < 400_000);
  assert.ok(page.endsWith("</html>\n"));
  assert.doesNotMatch(page, /<script|https?:\/\//);
  assert.match(page, /<code>delivery\.lost == 0<\/code>/);
  const again = load("report", file("a.json"), "--html", file("b.html"));
  assert.equal(again.status, 0, again.stderr);
  assert.match(again.stdout, /20 planned, 20 connected, 20 joined/);
  assert.equal(readFileSync(file("b.html"), "utf8"), page);
  assert.deepEqual(readdirSync(dir).sort(), ["a.html", "a.json", "b.html"]);  // no temporary file stays
});

test("Chromium shows it, light and dark, without console errors or requests", { skip, timeout: 60_000 }, async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const grounds = [];
    for (const colorScheme of ["light", "dark"]) {
      const page = await (await browser.newContext({ colorScheme })).newPage();
      const trouble = [], requests = [];
      page.on("console", (m) => { if (["error", "warning"].includes(m.type())) trouble.push(m.text()); });
      page.on("pageerror", (e) => trouble.push(String(e)));
      page.on("request", (r) => { if (!/^(file|data):/.test(r.url())) requests.push(r.url()); });
      await page.goto(pathToFileURL(file("a.html")).href);
      assert.ok(await page.locator("svg path.p").count() >= 5);
      assert.ok(await page.locator("svg path.h").count() >= 1);  // heat map
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth), false);
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      assert.deepEqual([trouble, requests], [[], []]);
    }
    assert.notEqual(grounds[0], grounds[1]);
  } finally { await browser.close(); }
});

test("compare: a run is the same as itself; one that lost a message is worse", () => {
  assert.match(load("compare", file("a.json"), file("a.json")).stdout, /: 0 worse, 0 better,/);
  const worse = JSON.parse(readFileSync(file("a.json")));
  worse.deliveries.lost = 1;
  writeFileSync(file("worse.json"), JSON.stringify(worse));
  const r = load("compare", file("a.json"), file("worse.json"), "--fail-if-worse", "--json", "--html", file("c.html"));
  assert.equal(r.status, 5, r.stderr);
  const figures = JSON.parse(r.stdout).comparisons[0].figures;
  assert.deepEqual(figures.filter((f) => f.verdict === "worse").map((f) => f.figure), ["delivery.lost"]);
  assert.ok(statSync(file("c.html")).size < 400_000);
  // Issue 7, point 6, "two or more runs": each of the others beside the first.
  const three = load("compare", file("a.json"), file("worse.json"), file("a.json"), "--json");
  assert.equal(three.status, 0, three.stderr);
  assert.deepEqual(JSON.parse(three.stdout).comparisons.map((c) => c.figures.filter((f) => f.verdict === "worse").map((f) => f.figure)), [["delivery.lost"], []]);
});

test("a file that is no result exits 2 with one line that says why", () => {
  const good = JSON.parse(readFileSync(file("a.json")));
  const damaged = (change) => { const j = structuredClone(good); change(j); return JSON.stringify(j); };
  for (const [text, reason] of [
    ["{", /not JSON/], ["[]", /no result of phx-load/], [damaged((j) => { j.phx_load_result = 99; }), /version 99, this phx-load reads version 1/],
    [damaged((j) => { delete j.users.joined; }), /users\.joined is missing/], [damaged((j) => { j.gates[0].pass = 1; }), /gates\[0\]\.pass is not true or false/],
    [damaged((j) => { j.histograms.join.count += 1; }), /do not add up/],
  ]) {
    writeFileSync(file("bad.json"), text);
    for (const args of [["report", file("bad.json"), "--html", file("bad.html")], ["compare", file("a.json"), file("bad.json")]]) {
      const r = load(...args);
      assert.equal(r.status, 2, r.stderr);
      assert.match(r.stderr, reason);
      assert.equal(r.stderr.trim().split("\n").length, 1);
      assert.equal(existsSync(file("bad.html")), false);
    }
  }
});
