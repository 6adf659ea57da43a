// Loopline's pages in a real browser: one loop closed by hand through its personas, without JavaScript and with it, on
// a phone and on a desk; and every page looked at by axe. Ends with "N passed, N failed".
//
// LOOPLINE_BIN names the program, LOOPLINE_CHROMIUM the browser; screenshots are left in tests/output/browser.

import { spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { chromium } from "playwright-core";
import { program, start } from "./product.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const executablePath = process.env.LOOPLINE_CHROMIUM ?? "/usr/bin/chromium";
const output = join(here, "../output/browser");
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(output, { recursive: true });

const PHONE = { width: 360, height: 740 };
const NARROW = { width: 320, height: 640 };
const DESK = { width: 1280, height: 900 };
let passed = 0;
let failed = 0;

/** Runs one test; what it throws is said, and the rest goes on. */
async function test(name, run) {
  try {
    await run();
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n     ${String(error.stack ?? error).replaceAll("\n", "\n     ")}`);
  }
}

function check(holds, what) {
  if (!holds) throw new Error(`it does not hold: ${what}`);
}

const data = mkdtempSync(join(tmpdir(), "loopline-browser-"));
const { child, address } = await start(data);
const browser = await chromium.launch({
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

/** A browser of one's own, signed in as a person of the demonstration. */
async function as(person, { viewport = DESK, javaScriptEnabled = true, colorScheme = "light" } = {}) {
  const context = await browser.newContext({ viewport, javaScriptEnabled, colorScheme, baseURL: address });
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of [45][0-9][0-9]/.test(message.text())) page.errors.push(message.text());
  });
  await page.goto("/sign-in");
  await page.getByRole("button", { name: person }).first().click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
  return page;
}

async function picture(page, name) {
  await page.screenshot({ path: join(output, `${name}.png`), fullPage: true });
}

/** Everything axe finds against WCAG 2.1 A and AA. The page's own policy forbids scripts from elsewhere, so the
 * source is run by the browser's debugger and not by the page. */
async function accessible(page, where) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const result = await globalThis.axe.run(document, {
      runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] },
    });
    return result.violations.map((violation) => `${violation.id}: ${violation.nodes.map((n) => n.html).slice(0, 3)}`);
  });
  check(found.length === 0, `${where} has no violations, but\n${found.join("\n")}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(wide <= 1, `${where} scrolls sideways by ${wide} pixels`);
}

/** Whatever can be pressed stays where it is while somebody presses it: what moves away is not pressed. (The way past
 * the heading comes into sight only where the keyboard reaches it: no pointer does.) */
async function steady(page, where) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("DOM.enable");
  await devtools.send("CSS.enable");
  const { root } = await devtools.send("DOM.getDocument");
  const { nodeIds } = await devtools.send("DOM.querySelectorAll", { nodeId: root.nodeId, selector: "button, a:not(.usa-skipnav), summary, label" });
  const box = (nodeId) => devtools.send("DOM.getBoxModel", { nodeId }).then((found) => found.model.border.map(Math.round).join(" "));
  const moved = [];
  let pressed = 0;
  for (const nodeId of nodeIds) {
    // What is not shown has no box.
    const before = await box(nodeId).catch(() => null);
    if (before === null) continue;
    let there = true;
    for (const forcedPseudoClasses of [["hover"], ["hover", "active", "focus", "focus-visible"]]) {
      const forced = await devtools.send("CSS.forcePseudoState", { nodeId, forcedPseudoClasses }).then(() => true, () => false);
      const after = await box(nodeId).catch(() => null);
      // Something of the page may be loaded anew meanwhile: what is no longer there is not judged.
      there = after !== null;
      if (!there) break;
      check(forced, `on ${where} the browser shows what it looks like pressed`);
      if (after === before) continue;
      moved.push((await devtools.send("DOM.getOuterHTML", { nodeId })).outerHTML.slice(0, 120));
      break;
    }
    if (!there) continue;
    await devtools.send("CSS.forcePseudoState", { nodeId, forcedPseudoClasses: [] }).catch(() => null);
    pressed += 1;
  }
  await devtools.detach();
  check(pressed > 0, `${where} has something to press`);
  check(moved.length === 0, `on ${where} these move away from under the pointer:\n${moved.join("\n")}`);
}

/** Everything stands where it can be read: no words lie on other words, none are squeezed into a column of a word or
 * two, and a row's title has the room, with who has the loop and when it is due at the row's end. */
async function wellPlaced(page, where) {
  const found = await page.evaluate(() => {
    const wrong = [];
    const told = (element) => `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className} “${element.textContent.trim().replace(/\s+/g, " ").slice(0, 50)}”`;
    // The lines of words that are drawn, each with the element they are of.
    const lines = [];
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode;
      const of = text.parentElement;
      if (!text.data.trim() || !of.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      if (of.closest(".usa-sr-only, svg, option, textarea, .several--up")) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const boxes = [...range.getClientRects()].filter((box) => box.width > 1 && box.height > 1);
      const tops = new Set(boxes.map((box) => Math.round(box.top)));
      const widest = Math.max(...boxes.map((box) => box.width));
      if (tops.size >= 4 && widest < 90 && !of.closest("table")) wrong.push(`squeezed: ${told(of)} stands in ${tops.size} lines of ${Math.round(widest)} pixels`);
      // Of what can be scrolled, only what is scrolled to is drawn.
      let frame = of;
      while (frame && getComputedStyle(frame).overflowY === "visible") frame = frame.parentElement;
      const drawn = frame?.getBoundingClientRect();
      for (const box of boxes) if (!drawn || frame === document.documentElement || (box.bottom <= drawn.bottom && box.top >= drawn.top)) lines.push({ box, of });
    }
    lines.sort((a, b) => a.box.top - b.box.top);
    lines.forEach((one, at) => {
      for (let next = at + 1; next < lines.length && lines[next].box.top < one.box.bottom - 4; next += 1) {
        const other = lines[next];
        const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const down = Math.min(one.box.bottom, other.box.bottom) - other.box.top;
        if (one.of !== other.of && across > 3 && down > 5) wrong.push(`on one another: ${told(one.of)} and ${told(other.of)}`);
      }
    });
    for (const row of document.querySelectorAll(".row")) {
      if (!row.checkVisibility()) continue;
      const box = row.getBoundingClientRect();
      const body = row.querySelector(".row__body").getBoundingClientRect();
      if (body.width < box.width * 0.5) wrong.push(`no room: ${told(row)} gives its title ${Math.round(body.width)} of ${Math.round(box.width)} pixels`);
      const side = row.querySelector(".row__side");
      if (!side?.checkVisibility()) continue;
      const aside = side.getBoundingClientRect();
      const desk = matchMedia("(min-width: 48rem)").matches;
      if (desk && (aside.left < body.right || box.right - aside.right > 8 || aside.top > body.bottom)) wrong.push(`not at the end: ${told(row)}`);
      if (!desk && (aside.top < body.bottom - 1 || Math.abs(aside.left - body.left) > 1)) wrong.push(`not under the title: ${told(row)}`);
    }
    return wrong;
  });
  check(found.length === 0, `on ${where} something stands where it should not:\n${found.slice(0, 12).join("\n")}`);
}

const title = "The bell ends the discussion before it starts";
let loop = "";

await test("a teacher files on a phone without JavaScript", async () => {
  const page = await as("Rosa Delgado", { viewport: PHONE, javaScriptEnabled: false });
  await page.goto("/file");
  await picture(page, "file-phone-plain");
  // What is missing is said at its field, and what was typed stays.
  await page.fill("#trying", "Hold a seminar that needs seventy minutes.");
  await page.locator("main form button[type=submit]").last().click();
  check((await page.inputValue("#trying")).startsWith("Hold a seminar"), "the text stays");
  await picture(page, "file-phone-problem");
  // What looks as if it named a student is pointed out where it stands; the person decides.
  await page.fill("#barrier", "Jamie Quillfeather of grade 4 cannot finish.");
  await page.fill("#title", title);
  await page.selectOption("#area", "scheduling");
  await page.locator("main form button[type=submit]").last().click();
  check(/Jamie Quillfeather.*does this name a student/.test(await page.locator("main").innerText()), "the name is pointed out");
  check((await page.inputValue("#barrier")).startsWith("Jamie"), "the text stays");
  await picture(page, "file-phone-name");
  await page.fill("#barrier", "Periods are forty-four minutes long <script>alert(1)</script>.");
  await page.locator("main form button[type=submit]").last().click();
  await page.waitForURL(/\/loops\//);
  loop = new URL(page.url()).pathname;
  check((await page.locator("h1").innerText()).includes(title), "the loop has its title");
  check((await page.content()).includes("&lt;script&gt;"), "what was typed is shown, not run");
  await picture(page, "loop-filed-phone");
  await page.context().close();
});

await test("the department says a first word, asks, and proposes", async () => {
  const page = await as("Marcus Tillery");
  await page.goto("/department");
  await page.getByRole("link", { name: title }).click();
  await page.getByLabel("Your first word").fill("We have this and look at the schedule this week.");
  await page.getByRole("button", { name: "Send the first word" }).click();
  await page.getByText("We have this and look at the schedule this week.").first().waitFor();
  await page.locator("details[data-opens=ask] summary").click();
  await page.locator("details[data-opens=ask] textarea").first().fill("Which days would the seminar meet?");
  await page.locator("details[data-opens=ask] button[type=submit]").click();
  await page.getByText("Which days would the seminar meet?").first().waitFor();
  await picture(page, "loop-department");
  check(page.errors.length === 0, `no errors in the console: ${page.errors}`);
  await page.context().close();
});

await test("the school answers, hears of the proposal while the page is open, and confirms", async () => {
  const rosa = await as("Rosa Delgado", { viewport: PHONE });
  await rosa.goto(loop);
  await rosa.locator("textarea[name=answer]").fill("Tuesdays and Thursdays.");
  await rosa.locator("form:has(textarea[name=answer]) button[type=submit]").click();
  await rosa.getByText("Tuesdays and Thursdays.").first().waitFor();

  const marcus = await as("Marcus Tillery");
  await marcus.goto(loop);
  const propose = marcus.locator("form[action$='/propose']");
  const summary = propose.locator("textarea[name=summary]");
  if (!(await summary.isVisible())) await marcus.locator("details:has(form[action$='/propose']) > summary").first().click();
  const kind = propose.locator("[name=kind]");
  if ((await kind.first().evaluate((element) => element.tagName)) === "SELECT") {
    await kind.selectOption("district_change");
  } else {
    await propose.locator("input[name=kind][value=district_change] + label").click();
  }
  await summary.fill("Every school may run double periods on two days a week.");
  await propose.locator("button[type=submit]").click();
  await marcus.getByText("double periods").first().waitFor();
  await marcus.context().close();

  // The open page is told, without being torn from under the reader.
  await rosa.getByRole("link", { name: /show|new/i }).or(rosa.getByRole("button", { name: /show|new/i })).first().waitFor();
  await picture(rosa, "loop-told-phone");
  await rosa.goto(loop);
  await picture(rosa, "loop-proposed-phone");
  await rosa.locator("form[action$='/confirm'] button[type=submit]").first().click();
  await rosa.locator(".loop__state").filter({ hasText: /closed/i }).waitFor();
  await picture(rosa, "loop-closed-phone");
  check(rosa.errors.length === 0, `no errors in the console: ${rosa.errors}`);
  await rosa.context().close();
});

const typed = {
  trying: "Students would work in long blocks twice a week.",
  barrier: "The bell schedule cuts every period to 48 minutes. We were told it must be the same every day.",
};
let allowed = "";
let pattern = "";
let packet = "";
let zone = "";

await test("what is already allowed appears while a school types, and is used without filing", async () => {
  const plain = await as("Kwame Boateng", { viewport: PHONE, javaScriptEnabled: false });
  await plain.goto("/file");
  for (const [name, text] of Object.entries(typed)) await plain.fill(`[name=${name}]`, text);
  await plain.getByRole("button", { name: "First see what is already allowed" }).click();
  check((await plain.locator("[data-near]").count()) > 0, "without JavaScript a button shows it");
  check((await plain.inputValue("[name=barrier]")) === typed.barrier, "what was typed stays");
  await plain.context().close();

  const page = await as("Kwame Boateng");
  await page.goto("/file");
  for (const [name, text] of Object.entries(typed)) await page.fill(`[name=${name}]`, text);
  const card = page.locator("[data-near]", { hasText: "Class periods need not be the same length" });
  await card.waitFor();
  await picture(page, "file-near");
  await card.getByRole("link", { name: "Use this" }).click();
  await page.locator("#claim textarea").fill("Two long blocks on Tuesdays.");
  await page.getByRole("button", { name: "We use this" }).click();
  await page.getByText("Recorded: your school uses this.").waitFor();
  allowed = new URL(page.url()).pathname;
  check((await page.locator("aside").innerText()).includes("Eastfield High"), "the school stands among those that use it");
  await page.goto("/file");
  check((await page.inputValue("[name=trying]")) === typed.trying, "the draft is still there");
  check(page.errors.length === 0, `no errors in the console: ${page.errors}`);
  await page.context().close();
});

await test("a pattern goes before the council, and its open loop is answered", async () => {
  const june = await as("June Whitaker");
  await june.goto("/patterns");
  await june.getByRole("link", { name: "Policy 4400, section C" }).first().click();
  await june.waitForURL(/\/patterns\/./);
  pattern = new URL(june.url()).pathname;
  await june.fill("[name=title]", "Supervised work outside the building counts as attendance");
  await june.getByRole("button", { name: "Put it before the team" }).click();
  await june.locator("[data-trouble]").waitFor();
  check((await june.inputValue("[name=title]")).startsWith("Supervised"), "what was typed stays");
  await june.fill("[name=text]", "Every school may count supervised work outside the building.");
  await june.selectOption("[name=team]", { label: "District Personalized Learning Council" });
  await june.selectOption("[name=department]", { label: "Testing and Student Records" });
  await june.getByRole("button", { name: "Put it before the team" }).click();
  await june.getByText("It is before the team.").waitFor();
  await june.context().close();
  const patricia = await as("Patricia Locklear", { viewport: PHONE });
  await patricia.goto(pattern);
  await patricia.locator("input[name=adopted][value=true] + label").click();
  await patricia.fill("[name=decision]", "Adopted.");
  await patricia.getByRole("button", { name: "Record the decision" }).click();
  await patricia.getByText("1 open loop was").waitFor();
  await picture(patricia, "pattern-decided-phone");
  await patricia.context().close();
});

await test("a request to the state is written from the loop and prints", async () => {
  const page = await as("Marcus Tillery");
  await page.goto("/loops?q=multi-age");
  await page.locator("a.row__title").first().click();
  await page.locator("#ask-the-state label", { hasText: "NC:" }).click();
  await page.getByRole("button", { name: "Begin the request" }).click();
  await page.getByText("Still missing:").waitFor();
  packet = new URL(page.url()).pathname;
  await page.fill("[name='parts.law']", "The class size law");
  await page.getByRole("button", { name: "Save what is written" }).click();
  await page.getByText("Nothing that the law asks for is missing.").waitFor();
  await page.emulateMedia({ media: "print" });
  check(!(await page.getByRole("button", { name: "Save what is written" }).isVisible()), "forms do not print");
  await picture(page, "packet-print");
  await page.context().close();
});

await test("a zone is begun, what is allowed in it stands on its page, and the slower of two changes is told", async () => {
  const june = await as("June Whitaker");
  await june.goto("/zones");
  await june.getByText("Begin a zone").first().click();
  await june.fill("[name=name]", "Harbor Road Zone");
  await june.fill("[name=purpose]", "Advisory and studio time first.");
  await june.getByRole("button", { name: "Begin it" }).click();
  await june.locator("[data-trouble]").waitFor();
  check((await june.inputValue("[name=purpose]")).startsWith("Advisory"), "what was typed stays");
  await june.locator("label", { hasText: "Northgate Middle" }).click();
  await june.fill("[name=plan]", "After a year the council decides for all.");
  await june.getByRole("button", { name: "Begin it" }).click();
  await june.getByText("It is recorded.").waitFor();
  zone = new URL(june.url()).pathname;

  const marcus = await as("Marcus Tillery");
  await marcus.goto("/allowed/new");
  await marcus.locator("input[name=says][value=flexibility] + label").click();
  await marcus.fill("[name=title]", "Studio hours may lie outside the bell schedule");
  await marcus.fill("[name=text]", "A school of the zone may place studio hours as it likes.");
  await marcus.selectOption("[name=area]", "scheduling");
  await marcus.locator("input[name='scope.level'][value=zone] + label").click();
  await marcus.selectOption("[name='scope.zone']", { label: "Harbor Road Zone" });
  await marcus.getByRole("button", { name: "Write it down" }).click();
  await marcus.getByText("It stands in the register.").waitFor();
  await marcus.context().close();

  const slower = await as("June Whitaker", { viewport: PHONE });
  await slower.goto(zone);
  check((await slower.locator("main").innerText()).includes("Studio hours may lie"), "what is allowed in it is shown");
  await slower.getByText("Change this zone").first().click();
  await slower.fill("[name=plan]", "After two years.");
  await june.goto(zone);
  await june.getByText("Change this zone").first().click();
  await june.locator("label", { hasText: "Pine Hollow Middle" }).click();
  await june.getByRole("button", { name: "Save it" }).click();
  await june.getByText("It is recorded.").waitFor();
  check((await june.locator("main").innerText()).includes("Pine Hollow Middle"), "the zone has grown");
  await picture(june, "zone-grown");
  await slower.getByRole("button", { name: "Save it" }).click();
  await slower.locator("[data-trouble]").waitFor();
  check((await slower.inputValue("[name=plan]")) === "After two years.", "the slower one keeps the text");
  check((await slower.locator("[data-trouble]").innerText()).includes("June Whitaker"), "and is told who was faster");
  check((await slower.locator("main").innerText()).includes("Pine Hollow Middle"), "and sees what the other did");
  await picture(slower, "zone-slower-phone");
  await slower.context().close();
  // Nobody is left out of it.
  await june.goto(zone);
  await june.getByText("Change this zone").first().click();
  await june.locator("label", { hasText: "Northgate Middle" }).click();
  await june.getByRole("button", { name: "Save it" }).click();
  await june.getByText(/Northgate Middle.* would leave the zone/).waitFor();
  await june.context().close();
});

await test("a pilot is extended once and then becomes every school's", async () => {
  const denise = await as("Denise Abernathy");
  await denise.goto("/department");
  await denise.getByRole("link", { name: "Summer projects may count" }).click();
  const pilot = new URL(denise.url()).pathname;
  const answer = async (choice, more) => {
    await denise.goto(pilot);
    const form = denise.locator("form[action$='/answer-pilot']");
    if (!(await form.locator("[name=answer]").isVisible())) {
      await denise.locator("details:has(form[action$='/answer-pilot']) > summary").first().click();
    }
    await form.locator("[name=answer]").fill(`They pass as often: ${choice}.`);
    await form.locator(`input[name=choice][value=${choice}] + label`).click();
    await more(form);
    await form.locator("button[type=submit]").click();
  };
  await answer("extend", async () => {});
  await denise.locator("[data-trouble]").waitFor();
  await picture(denise, "pilot-no-day");
  await answer("extend", (form) => form.locator("[name=ends_on]").fill("2027-12-17"));
  await denise.getByText("The answer is recorded.").waitFor();
  check((await denise.locator("main").innerText()).includes("2027"), "it ends later");
  await answer("extend", (form) => form.locator("[name=ends_on]").fill("2028-12-15"));
  await denise.getByText(/extended once already/i).waitFor();
  await answer("widen", (form) => form.locator("input[name='scope.level'][value=district] + label").click());
  await denise.getByText("The answer is recorded.").waitFor();
  check(/every school/i.test(await denise.locator("main").innerText()), "it is for every school");
  await picture(denise, "pilot-widened");
  await denise.context().close();
});

await test("something is renewed, and of two who change it the slower sees what the other did", async () => {
  const marcus = await as("Marcus Tillery");
  await marcus.goto("/allowed/new");
  await marcus.locator("input[name=says][value=flexibility] + label").click();
  await marcus.fill("[name=title]", "Lunch may be eaten in class on seminar days");
  await marcus.fill("[name=text]", "On a seminar day a school may serve lunch in the room.");
  await marcus.selectOption("[name=area]", "scheduling");
  await marcus.fill("[name=ends_on]", "2027-06-11");
  await marcus.getByRole("button", { name: "Write it down" }).click();
  await marcus.getByText("It stands in the register.").waitFor();
  const entry = new URL(marcus.url()).pathname;
  const open = async (page, action) => {
    await page.goto(entry);
    const form = page.locator(`form[action$='/${action}']`);
    if (!(await form.locator("button[type=submit]").isVisible())) {
      await page.locator(`details:has(form[action$='/${action}']) > summary`).first().click();
    }
    return form;
  };
  let form = await open(marcus, "renew");
  await form.locator("[name=ends_on]").fill("2027-01-01");
  await form.locator("button[type=submit]").click();
  await marcus.getByText(/name a day after its present end/i).waitFor();
  form = await open(marcus, "renew");
  await form.locator("[name=ends_on]").fill("2028-06-09");
  await form.locator("button[type=submit]").click();
  await marcus.getByRole("status").getByText("It holds longer.").waitFor();
  check((await marcus.locator("main").innerText()).includes("2028"), "its end is later");

  const bea = await as("Beatriz Lund");
  const hers = await open(bea, "change-conditions");
  await hers.locator("[name=conditions]").fill("The kitchen knows a week before.");
  await hers.locator("[name=why]").fill("The kitchen asked.");
  form = await open(marcus, "change-conditions");
  await form.locator("[name=conditions]").fill("The kitchen knows three days before.");
  await form.locator("[name=why]").fill("It was agreed.");
  await form.locator("button[type=submit]").click();
  await marcus.getByText("Its conditions are changed.").waitFor();
  await hers.locator("button[type=submit]").click();
  await bea.locator("[data-trouble]").waitFor();
  check((await bea.locator("[data-trouble]").innerText()).includes("Marcus Tillery"), "she sees who was faster");
  check((await hers.locator("[name=conditions]").inputValue()).includes("a week before"), "her text stays");
  check((await bea.locator("main").innerText()).includes("three days before"), "and what he wrote is there");
  await picture(bea, "entry-slower");
  await bea.context().close();
  await marcus.context().close();
});

await test("a belief is corrected on the loop, another school joins from a card, and the state of Texas is asked", async () => {
  const yolanda = await as("Yolanda Briggs");
  await yolanda.goto("/file");
  await yolanda.fill("[name=trying]", "Seniors would do an apprenticeship in the mornings.");
  await yolanda.fill("[name=barrier]", "Seniors must sit in the building for four periods, the state is said to require it.");
  await yolanda.fill("[name=title]", "Apprentices must sit four periods in the building");
  await yolanda.selectOption("[name=area]", "scheduling");
  await yolanda.locator("main form button[type=submit]").last().click();
  await yolanda.waitForURL(/\/loops\//);
  const held = new URL(yolanda.url()).pathname;
  await yolanda.context().close();

  const walter = await as("Walter Greene");
  await walter.goto("/file");
  await walter.fill("[name=trying]", "An apprenticeship in the mornings for our seniors.");
  await walter.fill("[name=barrier]", "They must sit four periods in the building. Apprentices lose their place.");
  const card = walter.locator("[data-near]", { hasText: "Apprentices must sit" });
  await card.waitFor();
  await picture(walter, "file-near-join");
  await card.getByRole("link", { name: /join/i }).click();
  const join = walter.locator("form[action$='/join']");
  if (!(await join.locator("button[type=submit]").isVisible())) {
    await walter.locator("details:has(form[action$='/join']) > summary").first().click();
  }
  await join.locator("button[type=submit]").click();
  await walter.getByText("Bridge", { exact: false }).first().waitFor();
  check(walter.url().includes(held), "it is the other school's loop");
  await walter.context().close();

  const marcus = await as("Marcus Tillery");
  const open = async (action) => {
    await marcus.goto(held);
    const form = marcus.locator(`form[action$='/${action}']`);
    if (!(await form.locator("button[type=submit]").isVisible())) {
      await marcus.locator(`details:has(form[action$='/${action}']) > summary`).first().click();
    }
    return form;
  };
  let form = await open("correct-rule");
  await form.locator("[name='rule.source']").selectOption("habit");
  await form.locator("[name=title]").fill("No rule fixes periods in the building for seniors");
  await form.locator("[name=text]").fill("It is a habit of the schedule. Nothing asks for it.");
  await picture(marcus, "correct-rule");
  await form.locator("button[type=submit]").click();
  await marcus.getByText(/habit/i).first().waitFor();
  await marcus.goto("/allowed?q=seniors");
  await marcus.getByText("No rule fixes periods in the building for seniors").waitFor();

  form = await open("propose");
  await form.locator("[name=kind][value=state_waiver] + label").click();
  await form.locator("[name=summary]").fill("We ask the state all the same, to be safe.");
  await form.locator("button[type=submit]").click();
  await marcus.getByText("We ask the state all the same").first().waitFor();
  await marcus.goto(held);
  await marcus.locator("#ask-the-state label", { hasText: "TX:" }).click();
  await marcus.getByRole("button", { name: "Begin the request" }).click();
  await marcus.getByText("Still missing:").waitFor();
  for (const [part, text] of Object.entries({
    requirement: "Four periods in the building.",
    plan: "Apprentices work in the mornings, with a teacher of record.",
    inhibits: "They cannot be at work and in the building.",
    comments: "The school team agrees.",
  })) {
    await marcus.fill(`[name='parts.${part}']`, text);
  }
  await marcus.getByRole("button", { name: "Save what is written" }).click();
  await marcus.getByText("Nothing that the law asks for is missing.").waitFor();
  await marcus.emulateMedia({ media: "print" });
  await picture(marcus, "packet-texas-print");
  await marcus.emulateMedia({ media: "screen" });
  await marcus.getByRole("button", { name: "Record that it was sent" }).click();
  await marcus.getByText("Recorded: the state has it.").waitFor();
  await picture(marcus, "packet-texas-sent");
  check(marcus.errors.length === 0, `no errors in the console: ${marcus.errors}`);
  await marcus.context().close();
});

await test("the contact sets when a rule is a pattern", async () => {
  const june = await as("June Whitaker");
  await june.goto("/patterns");
  await june.locator("summary", { hasText: "When is it a pattern?" }).click();
  await june.fill("[name='thresholds.clause_schools']", "1");
  await june.getByRole("button", { name: "Set it" }).click();
  await june.locator("[data-trouble]").waitFor();
  check((await june.inputValue("[name='thresholds.clause_schools']")) === "1", "what was typed stays");
  await june.fill("[name='thresholds.clause_schools']", "4");
  await june.getByRole("button", { name: "Set it" }).click();
  await june.getByText("It is a pattern when 4 schools cite the same rule").waitFor();
  await june.context().close();
});

await test("anybody reads what the district shows, and no more", async () => {
  const context = await browser.newContext({ viewport: DESK, baseURL: address });
  const page = await context.newPage();
  const answer = await page.goto("/d/cedar-valley/allowed");
  check(answer.status() === 200, `it is there: ${answer.status()}`);
  const text = await page.locator("main").innerText();
  check(text.includes("Class periods need not be the same length"), "what is public is shown");
  check(!text.includes("Advisory may be held"), "what is for the district is not");
  check(!/Marcus|Eastfield High uses|uses this/.test(text), "nobody is named");
  await accessible(page, "the public page");
  check((await page.goto("/d/no-such-place/allowed")).status() === 404, "another address is not there");
  await context.close();
});

await test("a receipt is kept from a loop's page and checked by anybody, and an auditor sees that the record holds", async () => {
  const rosa = await as("Rosa Delgado");
  await rosa.goto(loop);
  const [file] = await Promise.all([
    rosa.waitForEvent("download"),
    rosa.getByRole("link", { name: "A receipt that this is in the record" }).click(),
  ]);
  check(file.suggestedFilename().endsWith(".tlog-proof"), `it is a receipt: ${file.suggestedFilename()}`);
  const receipt = readFileSync(await file.path(), "utf8");
  await rosa.context().close();

  const context = await browser.newContext({ viewport: PHONE, baseURL: address, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/receipt");
  await page.getByRole("textbox", { name: "The receipt" }).fill(receipt);
  await page.getByRole("button", { name: "Check it" }).click();
  const verdict = page.locator(".verdict");
  check(/This receipt holds/.test(await verdict.innerText()), "it holds");
  check((await verdict.innerText()).includes("cedar-valley"), "it says of which record");
  await picture(page, "receipt-holds-phone");
  await page.getByRole("textbox", { name: "The receipt" }).fill(receipt.replace("index ", "index 1"));
  await page.getByRole("button", { name: "Check it" }).click();
  check(/does not hold/.test(await verdict.innerText()), "a changed one does not");
  check((await page.getByRole("textbox", { name: "The receipt" }).inputValue()).includes("tlog-proof"), "what was pasted stays");
  await picture(page, "receipt-refused-phone");
  await context.close();

  const auditor = await as("Ian MacGregor");
  await auditor.getByRole("link", { name: "The record" }).click();
  for (let looked = 0; looked < 100 && !/sound|does not hold/.test(await auditor.locator(".verdict h2").innerText()); looked += 1) {
    await auditor.reload();
  }
  check(/The record is sound/.test(await auditor.locator(".verdict h2").innerText()), "it holds");
  const checkpoint = await auditor.getByLabel("Checkpoint").innerText();
  check(/^loopline-[0-9a-f]+\/cedar-valley\n\d+\n/.test(checkpoint), "there is a checkpoint to keep");
  await auditor.getByRole("button", { name: "Check all of it again" }).click();
  check(/sound|being checked/.test(await auditor.locator(".verdict h2").innerText()), "checking again leads back to the verdict");
  await auditor.goto("/record");
  check((await auditor.locator("main").innerText()).includes("Nobody has said yet"), "nobody keeps a checkpoint yet");
  await auditor.getByRole("button", { name: "I keep this one outside" }).click();
  check(/Who keeps one[\s\S]*Ian MacGregor/.test(await auditor.locator("main").innerText()), "now somebody does");
  await picture(auditor, "record-desk");
  await auditor.context().close();
});

await test("words are held, given out with proof, and erased", async () => {
  const auditor = await as("Ian MacGregor");
  await auditor.goto(loop);
  await auditor.getByRole("link", { name: /[Ww]ords, one by one/ }).click();
  await auditor.getByText("Forbid erasing here").click();
  await auditor.getByRole("textbox", { name: "For which request or case?" }).fill("Request 26-114");
  await auditor.getByRole("button", { name: "Place a hold" }).click();
  await auditor.getByText("Nothing here can be erased until the hold is lifted.").waitFor();
  await picture(auditor, "custody-held-desk");

  const june = await as("June Whitaker", { viewport: PHONE, javaScriptEnabled: false });
  await june.goto(`${loop}/record`);
  check(/Nothing here can be erased/.test(await june.locator("main").innerText()), "it is held");
  check((await june.getByRole("button", { name: "Erase them for good" }).count()) === 0, "nothing can be erased");

  const give = auditor.locator("#disclose");
  await give.getByText("As a public record").click();
  await give.getByRole("textbox", { name: "To whom?" }).fill("The Herald");
  await give.getByText("Keep words back").click();
  await give.getByText("Periods are forty-four minutes long").click();
  await picture(auditor, "custody-giving-desk");
  await give.getByRole("button", { name: "Write it down and make the file" }).click();
  check(/On what ground/.test(await auditor.locator("main").innerText()), "a ground is asked for");
  const again = auditor.locator("#disclose");
  check(await again.getByLabel(/Periods are forty-four/).isChecked(), "what was ticked stays");
  await again.getByText("Says something of a student").click();
  await again.getByRole("button", { name: "Write it down and make the file" }).click();
  const [file] = await Promise.all([
    auditor.waitForEvent("download"),
    auditor.getByRole("link", { name: "Take the file" }).click(),
  ]);
  check(file.suggestedFilename().endsWith(".zip"), `it is a file: ${file.suggestedFilename()}`);
  const checked = spawnSync(program, ["verify", await file.path()], { encoding: "utf8" });
  check(checked.status === 0, `it holds: ${checked.stderr}`);
  check(/given to The Herald is sound[\s\S]*1 was kept back/.test(checked.stdout), checked.stdout);
  await picture(auditor, "custody-given-desk");
  await auditor.getByText("Lift a hold").click();
  await auditor.getByRole("button", { name: "Lift it" }).click();
  await auditor.getByText("The hold is lifted.").waitFor();

  await june.goto(`${loop}/record`);
  const erase = june.locator("#erase");
  await erase.getByText("Periods are forty-four minutes long").click();
  await erase.getByText("It names a student").click();
  await erase.getByRole("textbox", { name: /Who asked/ }).fill("A parent asked");
  await erase.getByRole("button", { name: "Erase them for good" }).click();
  check(/confirm that they may go/i.test(await june.locator("main").innerText()), "nothing goes unconfirmed");
  await picture(june, "custody-erasing-phone");
  await june.locator("#erase").getByText("I have looked at each of them").click();
  await june.locator("#erase").getByRole("button", { name: "Erase them for good" }).click();
  check(/The words are erased for good/.test(await june.locator("main").innerText()), "it is said");
  await june.goto(loop);
  const text = await june.locator("main").innerText();
  check(/\[erased on \d+ \w+ \d+ by June Whitaker\]/.test(text), "in their place stands who erased them and when");
  check(!/forty-four minutes/.test(text), "the words are gone");
  await picture(june, "custody-erased-phone");

  const rosa = await as("Rosa Delgado");
  await rosa.goto(loop);
  await rosa.getByRole("link", { name: /contest what stands here/ }).click();
  await rosa.getByRole("textbox", { name: "What is wrong, and what is so?" }).fill("It was forty-five minutes.");
  await rosa.getByRole("button", { name: "Attach the statement" }).click();
  await rosa.getByText("Your statement stands beside the record").waitFor();
  await rosa.goto(loop);
  check(/attached a statement[\s\S]*It was forty-five minutes/.test(await rosa.locator("main").innerText()), "it stands there");
  for (const page of [auditor, june, rosa]) await page.context().close();
});

await test("signing in begins a session of its own, whatever the browser brought", async () => {
  const context = await browser.newContext({ viewport: DESK, baseURL: address });
  const planted = "f".repeat(64);
  await context.addCookies([{ name: "loopline_session", value: planted, url: address }]);
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.getByRole("button", { name: "Rosa Delgado" }).first().click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
  const own = (await context.cookies()).find((cookie) => cookie.name === "loopline_session");
  check(own.value !== planted && own.value.length >= 32, "the planted one is not used");
  const stranger = await browser.newContext({ baseURL: address });
  await stranger.addCookies([{ name: "loopline_session", value: planted, url: address }]);
  const elsewhere = await stranger.newPage();
  await elsewhere.goto("/school");
  check(elsewhere.url().includes("/sign-in"), "and lets nobody in");
  await context.close();
  await stranger.close();
});

await test("a form from elsewhere or from another session changes nothing", async () => {
  const page = await as("Rosa Delgado");
  const before = await (await page.request.get(`/api/v1${loop}`)).json();
  const forged = await page.request.post(`${loop}/follow-up`, { form: { csrf: "0".repeat(32), still_works: "false" } });
  check(forged.status() >= 400, `it is refused, not ${forged.status()}`);
  const after = await (await page.request.get(`/api/v1${loop}`)).json();
  check(before.version === after.version, "nothing happened");
  const bare = await page.request.post("/api/v1/tensions", { data: { title: "x" } });
  check(bare.status() === 401, "a session's cookie alone changes nothing over the API");
  await page.context().close();
});

await test("a leader sees where loops lie, and a number opens its loops", async () => {
  const page = await as("Raymond Castellanos");
  await page.goto("/leader");
  check((await page.locator("svg").count()) > 5, "there is a picture");
  await page.getByRole("link", { name: /open/ }).first().click();
  check((await page.locator("main li, main tr").count()) > 3, "its loops are listed");
  // The same as it was known two weeks ago, and from there to a loop as it was.
  const day = new Date(Date.now() - 14 * 86_400_000).toISOString().slice(0, 10);
  await page.goto(`/leader?as_of=${day}`);
  check(/As it was known at the end of/.test(await page.locator("main").innerText()), "the page says of when it is");
  await picture(page, "leader-past-desk");
  await page.getByRole("link", { name: /open/ }).first().click();
  check(page.url().includes(`as_of=${day}`), "the list is of the same day");
  await page.locator("main ul.rows a").first().click();
  check(page.url().includes(`as_of=${day}`), "and so is a loop");
  check((await page.locator("main form").count()) === 0, "nothing can be done in the past");
  await picture(page, "loop-past-desk");
  await page.getByRole("link", { name: "Show it as it is now" }).click();
  check(!page.url().includes("as_of"), "and back");
  await page.context().close();
});

/** Looks again, for ten seconds at most, until it holds. */
async function until(holds, what) {
  const end = Date.now() + 10_000;
  while (!(await holds())) check(Date.now() < end, what);
}

/** A roster as a zip file: two schools, and so many teachers; some rows of it bad. */
function roster(name, teachers, bad = "") {
  const folder = join(data, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "orgs.csv"),
    "sourcedId,name,type,identifier,parentSourcedId\nd1,Harbor,district,,\ns1,Pier Elementary,school,,d1\ns2,Quay High,school,,d1\n",
  );
  let users = "sourcedId,enabledUser,orgSourcedIds,role,givenName,familyName,email\nk1,true,s1,student,Never,Kept,\n";
  for (let nth = 0; nth < teachers; nth += 1) users += `t${nth},true,s${1 + (nth % 2)},teacher,Given,Family ${nth},t${nth}@harbor.example\n`;
  writeFileSync(join(folder, "users.csv"), users + bad);
  const zip = `${folder}.zip`;
  const made = spawnSync("python3", ["-m", "zipfile", "-c", zip, join(folder, "orgs.csv"), join(folder, "users.csv")]);
  check(made.status === 0, `a zip file: ${made.stderr}`);
  return zip;
}

for (const javaScriptEnabled of [true, false]) {
  await test(`an administrator takes a roster in, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
    const page = await as("Vikram Sandhu", { javaScriptEnabled, viewport: javaScriptEnabled ? DESK : PHONE });
    const hand = async (file) => {
      await page.goto("/roster");
      await page.setInputFiles("#roster-file", file);
      await page.getByRole("button", { name: "Show what it would change" }).click();
    };
    const main = () => page.locator("main").innerText();
    const many = javaScriptEnabled ? 30 : 31;
    await hand(roster(`whole-${many}`, many));
    check((await main()).includes("1 student"), `what is left out is said: ${await main()}`);
    check(!(await main()).includes("Never"), "no student is named");
    if (javaScriptEnabled) await accessible(page, "/roster/…");
    await picture(page, `roster-${javaScriptEnabled}`);
    await page.getByRole("button", { name: "Take it in" }).click();
    await page.getByRole("heading", { name: "The roster was taken in" }).waitFor();
    // The page comes again by itself while it is under way, with or without JavaScript.
    await picture(page, `roster-ended-${javaScriptEnabled}`);
    await hand(roster(`again-${many}`, many));
    check((await main()).includes("all of it is known"), `the same again changes nothing: ${await main()}`);
    await page.getByRole("button", { name: "Drop it" }).click();
    // Fewer people, and a row that nobody understands: it says both, and does nothing until it is told.
    await hand(roster(`fewer-${many}`, 12, "t90,true,s1,janitor,A,B,\n"));
    await page.getByRole("button", { name: "Take it in" }).click();
    check((await main()).includes("One row cannot be taken"), `it asks: ${await main()}`);
    await picture(page, `roster-asks-${javaScriptEnabled}`);
    if (javaScriptEnabled) await accessible(page, "/roster/… that asks");
    await page.getByRole("button", { name: "Drop it" }).click();
    await hand(join(data, "demo-tokens.json"));
    check((await main()).includes("not a zip file"), "what is no roster is said to be none");
    await page.context().close();
  });
}

/** What an app shows for a secret in Base32 at a moment: RFC 6238. */
function codeOf(secret, at = Date.now()) {
  const bits = [...secret.replaceAll(/\s/g, "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac("sha1", key).update(step).digest();
  const from = hash[19] & 15;
  return String((hash.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** A real OpenID provider, which lets anybody in as whom they say that they are: of harbor.example, all verified. */
async function provider(back) {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const one = new Provider(issuer, {
    clients: [{ client_id: "loopline", client_secret: "between us", redirect_uris: [back], response_types: ["code"], grant_types: ["authorization_code"] }],
    claims: { email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ["a key of this test"] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@harbor.example`, email_verified: true, name: id }) }),
  });
  server.on("request", one.callback());
  return { issuer, close: () => server.close() };
}

