// What pages do beyond HTML: live notices, drafts, one question a screen on a phone, keys in the inbox.
// Everything works without it.
"use strict";

const main = document.getElementById("main");
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
const isTyping = () => {
  const at = document.activeElement;
  return Boolean(at && at.matches("input:not([type=radio]):not([type=checkbox]), textarea, select"));
};

// A wide screen shows filters at once; a phone shows the list first.
if (window.matchMedia("(min-width: 60rem)").matches) {
  for (const details of all("details[data-wide-open]")) details.open = true;
}

// What went wrong is read out first.
const trouble = one("[data-trouble]");
if (trouble) trouble.focus();

// An address that names a form opens it.
const openNamed = () => {
  const name = decodeURIComponent(window.location.hash.slice(1));
  if (!name) return;
  const details = one(`details[data-opens="${CSS.escape(name)}"]`);
  if (details) details.open = true;
  const form = document.getElementById(name);
  const field = form && form.matches("form") && one("textarea, select, input:not([type=hidden])", form);
  if (field) {
    form.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  }
};
window.addEventListener("hashchange", openNamed);
openNamed();

// A form is sent once, however often its button is pressed.
for (const form of all("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    for (const button of all("button[type=submit]", form)) button.setAttribute("aria-disabled", "true");
  });
}
window.addEventListener("pageshow", () => {
  for (const form of all("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of all("[aria-disabled]", form)) button.removeAttribute("aria-disabled");
  }
});

// Drafts: what is typed while filing is kept on this device, for this person, until it is sent.
const draftKey = (person) => `loopline-draft-${person}`;
const filing = one("form[data-draft]");
if (filing) {
  const key = draftKey(filing.dataset.draft);
  const words = one("[data-draft-words]");
  const say = (text) => {
    words.textContent = text;
    words.hidden = !text;
  };
  const kept = all("input:not([type=hidden]), textarea, select", filing).filter((field) => field.name);
  const isConfidential = () => Boolean(one('input[name=visibility][value=confidential]:checked', filing));
  const save = () => {
    try {
      if (isConfidential()) {
        localStorage.removeItem(key);
        say("This is for named people only, so it is not kept on this device.");
        return;
      }
      const pairs = kept
        .filter((field) => (field.type === "radio" || field.type === "checkbox" ? field.checked : field.value !== ""))
        .map((field) => [field.name, field.value]);
      localStorage.setItem(key, JSON.stringify(pairs));
      say("Kept on this device until you send it.");
    } catch {
      say("");
    }
  };
  // Who will get it, and when they will answer, before it is sent.
  // It keeps its place whatever it says, so that the button under it stays where a finger goes down.
  const who = one("[data-who]", filing);
  const unknown = "Choose what it is about, and you will see here who gets it and when you will hear.";
  who.textContent = unknown;
  let asked = 0;
  const ask = async () => {
    asked += 1;
    const mine = asked;
    try {
      const answer = await fetch("/file/who", { method: "POST", body: new URLSearchParams(new FormData(filing)) });
      const text = answer.ok ? await answer.text() : "";
      if (mine !== asked) return;
      who.textContent = text || unknown;
    } catch {
      who.textContent = unknown;
    }
  };
  // What is already allowed, and what others have filed, from the second sentence on.
  const near = one("[data-near-place]", filing);
  const dismissed = new Set();
  let looked = "";
  const sentences = (text) => (text.match(/[^.!?\n]{8,}[.!?\n]?/g) || []).length;
  const readyNear = () => {
    for (const card of all("[data-near]", near)) {
      const link = one("a", card);
      if (dismissed.has(link.getAttribute("href"))) {
        card.remove();
        continue;
      }
      const not = one("[data-near-not]", card);
      not.hidden = false;
      not.addEventListener("click", () => {
        dismissed.add(link.getAttribute("href"));
        card.remove();
        if (!one("[data-near]", near)) near.replaceChildren();
      });
    }
    if (!one("[data-near]", near)) near.replaceChildren();
  };
  const look = async () => {
    const text = ["trying", "barrier", "title", "would_help"].map((name) => filing.elements[name].value.trim()).filter(Boolean).join("\n");
    if (sentences(text) < 2 || text === looked) return;
    looked = text;
    try {
      const answer = await fetch("/file/similar", { method: "POST", body: new URLSearchParams(new FormData(filing)) });
      if (!answer.ok || text !== looked) return;
      near.innerHTML = await answer.text();
      readyNear();
    } catch {
      looked = "";
    }
  };
  one("[data-look]", filing).hidden = true;
  readyNear();
  let pause;
  filing.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => {
      save();
      ask();
      look();
    }, 700);
  });
  filing.addEventListener("change", () => {
    save();
    ask();
    look();
  });
  const restore = () => {
    let pairs;
    try {
      pairs = JSON.parse(localStorage.getItem(key) || "null");
    } catch {
      pairs = null;
    }
    if (!Array.isArray(pairs)) return;
    for (const field of kept) {
      const values = pairs.filter(([name]) => name === field.name).map(([, value]) => value);
      if (field.type === "radio" || field.type === "checkbox") {
        if (values.length > 0 || field.type === "checkbox") field.checked = values.includes(field.value);
      } else if (values.length > 0) {
        field.value = values[0];
      }
    }
    if (pairs.some(([name, value]) => name === "trying" || name === "barrier" ? value : false)) {
      say("This is what you had typed before. It is kept on this device until you send it.");
    }
  };
  // What came back from the server is newer than the draft.
  if (!trouble) restore();

  // One question a screen on a phone.
  const steps = all("[data-step]", filing);
  const back = one("[data-back]", filing);
  const next = one("[data-next]", filing);
  const send = one("[data-send]", filing);
  const narrow = window.matchMedia("(max-width: 39.99rem)");
  let at = Math.max(0, steps.findIndex((step) => one(".usa-form-group--error", step)));
  const show = (focus) => {
    const stepwise = narrow.matches;
    filing.classList.toggle("file--stepwise", stepwise);
    steps.forEach((step, index) => {
      step.hidden = stepwise && index !== at;
    });
    back.hidden = !stepwise || at === 0;
    next.hidden = !stepwise || at === steps.length - 1;
    send.hidden = stepwise && at !== steps.length - 1;
    who.hidden = send.hidden;
    if (focus) {
      one(".step__heading", steps[at]).focus({ preventScroll: true });
      filing.scrollIntoView({ block: "start" });
    }
  };
  next.addEventListener("click", () => {
    at = Math.min(at + 1, steps.length - 1);
    save();
    show(true);
  });
  back.addEventListener("click", () => {
    at = Math.max(at - 1, 0);
    show(true);
  });
  narrow.addEventListener("change", () => show(false));
  for (const link of all("[data-trouble] a[href^='#']")) {
    link.addEventListener("click", (event) => {
      const target = document.getElementById(link.getAttribute("href").slice(1));
      const step = target && steps.findIndex((known) => known.contains(target));
      if (step === undefined || step < 0) return;
      event.preventDefault();
      at = step;
      show(false);
      target.focus();
    });
  }
  show(false);
  ask();
  look();
}

