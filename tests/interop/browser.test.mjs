// The unmodified phoenix client in headless Chromium, on a page that our server serves: chat and presence in two tabs.
import { test, before, after } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { start } from "./server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const skip = existsSync(executablePath) ? false : `no ${executablePath}: install the package chromium`;

let server, browser;
before(async () => {
  if (skip) return;
  server = await start("fixture_server", "--port", "0", "--file", `/chat.html=${here}/chat.html`, "--file",
    `/phoenix.mjs=${here}/node_modules/phoenix/priv/static/phoenix.mjs`);
  // The name is in the fixture's check_origin, with any port.
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--host-resolver-rules=MAP allowed.example 127.0.0.1"] });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const texts = (page, id, wanted) => page.waitForFunction(
  ([list, texts]) => JSON.stringify([...document.querySelectorAll(`#${list} li`)].map((item) => item.textContent)) === texts,
  [id, JSON.stringify(wanted)], { timeout: 15_000 });

async function open(context, user, transport) {
  const page = await context.newPage();
  const failures = [];
  page.on("pageerror", (error) => failures.push(String(error)));
  await page.goto(`http://allowed.example:${server.port}/chat.html?user=${user}&transport=${transport}`);
  await page.waitForSelector("body[data-room=joined][data-chat=joined]", { timeout: 15_000 });
  return { page, failures };
}

async function say(page, body) {
  const sent = await page.evaluate(() => Number(document.body.dataset.sent ?? 0));
  await page.fill("#text", body);
  await page.click("button");
  await page.waitForSelector(`body[data-sent="${sent + 1}"]`, { timeout: 15_000 });
}

for (const [transport, name] of [["websocket", "WebSocket"], ["longpoll", "LongPoll"]]) {
  test(`two tabs chat and see each other come and go over ${transport} (A1.4, A10.157)`, { skip, timeout: 60_000 }, async () => {
    const context = await browser.newContext();
    const ada = await open(context, "ada", transport);
    await texts(ada.page, "people", ["ada"]);
    const bob = await open(context, "bob", transport);
    await texts(ada.page, "people", ["ada", "bob"]);
    await texts(bob.page, "people", ["ada", "bob"]);
    assert.equal(await bob.page.evaluate(() => window.transport()), name);

    await say(ada.page, "zażółć 😀");
    await say(bob.page, "hi");
    for (const { page } of [ada, bob]) await texts(page, "messages", ["ada: zażółć 😀", "bob: hi"]);

    await bob.page.close();
    await texts(ada.page, "people", ["ada"]);
    assert.deepEqual([...ada.failures, ...bob.failures], []);
    await context.close();
  });
}