await test("a district begins from its roster: its administrator is invited, lets others in, and keeps one out", async () => {
  const real = mkdtempSync(join(tmpdir(), "loopline-real-"));
  const said = (...command) => {
    const done = spawnSync(program, [...command, "--data", real], { encoding: "utf8" });
    check(done.status === 0, `${command[0]}: ${done.stderr}`);
    return done.stdout;
  };
  const zip = roster("real", 6, "a1,true,d1,systemAdministrator,Ada,Quill,ada@harbor.example\n");
  const taken = JSON.parse(said("import", "oneroster", zip, "--district", "harbor", "--create", "--name", "Harbor Schools", "--time-zone", "America/New_York", "--json"));
  check(taken.people === 7 && taken.ignored === 1, JSON.stringify(taken));
  const { child: up, address: place } = await start(real, []);
  const link = said("invite", "ada@harbor.example", "--district", "harbor").trim();
  check(link.startsWith(`${place}/join/`), `a link: ${link}`);
  const person = async (viewport = DESK) => (await browser.newContext({ viewport, baseURL: place })).newPage();
  const chooses = async (page, href, password) => {
    await page.goto(href);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Choose it and sign in" }).click();
  };
  const ada = await person();
  await chooses(ada, link, "adaquill2026harbor");
  check((await ada.locator("main").innerText()).includes("first that somebody would try"), "a weak password is refused");
  await accessible(ada, "/join/…");
  await picture(ada, "join");
  await chooses(ada, link, "otter lamp gravel seven");
  // Whoever can let others in takes a second step, and sets it up before anything else.
  check(ada.url().includes("/sign-in/second-step"), `a second step: ${ada.url()}`);
  await accessible(ada, "/sign-in/second-step, to be set up");
  await picture(ada, "second-step-new");
  check((await ada.goto("/people")).url().includes("/sign-in"), "nothing else is open yet");
  await ada.goto("/sign-in/second-step");
  await ada.locator("summary").click();
  const secret = await ada.locator("pre").innerText();
  await ada.getByLabel("Code").fill("000000");
  await ada.getByRole("button", { name: "Sign in" }).click();
  check((await ada.locator("main").innerText()).includes("not the code"), "a wrong code is refused");
  await ada.getByLabel("Code").fill(codeOf(secret));
  await ada.getByRole("button", { name: "Sign in" }).click();
  check((await ada.locator("header").innerText()).includes("Ada Quill"), "she is in");
  // Signing in again asks for the code, and shows no secret.
  const phone = await person(PHONE);
  await phone.goto("/sign-in");
  await phone.getByLabel("E-mail address").fill("ada@harbor.example");
  await phone.getByLabel("Password").fill("otter lamp gravel seven");
  await phone.getByRole("button", { name: "Sign in" }).click();
  await phone.getByRole("heading", { name: "The second step" }).waitFor();
  check((await phone.locator("pre").count()) === 0, "no secret is shown");
  await accessible(phone, "/sign-in/second-step");
  await picture(phone, "second-step");
  // A code is used once; the next one is good already.
  await phone.getByLabel("Code").fill(codeOf(secret, Date.now() + 30_000));
  await phone.getByRole("button", { name: "Sign in" }).click();
  check((await phone.locator("header").innerText()).includes("Ada Quill"), "she is in there too");
  // She sees both, and ends the other.
  await ada.goto("/account");
  await accessible(ada, "/account");
  await picture(ada, "account");
  await ada.getByRole("button", { name: /^End it/ }).first().click();
  check((await ada.locator("main").innerText()).includes("It is ended"), "it is ended");
  await until(async () => {
    await phone.goto("/people");
    return phone.url().includes("/sign-in");
  }, "and nobody is signed in there");
  await phone.context().close();
  // A token for a program, shown once.
  await ada.goto("/account");
  await ada.locator("summary", { hasText: "Make a token" }).click();
  await ada.getByLabel("What is it for?").fill("the weekly report");
  await ada.getByRole("button", { name: "Make it" }).click();
  const token = (await ada.locator("pre").innerText()).trim();
  await picture(ada, "token");
  const asked = await fetch(`${place}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  check((await asked.json()).token === "read", "it may look");
  await ada.goto("/people?q=family");
  await accessible(ada, "/people");
  await picture(ada, "people");
  await ada.getByRole("link", { name: "Given Family 3" }).click();
  await ada.getByLabel("Which role?").selectOption("auditor");
  await ada.getByRole("button", { name: "Give it" }).click();
  check((await ada.locator("main").innerText()).includes("The role is given."), "the role is given");
  check((await ada.locator("main").innerText()).includes("by the roster"), "and what the roster says stands beside it");
  await ada.getByRole("button", { name: "Make a link" }).click();
  const shown = (await ada.locator("pre").innerText()).trim();
  await accessible(ada, "/people/…");
  await picture(ada, "person");
  const family = await person(PHONE);
  await chooses(family, shown, "kettle meadow orbit nine");
  check((await family.locator("header").innerText()).includes("Given Family 3"), "she is in");
  await family.getByRole("link", { name: "The record" }).click();
  check(family.url().endsWith("/record"), "and sees what an auditor sees");
  // The same link again, and a password that is not it.
  const other = await person(PHONE);
  check((await other.goto(shown)).status() === 404, "a link works once");
  await other.goto("/sign-in");
  await accessible(other, "/sign-in of a district");
  await picture(other, "sign-in-real");
  const sign = async (password) => {
    await other.getByLabel("E-mail address").fill("t3@harbor.example");
    await other.getByLabel("Password").fill(password);
    await other.getByRole("button", { name: "Sign in" }).click();
  };
  await sign("not this one, surely");
  check((await other.locator("main").innerText()).includes("do not belong together"), "it is refused");
  check((await other.getByLabel("E-mail address").inputValue()) === "t3@harbor.example", "what was typed stays");
  await sign("kettle meadow orbit nine");
  check((await other.locator("header").innerText()).includes("Given Family 3"), "and the right one lets her in");
  // Kept out: at once, wherever she is signed in.
  await ada.goto("/people?q=family%203");
  await ada.getByRole("link", { name: "Given Family 3" }).click();
  await ada.getByRole("button", { name: "Keep them out" }).click();
  check((await ada.locator("main").innerText()).includes("They cannot sign in"), "it says so");
  await until(async () => {
    await family.goto("/record");
    return family.url().includes("/sign-in");
  }, "she is out");
  // With an account elsewhere, at a real provider: set up on a page, then used by one whom the roster knows, and by one not.
  const op = await provider(`${place}/sign-on/harbor/idp/back`);
  await ada.goto("/settings/sign-on");
  await ada.locator("summary", { hasText: "Add a way to sign in" }).click();
  await ada.getByLabel("A short name").fill("idp");
  await ada.getByText("Another OpenID Connect provider").click();
  await ada.getByLabel("What the button says").fill("your Harbor account");
  await ada.getByLabel("Its address").fill(op.issuer);
  await ada.getByLabel("Client id").fill("loopline");
  await ada.getByLabel("Client secret").fill("between us");
  await accessible(ada, "/settings/sign-on");
  await ada.getByRole("button", { name: "Add it" }).click();
  check((await ada.locator("main").innerText()).includes("your Harbor account"), await ada.locator("main").innerText());
  await picture(ada, "settings-sign-on");
  const through = async (page, login) => {
    await page.goto("/sign-in");
    await page.getByRole("link", { name: "Sign in with your Harbor account" }).click();
    await page.locator("input[name=login]").fill(login);
    await page.locator("input[name=password]").fill("anything");
    await page.locator("button[type=submit]").click();
    await page.getByRole("button", { name: "Continue" }).click();
  };
  const four = await person(PHONE);
  await four.goto("/sign-in");
  await picture(four, "sign-in-provider");
  await accessible(four, "/sign-in with a provider");
  await through(four, "t4");
  check((await four.locator("header").innerText()).includes("Given Family 4"), "whom the roster knows is in");
  const stranger = await person();
  await through(stranger, "stranger");
  check((await stranger.locator("h1").innerText()).includes("does not know this account"), "and whom it does not is told whom to ask");
  await accessible(stranger, "an unknown account");
  await picture(stranger, "unknown-account");
  op.close();
  for (const page of [ada, family, other, four, stranger]) await page.context().close();
  up.removeAllListeners("exit");
  up.kill("SIGTERM");
  await new Promise((resolve) => up.on("exit", resolve));
  rmSync(real, { recursive: true, force: true });
});

await test("an administrator sets the district up, and each change says who made it and what stood there before", async () => {
  const page = await as("Vikram Sandhu");
  const main = () => page.locator("main").innerText();
  const opens = async (words) => page.locator("summary", { hasText: words }).first().click();
  await page.goto("/settings");
  await accessible(page, "/settings");
  await picture(page, "settings");
  // A snow day, added late.
  await page.goto("/settings/time");
  await opens("Add days off");
  await page.getByLabel("Why?").fill("Snow <b>day</b>");
  await page.getByLabel("The first day").fill("2027-01-13");
  await page.getByRole("button", { name: "Add it" }).click();
  check((await main()).includes("Snow <b>day</b>"), "it stands there, as text");
  check(/Calendar set.*by Vikram Sandhu/s.test(await main()), "with who did it");
  check((await page.locator("ins", { hasText: "2027-01-13" }).count()) === 1, "and what is new");
  await picture(page, "settings-time");
  // A day that is none keeps what was typed.
  await opens("Add days off");
  await page.getByLabel("Why?").fill("Backwards");
  await page.getByLabel("The first day").fill("2027-03-10");
  await page.getByLabel("The last day").fill("2027-03-09");
  await page.getByRole("button", { name: "Add it" }).click();
  check((await page.getByLabel("Why?").inputValue()) === "Backwards", "what was typed stays");
  await picture(page, "settings-time-refused");
  // A school is typed in; one with open loops stays.
  await page.goto("/settings/schools");
  await opens("Add a school");
  const add = page.locator("section[aria-label='Add a school']");
  await add.getByLabel("Its name").fill("Willow Creek K-8");
  await add.getByLabel("Which grades?").selectOption("k8");
  await add.getByRole("button", { name: "Add it" }).click();
  check((await main()).includes("Willow Creek K-8"), "the school is there");
  // Rules are tried before they are published: bells to another department.
  await page.goto("/settings/rules");
  const rule = page.locator("li.allowed").first();
  await rule.locator("summary", { hasText: "Change" }).click();
  await rule.getByLabel("Who gets it?").selectOption({ index: 3 });
  await picture(page, "settings-rules");
  await rule.getByRole("button", { name: "Try it on past loops" }).click();
  await page.getByRole("heading", { name: "Before it is published" }).waitFor();
  check(/Of the last \d+ loops, \d+ would have gone elsewhere/.test(await main()), await main());
  await accessible(page, "rules, tried");
  await picture(page, "settings-rules-tried");
  await page.getByRole("link", { name: "Leave everything as it is" }).click();
  await page.locator("li.allowed").first().getByRole("button", { name: "Look at it later" }).click();
  await page.getByRole("button", { name: "Publish these rules" }).click();
  check(/Routing rules published/.test(await main()), "the change is on record");
  // An area of the district's own is offered to whoever files.
  await page.goto("/settings/areas");
  await opens("Add an area");
  await page.getByLabel("A short code").fill("farm_programs");
  await page.locator("section[aria-label='Add an area']").getByLabel("What people call it").fill("Farm programs");
  await page.getByRole("button", { name: "Add it" }).click();
  check((await main()).includes("Farm programs"), "the area is there");
  await page.goto("/roles");
  await accessible(page, "/roles");
  await picture(page, "roles");
  await page.context().close();
  const rosa = await as("Leilani Kahale");
  await until(async () => {
    await rosa.goto("/file");
    return (await rosa.locator("#area option", { hasText: "Farm programs" }).count()) === 1;
  }, "it is offered");
  check((await rosa.goto("/settings")).status() === 404, "settings are not hers");
  await rosa.context().close();
});

await test("somebody stands in, and what they do says for whom, on a phone without JavaScript", async () => {
  const page = await as("Marcus Tillery", { viewport: PHONE, javaScriptEnabled: false });
  await page.goto("/account");
  await page.locator("summary", { hasText: "Let somebody stand in" }).click();
  const who = await page.getByLabel("Who?").locator("option").nth(1).innerText();
  await page.getByLabel("Who?").selectOption({ index: 1 });
  await page.getByLabel("The last day", { exact: true }).fill(new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10));
  await page.getByRole("button", { name: "Let them stand in" }).click();
  check((await page.locator("main").innerText()).includes(who), "it says who");
  await picture(page, "stand-in");
  await page.context().close();
  const other = await as(who, { viewport: PHONE, javaScriptEnabled: false });
  await other.goto("/account");
  await other.getByRole("button", { name: "Act for Marcus Tillery" }).click();
  check((await other.locator("header").innerText()).includes(`${who}, for Marcus Tillery`), "both names stand there");
  await other.goto("/account");
  await picture(other, "standing-in");
  await other.getByRole("button", { name: "Be only yourself again" }).click();
  check(!(await other.locator("header").innerText()).includes("for Marcus"), "and is oneself again");
  await other.context().close();
});

await test("a leader goes from a quarter to a day, tells figures apart, and takes them away", async () => {
  const page = await as("Raymond Castellanos");
  await page.goto("/leader?by=department");
  const headings = await page.locator(".lane--heading h3").allInnerTexts();
  check(headings.length > 2 && new Set(headings).size === headings.length, `each department once: ${headings}`);
  for (let nearer = 0; nearer < 12 && (await page.getByRole("link", { name: "Nearer", exact: true }).count()) > 0; nearer += 1) {
    await page.getByRole("link", { name: "Nearer", exact: true }).click();
  }
  check(/from=(\d{4}-\d\d-\d\d)&to=\1/.test(page.url()), `one day is left: ${page.url()}`);
  check(page.url().includes("by=department"), "what was chosen is kept");
  // The day that is left is today, of which a few minutes may have passed; the one before is whole.
  await page.getByRole("link", { name: "Earlier", exact: true }).click();
  await page.waitForURL((url) => /from=(\d{4}-\d\d-\d\d)&to=\1/.test(url.search));
  check((await page.locator(".lane--axis text").allTextContents()).some((label) => /am|pm/.test(label)), "a day has hours");
  await page.getByRole("link", { name: "Farther", exact: true }).click();
  await picture(page, "leader-nearer");
  // A figure told apart opens its loops.
  await page.goto("/leader?by=area&days=365");
  const apart = page.locator("section[aria-labelledby=apart-heading] tbody tr").first();
  const open = Number(await apart.locator("td").first().innerText());
  await apart.getByRole("link").click();
  check((await page.locator("ul.rows > li.row").count()) === open, `the list has the ${open} that the figure counts`);
  await page.goto("/leader");
  for (const name of ["timeline", "stages", "late", "months", "compared"]) {
    const file = await page.request.get(`/leader/${name}.csv`);
    const lines = (await file.text()).trim().split("\n");
    check(file.status() === 200 && lines.length > 2, `${name}.csv has rows: ${lines.length}`);
    check(/attachment/.test(file.headers()["content-disposition"]), "it is a file");
  }
  const [drawn] = await Promise.all([
    page.waitForEvent("download"),
    page.locator('a[href^="/leader/timeline.svg"] + button').click(),
  ]);
  check(drawn.suggestedFilename() === "loopline-timeline.png", `for slides: ${drawn.suggestedFilename()}`);
  const png = readFileSync(await drawn.path());
  check(png.subarray(1, 4).toString() === "PNG" && png.length > 20_000, `it is a picture of ${png.length} bytes`);
  await page.goto("/leader/brief");
  const pdf = (await page.pdf({ format: "Letter" })).toString("latin1");
  check((pdf.match(/\/Type\s*\/Page[^s]/g) ?? []).length === 1, "a month is printed on one page");
  await page.getByRole("link", { name: "The month after" }).click();
  check(/so far/.test(await page.locator("h1").innerText()), "this month is not over");
  check(page.errors.length === 0, `no errors: ${page.errors}`);
  await page.context().close();
});

await test("a department answers several at once, by keys and without JavaScript, and sees what could not be done", async () => {
  // Two more for School Operations, filed by two schools.
  const filed = [];
  for (const [who, title] of [["Rosa Delgado", "The late bus leaves before studio ends"], ["Kwame Boateng", "Doors lock before the robotics room empties"]]) {
    const page = await as(who);
    await page.goto("/file");
    await page.fill("#trying", "We want students to finish what they began.");
    await page.fill("#barrier", "The schedule of the building ends it.");
    await page.fill("#title", title);
    await page.selectOption("#area", "scheduling");
    await page.getByRole("button", { name: /^Send/ }).click();
    await page.waitForURL(/\/loops\//);
    filed.push(new URL(page.url()).pathname.split("/").pop());
    await page.context().close();
  }
  const page = await as("Marcus Tillery");
  const there = async () => {
    await page.goto("/department?view=unanswered");
    return (await Promise.all(filed.map((id) => page.locator(`input[name=loop][value="${id}"]`).count()))).every((count) => count === 1);
  };
  for (let looked = 0; looked < 50 && !(await there()); looked += 1) await page.waitForTimeout(100);
  check(await there(), "both are in the inbox, without a first word");
  // Nothing ticked: it says so, and keeps what was typed.
  await page.getByLabel("A first word to each of their schools").fill("We have it, and you hear by Friday.");
  await page.getByRole("button", { name: "Say it to them" }).click();
  check(/Tick the loops/.test(await page.locator("main").innerText()), "it says what to do");
  check((await page.getByLabel("A first word to each of their schools").inputValue()).startsWith("We have it"), "the word is kept");
  // By keys: to the first, tick, to the next, tick.
  await page.locator("h1").click();
  for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
  const ticked = await page.locator("[data-tick]:checked").count();
  check(ticked === 2, `two are ticked by keys: ${ticked}`);
  check(/\(2\)/.test(await page.locator("#several-heading").innerText()), "it says how many");
  for (const id of filed) await page.locator(`input[name=loop][value="${id}"]`).check();
  await picture(page, "department-several");
  await page.getByRole("button", { name: "Say it to them" }).click();
  check(/Your first word went to the schools of/.test(await page.locator("main").innerText()), "it is said");
  for (const id of filed) {
    await page.goto(`/loops/${id}`);
    check(/We have it, and you hear by Friday/.test(await page.locator("main").innerText()), "the school reads it");
  }
  await page.context().close();
  const plain = await as("Marcus Tillery", { viewport: PHONE, javaScriptEnabled: false });
  await plain.goto("/department");
  for (const id of filed) await plain.locator(`input[name=loop][value="${id}"]`).check();
  await plain.getByLabel("Who takes care of them?").selectOption({ label: "Marcus Tillery" });
  await plain.getByRole("button", { name: "Let them take care of it" }).click();
  check(/takes care of 2 loops now/.test(await plain.locator("main").innerText()), "without JavaScript too");
  await plain.getByRole("link", { name: /^Mine/ }).click();
  check((await plain.locator("li.row").count()) >= 2, "they are in mine");
  check(/Marcus Tillery/.test(await plain.locator("section[aria-labelledby=loads-heading]").innerText()), "and in who has how much");
  // A first word is said once: the second time it says which could not be done.
  await plain.goto("/department");
  await plain.locator(`input[name=loop][value="${filed[0]}"]`).check();
  await plain.getByLabel("A first word to each of their schools").fill("Once more.");
  await plain.getByRole("button", { name: "Say it to them" }).click();
  const told = await plain.locator("main").innerText();
  check(/Not all of it could be done/.test(told) && /Doors|late bus/.test(told), `it says which: ${told.slice(0, 400)}`);
  check(await plain.locator(`input[name=loop][value="${filed[0]}"]`).isChecked(), "it stays ticked");
  await picture(plain, "department-not-all-phone");
  await plain.context().close();
});

await test("a school sees what is new since it looked, and anybody finds by words and by number", async () => {
  const page = await as("Kwame Boateng");
  await page.goto("/school");
  check((await page.locator("#news-heading").count()) === 0, "nothing is new on the first visit");
  // She looked an hour ago, before the department said something.
  const cookies = await page.context().cookies();
  const looked = cookies.find((cookie) => cookie.name === "loopline_looked");
  const [whose, , , , at] = looked.value.split(".");
  await page.context().addCookies([{ ...looked, value: `${whose}.0.${at - 7200}.0.${at - 3600}` }]);
  await page.goto("/school");
  check(/New since/.test(await page.locator("#news-heading").innerText()), "it says since when");
  check(/Doors lock before the robotics room empties/.test(await page.locator("section.news").innerText()), "what changed stands there");
  await page.reload();
  check((await page.locator("section.news").count()) === 1, "and stays while one looks");
  await picture(page, "school-news");
  await page.getByRole("searchbox", { name: "Search everything" }).fill("robotics");
  await page.getByRole("searchbox", { name: "Search everything" }).press("Enter");
  check(/Doors lock before the robotics room empties/.test(await page.locator("#loops").innerText()), "found by a word");
  await page.locator("#loops a").first().click();
  const number = /[A-Z0-9]{3}-[A-Z0-9]{4}/.exec(await page.locator("main").innerText())[0];
  await page.goto(`/search?q=${number}`);
  check((await page.locator("#loops li.row").count()) === 1, "and by its number");
  await page.goto("/search?q=zzzz");
  check(/No loop that you may see/.test(await page.locator("main").innerText()), "nothing is said to be nothing");
  await page.context().close();
});

await test("the contact sees who is silent, and prints an agenda for a visit", async () => {
  const page = await as("June Whitaker", { viewport: PHONE });
  await page.goto("/contact");
  const stands = page.locator("section[aria-labelledby=stand-heading]");
  const first = stands.locator("tbody tr").first();
  const open = Number(await first.locator("td").first().innerText());
  await first.getByRole("link").click();
  check((await page.locator("li.row").count()) === open, `a stage opens its ${open} loops`);
  await page.goto("/contact");
  check(/Departments that owe a first word|Schools that filed nothing/.test(await page.locator("section[aria-labelledby=silent-heading]").innerText()), "silence is told");
  await page.getByLabel("A visit to").selectOption({ label: "Eastfield High" });
  await page.getByRole("button", { name: "Make an agenda from what is open" }).click();
  check((await page.locator("h1").innerText()) === "A visit to Eastfield High", "it is of the school");
  check((await page.locator("li.row").count()) > 0, "and says what is open");
  await accessible(page, "/contact/agenda");
  await picture(page, "agenda-phone");
  await page.goto("/contact/agenda");
  check(/Nobody is chosen/.test(await page.locator("main").innerText()), "without anybody it says so");
  await page.context().close();
});

await test("a department keeps words ready, and begins with them, with and without JavaScript", async () => {
  const page = await as("Marcus Tillery");
  await page.goto("/department");
  await page.getByRole("link", { name: "Words that this department keeps ready" }).click();
  await page.getByRole("button", { name: "Keep them" }).click();
  await page.locator("[data-trouble]").waitFor();
  const form = page.locator("#keep-new");
  await form.locator("[name=title]").fill("We look at it this week");
  await form.locator("[name=step]").selectOption("note");
  await form.locator("[name=text]").fill("{school} asked about “{title}”. {me} looks at it this week.");
  await page.getByRole("button", { name: "Keep them" }).click();
  await page.getByText("The words are kept for everybody in the department.").waitFor();
  await picture(page, "answers-kept");
  await page.goto("/department");
  await page.locator("a.row__title").first().click();
  await page.waitForURL(/\/loops\//);
  const here = new URL(page.url()).pathname;
  const heading = await page.locator("h1").innerText();
  await page.locator("details[data-opens=note] > summary").click();
  const note = page.locator("form#note");
  await note.locator("textarea").fill("First of all:");
  await note.locator("summary", { hasText: "Begin with ready words" }).click();
  await note.getByRole("link", { name: "We look at it this week" }).click();
  const written = await note.locator("textarea").inputValue();
  check(written.startsWith("First of all:\n\n"), "what was typed stays");
  check(written.includes(`“${heading}”. Marcus Tillery looks`), `what they name is put in: ${written}`);
  check(new URL(page.url()).pathname === here, "nothing is loaded anew");
  await picture(page, "ready-words");
  check(page.errors.length === 0, `no errors in the console: ${page.errors}`);
  await page.context().close();

  const plain = await as("Beatriz Lund", { viewport: PHONE, javaScriptEnabled: false });
  await plain.goto(here);
  await plain.locator("details[data-opens=note] > summary").click();
  await plain.locator("form#note summary", { hasText: "Begin with ready words" }).click();
  await plain.locator("form#note").getByRole("link", { name: "We look at it this week" }).click();
  check((await plain.locator("form#note textarea").inputValue()).includes("Beatriz Lund looks"), "a colleague begins with them too");
  await picture(plain, "ready-words-phone");
  await plain.goto("/department/answers");
  await plain.locator("summary", { hasText: "Change it" }).first().click();
  await plain.getByRole("button", { name: "Drop it" }).first().click();
  await plain.getByText("They are kept no longer.").waitFor();
  await plain.context().close();
});

await test("words in the register are held by an auditor and erased by the contact, also without JavaScript", async () => {
  const lead = await as("Denise Abernathy");
  await lead.goto("/allowed/new");
  await lead.locator("input[name=says][value=flexibility] + label").click();
  await lead.fill("[name=title]", "A unit that is mastered need not be sat through");
  await lead.fill("[name=text]", "A student who shows mastery may go on to the next unit.");
  await lead.selectOption("[name=area]", "seat_time");
  await lead.fill("[name=conditions]", "As it was done for Robin Sandpiper in March.");
  await lead.getByRole("button", { name: "Write it down" }).click();
  await lead.getByText("It stands in the register.").waitFor();
  const entry = new URL(lead.url()).pathname;
  check((await lead.getByRole("link", { name: /[Ww]ords, one by one/ }).count()) === 0, "a department erases nothing");
  await lead.context().close();

  const ian = await as("Ian MacGregor", { viewport: PHONE, javaScriptEnabled: false });
  await ian.goto(entry);
  await ian.getByRole("link", { name: /[Ww]ords, one by one/ }).click();
  await ian.fill("#hold [name=why]", "Request 26-114");
  await ian.getByRole("button", { name: "Place a hold" }).click();
  await ian.getByText("Nothing here can be erased").waitFor();
  const june = await as("June Whitaker");
  await june.goto(entry);
  await june.getByRole("link", { name: /[Ww]ords, one by one/ }).click();
  await june.getByText("Nothing here can be erased").waitFor();
  check((await june.locator("#erase").count()) === 0, "nothing can be erased while it is held");
  const held = await june.locator("main").innerText();
  check(held.includes("Robin Sandpiper") && !held.includes("Nothing stands here"), `what is held is shown: ${held}`);
  await ian.locator("summary", { hasText: "Lift a hold" }).click();
  await ian.getByRole("button", { name: "Lift it" }).click();
  await ian.getByText("The hold is lifted.").waitFor();
  await ian.context().close();
  await june.reload();
  await june.locator("#erase label", { hasText: "Robin Sandpiper" }).click();
  await june.locator("#erase input[name=ground] + label").first().click();
  await june.fill("#erase [name=why]", "A parent asked");
  await june.getByRole("button", { name: "Erase them for good" }).click();
  await june.locator("[data-trouble]").waitFor();
  check((await june.inputValue("#erase [name=why]")) === "A parent asked", "what was typed stays");
  await june.locator("#erase input[name=certain] + label").click();
  await accessible(june, "words of the register, to erase");
  await picture(june, "words-beside");
  await june.getByRole("button", { name: "Erase them for good" }).click();
  await june.getByText("They are erased for good.").waitFor();
  await picture(june, "words-beside-erased");
  await accessible(june, "words of the register, erased");
  check(/1 text erased .* by June Whitaker/.test(await june.locator("main").innerText()), "and says who did it");
  await june.goto(entry);
  const text = await june.locator("main").innerText();
  check(!text.includes("Sandpiper") && /\[erased on \d+ \w+ \d+ by the central-office contact\]/.test(text), `the words are gone: ${text}`);
  check(text.includes("A student who shows mastery"), "and the others stay");
  check(june.errors.length === 0, `no errors in the console: ${june.errors}`);
  await june.context().close();
});

await test("a narrowed list is kept under a name, and forgotten", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const page = await as("June Whitaker", { javaScriptEnabled });
    await page.goto("/loops?open=true&sort=due");
    await page.getByText("Keep this view").click();
    await page.getByLabel("A name for it").fill("What is due");
    await page.getByRole("button", { name: "Keep it" }).click();
    await page.waitForURL(/sort=due/);
    const views = page.getByRole("navigation", { name: "Your views" });
    check((await views.locator("[aria-current]").innerText()) === "What is due", "it stands above the list");
    await picture(page, `view-kept-${javaScriptEnabled ? "script" : "plain"}`);
    await page.goto("/loops");
    await views.getByRole("link", { name: "What is due" }).click();
    check(/open=true/.test(page.url()), "and leads there");
    await views.getByRole("button", { name: /Forget it/ }).click();
    await page.waitForURL(/\/loops$/);
    check((await views.count()) === 0, "it is gone");
    await page.context().close();
  }
});

await test("a leader draws across the days and sees those, and help stands on the page", async () => {
  const page = await as("Raymond Castellanos");
  await page.goto("/leader?days=90&by=area");
  const axis = page.locator("[data-brush]");
  await axis.scrollIntoViewIfNeeded();
  const box = await axis.boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.5, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, y);
  await page.mouse.move(box.x + box.width * 0.75, y);
  await picture(page, "leader-drawing");
  await page.mouse.up();
  await page.waitForURL(/from=/);
  const asked = new URL(page.url()).searchParams;
  const days = (Date.parse(asked.get("to")) - Date.parse(asked.get("from"))) / 86_400_000;
  check(days >= 20 && days <= 25, `a quarter of ninety days is shown, not ${days}`);
  check(asked.get("by") === "area" && !asked.has("days"), "what else was chosen stays");
  // Narrowed down further, the days stay.
  await page.locator(".filters [name=area]").selectOption({ label: "Seat time" });
  await page.getByRole("button", { name: "Show this" }).click();
  await page.waitForURL(/area=seat_time/);
  check((await page.getByLabel("Or from").inputValue()) === asked.get("from"), "the days that were drawn stay");
  await page.goBack();
  // A click draws nothing.
  const before = page.url();
  await page.locator("[data-brush]").click();
  check(page.url() === before, "a click leads nowhere");
  await page.getByText("Help with the timeline").click();
  check(await page.getByText("The colour says who had it").isVisible(), "help is in place");
  await picture(page, "leader-drawn");
  check(page.errors.length === 0, `no errors in the console: ${page.errors}`);
  await page.context().close();
});

await test("another district's person finds nothing there", async () => {
  const page = await as("Leilani Kahale");
  const answer = await page.goto(loop);
  check(answer.status() === 404, `it is not there: ${answer.status()}`);
  await picture(page, "not-found");
  await page.context().close();
});

const rounds = [
  { name: "desk-light", viewport: DESK, colorScheme: "light" },
  { name: "desk-dark", viewport: DESK, colorScheme: "dark" },
  { name: "narrow-light", viewport: NARROW, colorScheme: "light" },
  { name: "narrow-dark", viewport: NARROW, colorScheme: "dark" },
];
const pages = {
  "Rosa Delgado": ["/school", "/file", "/loops", "LOOP", "/allowed", "ALLOWED"],
  "Marcus Tillery": ["/department", "/department/answers", "LOOP", "/loops", "ALLOWED", "/allowed/new", "PACKET"],
  "June Whitaker": ["/contact", "LOOP", "LOOP/record", "/patterns", "PATTERN", "/waivers", "/reviews", "/reviews/new", "/zones", "ZONE"],
  "Ian MacGregor": ["LOOP/record", "/record"],
  "Raymond Castellanos": ["/leader", "/leader?by=school&days=30", "/leader/brief", "/loops?open=true", "/search?q=time", "LOOP", "PATTERN", "/record"],
  "Vikram Sandhu": ["/roster", "/people", "/account", "/settings", "/settings/schools", "/settings/departments", "/settings/teams", "/settings/time", "/settings/rules", "/settings/areas", "/settings/contact", "/settings/sign-on", "/roles"],
};
for (const round of rounds) {
  await test(`every page is accessible: ${round.name}`, async () => {
    const context = await browser.newContext({ ...round, baseURL: address });
    const door = await context.newPage();
    await door.goto("/sign-in");
    await accessible(door, "/sign-in");
    await picture(door, `sign-in-${round.name}`);
    await door.goto("/receipt");
    await accessible(door, "/receipt");
    await context.close();
    for (const [person, paths] of Object.entries(pages)) {
      const page = await as(person, round);
      for (const path of paths) {
        const where = { LOOP: loop, ALLOWED: allowed, PATTERN: pattern, PACKET: packet, ZONE: zone, "LOOP/record": `${loop}/record` }[path] ?? path;
        const answer = await page.goto(where);
        check(answer.status() === 200, `${person} sees ${where}: ${answer.status()}`);
        await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
        await accessible(page, `${where} of ${person}`);
        await wellPlaced(page, `${where} of ${person}`);
        if (round === rounds[0]) await steady(page, `${where} of ${person}`);
        const file = path.toLowerCase().replace(/^\//, "").replaceAll(/[^a-z0-9-]+/g, "-");
        await picture(page, `${file}-${person.split(" ")[0].toLowerCase()}-${round.name}`);
      }
      check(page.errors.length === 0, `no errors in the console of ${person}: ${page.errors}`);
      await page.context().close();
    }
  });
}

await test("every state of every page is accessible and stands where it should", async () => {
  const looks = async (round) => {
    const context = await browser.newContext({ ...round, baseURL: address });
    const page = await context.newPage();
    await page.goto("/design");
    await accessible(page, "/design");
    const states = await page.locator('a[href^="/design/"]').evaluateAll((links) => links.map((link) => [link.getAttribute("href"), link.textContent]));
    check(states.length > 50, `there are many states of pages: ${states.length}`);
    for (const [where, name] of states) {
      await page.goto(where);
      await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
      await accessible(page, name);
      await wellPlaced(page, name);
      if (round === rounds[0]) await picture(page, `state-${where.split("/").pop()}`);
    }
    await context.close();
  };
  await Promise.all(rounds.filter(({ colorScheme }) => colorScheme === "light").map(looks));
});

await browser.close();
child.removeAllListeners("exit");
child.kill("SIGTERM");
await new Promise((resolve) => child.on("exit", resolve));
rmSync(data, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