// It was sent: the draft can go.
if (main && main.dataset.filed) {
  try {
    localStorage.removeItem(draftKey(main.dataset.filed));
  } catch {
    // Without storage there is no draft either.
  }
}

// A drawing to paste into a board's slides: the same as PNG, drawn here from the SVG.
for (const link of all("a[data-picture]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "usa-button usa-button--unstyled";
  button.textContent = "or as a picture for slides (PNG)";
  button.addEventListener("click", async () => {
    const drawn = new Image();
    drawn.src = link.href;
    try {
      await drawn.decode();
    } catch {
      button.textContent = "The picture could not be drawn; take the other one";
      return;
    }
    const canvas = document.createElement("canvas");
    canvas.width = drawn.naturalWidth * 2;
    canvas.height = drawn.naturalHeight * 2;
    canvas.getContext("2d").drawImage(drawn, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => {
      const taken = document.createElement("a");
      taken.href = URL.createObjectURL(blob);
      taken.download = link.getAttribute("href").replace(/^.*\/(\w+)\.svg.*$/, "loopline-$1.png");
      taken.click();
      setTimeout(() => URL.revokeObjectURL(taken.href), 10_000);
    }, "image/png");
  });
  link.after(" ", button);
}

// Drawing across the days above the bars shows those only; the links and fields above do the same.
for (const axis of all("[data-brush]")) {
  const day = 86_400_000;
  const first = Date.parse(axis.dataset.from);
  // The last day may not be over, and then ends where the drawing does.
  const length = Number(axis.dataset.seconds) * 1000;
  if (length <= day) continue;
  const within = (event) => {
    const box = axis.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  };
  const brush = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  brush.setAttribute("class", "brush");
  brush.setAttribute("height", "100%");
  axis.classList.add("lane__bar--brush");
  let begun = null;
  const draw = (to) => {
    brush.setAttribute("x", `${Math.min(begun, to) * 100}%`);
    brush.setAttribute("width", `${Math.abs(to - begun) * 100}%`);
  };
  axis.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    begun = within(event);
    draw(begun);
    axis.append(brush);
    axis.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  axis.addEventListener("pointermove", (event) => {
    if (begun !== null) draw(within(event));
  });
  const stop = () => {
    begun = null;
    brush.remove();
  };
  axis.addEventListener("pointercancel", stop);
  axis.addEventListener("pointerup", (event) => {
    if (begun === null) return;
    const [from, to] = [begun, within(event)].sort((one, other) => one - other);
    stop();
    // A click is none: it would show a single day that nobody chose.
    if (to - from < 0.01) return;
    // Where clocks went back, the right edge lies an hour beyond the last day.
    const at = (share) => {
      const on = new Date(first + share * length).toISOString().slice(0, 10);
      return on > axis.dataset.to ? axis.dataset.to : on;
    };
    const address = new URL(window.location.href);
    for (const name of ["days", "shown_from", "shown_to"]) address.searchParams.delete(name);
    address.searchParams.set("from", at(from));
    address.searchParams.set("to", at(to));
    address.hash = "timeline";
    window.location.assign(address);
  });
}

// Ready words are put where somebody writes; what stands there stays.
for (const link of all("[data-ready]")) {
  link.addEventListener("click", (event) => {
    const choice = link.closest("[data-ready-for]");
    const field = document.getElementById(choice.dataset.readyFor);
    const before = field.value.trimEnd();
    field.value = before ? `${before}\n\n${link.dataset.ready}` : link.dataset.ready;
    choice.open = false;
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    event.preventDefault();
  });
}

// Keys in a list: j and k move, Enter opens, a says a first word, ? lists them.
const inbox = one("[data-inbox]");
if (inbox) {
  const rows = all("[data-row]", inbox);
  const keys = one("[data-keys]");
  one("[data-keys-hint]").hidden = false;
  const link = (row) => one("a.row__title", row);
  const current = () => rows.findIndex((row) => row.contains(document.activeElement));
  const move = (by) => {
    if (rows.length === 0) return;
    const from = current();
    const to = from < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(from + by, 0), rows.length - 1);
    link(rows[to]).focus();
    rows[to].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping()) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "?" && keys.showModal) keys.open ? keys.close() : keys.showModal();
    else if (event.key === "x") {
      const tick = rows[current()] && one("[data-tick]", rows[current()]);
      if (tick) tick.click();
    } else if (event.key === "a") {
      const row = rows[current()];
      if (row && "acknowledge" in row.dataset) window.location.assign(`${link(row).getAttribute("href")}#acknowledge`);
    } else return;
    event.preventDefault();
  });
}

