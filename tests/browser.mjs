// Drives Debian's Chromium by Playwright for tests/browser.py: one order a line on standard input, one answer a line.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { chromium } = createRequire(`${process.argv[2]}/`)("playwright-core");
// The browser's own requests to the world (updates, sign-in) lead nowhere; only the loopback is reached.
const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--hide-scrollbars",
  "--proxy-server=http://127.0.0.1:9",
];
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  headless: true,
  chromiumSandbox: false,
  args: flags,
});
const pages = [];

async function open({ address, scripts, dark, width, height }) {
  const context = await browser.newContext({
    javaScriptEnabled: scripts,
    colorScheme: dark ? "dark" : "light",
    viewport: { width, height },
    hasTouch: width < 600,
    locale: "en-GB",
    timezoneId: "UTC",
  });
  context.setDefaultTimeout(20000);
  const page = await context.newPage();
  const known = { page, asked: [], complaints: [] };
  page.on("request", (request) => known.asked.push(request.url()));
  page.on(
    "console",
    (message) => ["error", "warning"].includes(message.type()) && known.complaints.push(message.text()),
  );
  page.on("pageerror", (fault) => known.complaints.push(String(fault)));
  await page.goto(address);
  return pages.push(known) - 1;
}

async function obey({ order, page, ...given }) {
  if (order === "open") return open(given);
  const known = pages[page];
  if (order === "known") return { asked: known.asked, complaints: known.complaints };
  if (order === "close") return known.page.context().close();
  // A method of the page, or of what a selector finds.
  const on = given.selector
    ? known.page.locator(given.selector).first()
    : given.keyboard
      ? known.page.keyboard
      : known.page;
  const made = await on[order](...given.arguments);
  return Buffer.isBuffer(made) ||
    (made && typeof made === "object" && made.constructor !== Object && !Array.isArray(made))
    ? null
    : made;
}

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { value: (await obey(JSON.parse(line))) ?? null };
  } catch (fault) {
    answer = { fault: String(fault.message || fault) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
