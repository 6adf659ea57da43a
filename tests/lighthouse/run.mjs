// The main page of each persona as Lighthouse judges it. Accessibility and best practices must reach 95; performance is
// the median of --runs and only reported. Ends with "N passed, N failed".
//
// LOOPLINE_BIN names the program, LOOPLINE_CHROMIUM the browser; reports are left in tests/output/lighthouse.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import lighthouse, { desktopConfig } from "lighthouse";
import puppeteer from "puppeteer-core";
import { start } from "../browser/product.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const executablePath = process.env.LOOPLINE_CHROMIUM ?? "/usr/bin/chromium";
const output = join(here, "../output/lighthouse");
const asked = process.argv.indexOf("--runs");
const runs = asked < 0 ? 1 : Number(process.argv[asked + 1]);
if (!Number.isInteger(runs) || runs < 1 || runs > 20) {
  console.error("usage: node tests/lighthouse/run.mjs [--runs N], N from 1 to 20");
  process.exit(2);
}
mkdirSync(output, { recursive: true });

/** What must be reached, of 100. */
const ENOUGH = 95;

/** What Lighthouse calls a recording of its own that broke off, whatever the page is. */
const RECORDING = /^(NO_NAVSTART|NO_TRACING_STARTED|NO_RESOURCE_REQUEST|PROTOCOL_TIMEOUT|TARGET_CRASHED)$/;

/** Who, on what page, and whether on a phone, as each is used most. */
const PAGES = [
  { name: "sign-in", path: "/sign-in", phone: true },
  { name: "teacher", person: "Rosa Delgado", path: "/school", phone: true },
  { name: "filing", person: "Rosa Delgado", path: "/file", phone: true },
  { name: "department", person: "Marcus Tillery", path: "/department", phone: false },
  { name: "contact", person: "June Whitaker", path: "/contact", phone: false },
  { name: "leader", person: "Raymond Castellanos", path: "/leader", phone: false },
  { name: "leader-phone", person: "Raymond Castellanos", path: "/leader", phone: true },
  { name: "auditor", person: "Ian MacGregor", path: "/record", phone: false },
];

/** Signs somebody of the demonstration in, in a browser of their own. */
async function signIn(context, address, person) {
  const page = await context.newPage();
  await page.goto(`${address}/sign-in`);
  await Promise.all([page.waitForNavigation(), page.locator(`::-p-text(${person})`).click()]);
  if (new URL(page.url()).pathname === "/sign-in") throw new Error(`${person} is not in`);
  await page.close();
}

const median = (numbers) => [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
const data = mkdtempSync(join(tmpdir(), "loopline-lighthouse-"));
const { child, address } = await start(data);
const browser = await puppeteer.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
let passed = 0;
let failed = 0;
try {
  for (const page of PAGES) {
    const performance = [];
    const short = [];
    let said = "";
    let broken = 0;
    for (let run = 0; run < runs; run += 1) {
      // A browser of its own each time: nothing of an earlier page is kept.
      const context = await browser.createBrowserContext();
      if (page.person) await signIn(context, address, page.person);
      const tab = await context.newPage();
      const settings = {
        output: "html",
        logLevel: "error",
        disableStorageReset: true,
        onlyCategories: ["accessibility", "best-practices", "performance"],
      };
      const config = page.phone ? undefined : desktopConfig;
      const { lhr, report } = await lighthouse(address + page.path, settings, config, tab);
      await context.close();
      if (lhr.runtimeError) {
        // Its own recording of the browser breaks off now and then, and it asks to be run again; not for ever.
        broken += 1;
        const said = `${page.name}: ${lhr.runtimeError.code}: ${lhr.runtimeError.message}`;
        if (!RECORDING.test(lhr.runtimeError.code) || broken > 3) throw new Error(said);
        console.log(`     ${said}`);
        run -= 1;
        continue;
      }
      if (!new URL(lhr.finalDisplayedUrl).pathname.startsWith(page.path)) {
        throw new Error(`${page.name} ended at ${lhr.finalDisplayedUrl}`);
      }
      const of = (category) => Math.round(lhr.categories[category].score * 100);
      performance.push(of("performance"));
      const kilobytes = Math.round((lhr.audits["total-byte-weight"].numericValue ?? 0) / 1024);
      said = `accessibility ${of("accessibility")}, best practices ${of("best-practices")}, ${kilobytes} KB`;
      for (const category of ["accessibility", "best-practices"]) {
        if (of(category) >= ENOUGH) continue;
        const wrong = lhr.categories[category].auditRefs
          .map((ref) => lhr.audits[ref.id])
          .filter((audit) => audit.score !== null && audit.score < 1)
          .map((audit) => audit.id);
        short.push(`${category} is ${of(category)}: ${wrong.join(", ")}`);
      }
      writeFileSync(join(output, `${page.name}.html`), report);
    }
    const ok = short.length === 0;
    if (ok) passed += 1;
    else failed += 1;
    console.log(`${ok ? "ok  " : "FAIL"} ${page.name}: ${said}, performance ${median(performance)} (of ${runs})`);
    for (const line of new Set(short)) console.log(`     ${line}`);
  }
} finally {
  await browser.close();
  child.kill("SIGTERM");
  await new Promise((resolve) => child.once("exit", resolve));
  rmSync(data, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