// What is done to several at once comes up where something is ticked, and says how many are.
const several = one("form[data-several]");
if (several) {
  const ticks = all("[data-tick]", several);
  const count = one("[data-several-count]", several);
  const bar = one(".several", several);
  const tell = () => {
    const ticked = ticks.filter((tick) => tick.checked).length;
    count.textContent = ` (${ticked})`;
    bar.classList.toggle("several--up", ticked > 0);
  };
  several.addEventListener("change", tell);
  tell();
}

// Live: say that something new happened; never change a page under somebody's hands.
const live = one("[data-live]");
const words = one("[data-live-words]");
const isLoop = main && main.dataset.loop;
const isList = main && "list" in main.dataset;
if (live && (isLoop || isList) && window.EventSource) {
  let version = Number(main.dataset.version || 0);
  let changed = 0;
  let lastHeard = null;
  const clock = (time) => time.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  const show = (kind, text, link) => {
    live.hidden = false;
    live.className = `live live--${kind}`;
    words.textContent = text;
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = window.location.pathname + (isLoop ? "" : window.location.search);
      anchor.textContent = link;
      words.append(" ", anchor);
    }
  };
  const notice = () => {
    if (isLoop) show("new", "Something new happened.", "Show it");
    else show("new", changed === 1 ? "Something changed." : `${changed} things changed.`, "Show what is new");
  };
  live.setAttribute("role", "status");
  const events = new EventSource("/api/v1/events");
  events.addEventListener("open", () => {
    lastHeard = new Date();
    if (changed > 0) notice();
    else if (live.classList.contains("live--lost")) live.hidden = true;
  });
  events.addEventListener("change", (event) => {
    lastHeard = new Date();
    let change;
    try {
      change = JSON.parse(event.data);
    } catch {
      return;
    }
    if (isLoop && (change.id !== main.dataset.loop || change.sequence <= version)) return;
    version = Math.max(version, change.sequence);
    changed += 1;
    // A loop on its way to a department shows itself as soon as somebody has it, while nobody types.
    const untouched = !isTyping() && all("textarea").every((field) => field.value === field.defaultValue);
    if (isLoop && "settling" in main.dataset && untouched) window.location.reload();
    else notice();
  });
  events.addEventListener("error", () => {
    const since = lastHeard ? ` since ${clock(lastHeard)}` : "";
    show("lost", `No connection${since}: what you see may not be the latest. It comes back by itself.`);
  });
  window.addEventListener("pagehide", () => events.close());
}
