// The page: studies on the left, one study with its tabs, kept up to date by the server's events.

import { get, hasToken, listen, send, setToken } from "./api.js";
import { Trials } from "./data.js";
import { SYMBOLS, ago, counted, duration, h, number, openDialog, put, released, toast } from "./dom.js";
import { repaint } from "./plots.js";
import { openTrial } from "./trial.js";
import { parametersView, modelView } from "./views_model.js";
import { curvesView, overviewView } from "./views_overview.js";
import { failuresView, workersView } from "./views_runs.js";
import { trialsView } from "./views_table.js";
import { tryView } from "./views_try.js";

const TABS = [
  ["overview", "Overview", overviewView], ["trials", "Trials", trialsView], ["try", "Try a config", tryView], ["curves", "Learning curves", curvesView],
  ["parameters", "Parameters", parametersView], ["model", "Model", modelView], ["workers", "Workers", workersView], ["failures", "Failures", failuresView],
];
const $ = (id) => document.getElementById(id);
let studies = [], current = null, turn = 0;

// -- colours, token ---------------------------------------------------------------------------------------

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const chosen = () => localStorage.getItem("tunesmith-theme");
function paintTheme() {
  document.documentElement.dataset.theme = chosen() || (prefersDark.matches ? "dark" : "light");
  repaint();
}
prefersDark.addEventListener("change", paintTheme);
$("theme").addEventListener("click", () => {
  localStorage.setItem("tunesmith-theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  paintTheme();
});
paintTheme();

const showLock = () => { $("unlock").hidden = hasToken(); };
$("unlock").addEventListener("click", () => askToken());
showLock();

function askToken(then = null) {
  const input = h("input", { type: "password", id: "token", autocomplete: "off" });
  const dialog = openDialog("Unlock", (close) => h("form", { class: "stack", on: { submit: (event) => {
    event.preventDefault();
    setToken(input.value);
    showLock();
    close();
    if (then) then(); else route();
  } } }, h("p", {}, "The address that ", h("code", {}, "tunesmith dashboard"), " printed ends in a token. Paste it, or the whole address, to steer the studies."),
  h("label", { for: "token" }, "Token"), input, h("div", { class: "acts" }, h("button", { class: "act main", type: "submit" }, "Unlock"))));
  dialog.querySelector("input").focus();
}
const withToken = (act) => (hasToken() ? act() : askToken(act));

// -- the list of studies ----------------------------------------------------------------------------------

async function loadStudies() {
  try {
    studies = (await get("/studies")).studies;
  } catch (error) {
    if (error.status === 401) { put($("main"), h("p", { class: "empty" }, error.message)); askToken(); }
    return;
  }
  await released();
  const rows = studies.map((s) => {
    const count = Object.values(s.states).reduce((sum, n) => sum + n, 0);
    const text = s.is_paused ? "paused" : s.states.running ? `${s.states.running} running` : ago(s.last_change);
    return h("a", { class: "study", "data-id": s.id, href: `#/${s.id}/${current?.tab || "overview"}`, "aria-current": s.id === current?.study.id ? "page" : null, title: s.name },
      h("b", {}, s.name), h("span", {}, s.states.running && !s.is_paused ? h("i", { class: "dot" }) : null, [number(s.best), counted(count, "trial"), text].filter(Boolean).join(" · ")));
  });
  const held = $("studies").contains(document.activeElement) ? document.activeElement.dataset.id : null;
  put($("studies"), h("h2", {}, "Studies"), rows);
  if (held) $("studies").querySelector(`[data-id="${held}"]`)?.focus({ preventScroll: true }); // the focus stays where it was
}
setInterval(() => { if (!document.hidden) loadStudies(); }, 5000);

// -- one study --------------------------------------------------------------------------------------------

class Page {
  constructor(study) {
    this.study = study;
    this.pulse = study.pulse;
    this.trials = new Trials(study.columns, study.fields);
    this.views = {};
    this.tab = "";
    this.isLoading = false;
    this.build();
  }

  finished() { const s = this.pulse.states; return s.complete + s.stopped + s.failed + s.paused; }
  withToken(act) { withToken(act); }
  openTrial(trialNumber) { openTrial(this, trialNumber); }
  tryConfig(config) { this.select("try"); this.views.try.show(config); }
  async copy(config) {
    try {
      await navigator.clipboard.writeText(JSON.stringify(config));
      toast("The config is copied, as JSON.");
    } catch {
      toast("The browser does not allow copying.", true);
    }
  }

  build() {
    const { study } = this;
    this.stats = h("dl", { class: "stats" });
    this.acts = h("div", { class: "acts" });
    this.hold = h("span", { class: "tag hold", hidden: true }, "Paused: no trial starts");
    this.panel = h("div", { role: "tabpanel", id: "panel", tabindex: "0" });
    this.tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Parts of the study", on: { keydown: (event) => this.move(event) } }, TABS.map(([key, label]) =>
      h("button", { role: "tab", type: "button", id: `tab-${key}`, "aria-controls": "panel", on: { click: () => { location.hash = `#/${study.id}/${key}`; } } }, label, h("span", { class: "count", hidden: true }))));
    const facts = Object.entries(study.facts).map(([k, v]) => `${k} ${v}`).join(" · ");
    put($("main"), h("div", { class: "head" }, h("div", {}, h("h1", {}, study.name, " ", this.hold), h("p", { class: "facts" }, facts)), this.acts), this.stats, this.tabs, this.panel);
    document.title = `${study.name} · tunesmith`;
  }

  move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const keys = TABS.map(([key]) => key), at = keys.indexOf(this.tab);
    const next = keys[(at + step + keys.length) % keys.length];
    location.hash = `#/${this.study.id}/${next}`;
    this.select(next);
    $(`tab-${next}`).focus();
  }

  select(key) {
    if (!TABS.some(([k]) => k === key)) key = "overview";
    if (this.tab === key) return;
    this.tab = key;
    if (!location.hash.endsWith(`/${key}`)) history.replaceState(null, "", `#/${this.study.id}/${key}`);
    for (const [k] of TABS) {
      $(`tab-${k}`).setAttribute("aria-selected", String(k === key));
      $(`tab-${k}`).tabIndex = k === key ? 0 : -1;
    }
    const [tab, bar] = [$(`tab-${key}`), this.tabs]; // not scrollIntoView, which moves where Tab starts from
    if (tab.offsetLeft < bar.scrollLeft || tab.offsetLeft + tab.offsetWidth > bar.scrollLeft + bar.clientWidth) bar.scrollLeft = tab.offsetLeft - 40;
    this.panel.setAttribute("aria-labelledby", `tab-${key}`);
    this.views[key] ??= TABS.find(([k]) => k === key)[2](this);
    put(this.panel, this.views[key].element);
    this.views[key].update();
    repaint();
  }

  start() {
    this.end = listen(`/studies/${this.study.id}/events`, {
      onData: (pulse) => this.take(pulse),
      onGone: () => { this.live(false, "deleted"); toast("The study was deleted.", true); loadStudies(); },
      onState: (isLive, words) => this.live(isLive, words),
    });
    this.draw();
    return this.load();
  }

  live(isLive, words) {
    $("live").className = `live ${isLive ? "on" : "off"}`;
    $("live").textContent = words || (isLive ? "live" : "connection lost, trying again");
  }

  take(pulse) {
    if (pulse.epoch !== this.pulse.epoch && this.trials.epoch) { open(this.study.id, this.tab, true); return; } // another space
    this.pulse = pulse;
    this.draw();
    this.load();
  }

  async load() {
    if (this.isLoading || (this.trials.epoch === this.pulse.epoch && this.trials.mark >= this.pulse.mark)) return;
    this.isLoading = true;
    try {
      this.trials.take(await get(`/studies/${this.study.id}/trials`, { since: this.trials.mark, epoch: this.trials.epoch }));
      await released();
      this.views[this.tab]?.update();
    } catch (error) {
      this.live(false, error.message);
    }
    await new Promise((r) => setTimeout(r, 400));
    this.isLoading = false;
    if (this === current) this.load();
  }

  draw() {
    const { states, best, elapsed, is_paused: isPaused } = this.pulse;
    this.hold.hidden = !isPaused;
    const order = ["complete", "stopped", "failed", "running", "paused", "waiting"];
    const total = order.reduce((sum, k) => sum + states[k], 0) || 1;
    const bar = h("div", { class: "bar", "aria-hidden": "true" }, order.filter((k) => states[k]).map((k) => h("i", { style: { width: `${(100 * states[k]) / total}%`, background: `var(--${k})` } })));
    const stat = (label, value, extra = null, cls = "") => h("div", { class: `stat ${cls}` }, h("dt", {}, label), h("dd", {}, value), extra);
    put(this.stats,
      stat(`Best value (${this.study.direction})`, [best ? number(best.value, 6) : "–", best ? h("small", {}, `  trial ${best.number}${best.state === "complete" ? "" : `, ${best.state}`}`) : null], null, "lead"),
      stat("Trials", [String(this.pulse.trials), h("small", {}, `  ${states.complete} complete`)], bar),
      stat("Running", String(states.running), h("div", { class: "remark" }, ["waiting", "paused"].filter((k) => states[k]).map((k) => `${states[k]} ${k}`).join(", "))),
      stat("Failed", [String(states.failed), states.failed ? h("small", {}, `  ${Math.round((100 * states.failed) / total)} %`) : null]),
      stat("Run time", duration(elapsed)));
    const counts = { trials: this.pulse.trials, failures: states.failed };
    for (const [key, value] of Object.entries(counts)) {
      const mark = $(`tab-${key}`).querySelector(".count");
      mark.hidden = !value;
      mark.textContent = value;
      mark.classList.toggle("bad", key === "failures");
    }
    const shown = String(isPaused);
    if (this.acts.dataset.shown === shown) return;
    this.acts.dataset.shown = shown;
    put(this.acts,
      h("button", { class: "act", type: "button", id: "pause", on: { click: () => withToken(() => this.ask(isPaused ? "resume" : "pause")) } }, isPaused ? "▶ Resume" : "❚❚ Pause"),
      h("button", { class: "act bad", type: "button", id: "stop", on: { click: () => withToken(() => this.confirmStop()) } }, "■ Stop"));
  }

  confirmStop() {
    openDialog("Stop the study?", (close) => [
      h("p", {}, "Every run of this study ends after the trials it has in hand, in whatever process it is. Nothing is lost; running the same script again goes on."),
      h("div", { class: "acts" }, h("button", { class: "act", type: "button", on: { click: close } }, "Let it run"),
        h("button", { class: "act main", type: "button", on: { click: () => { close(); this.ask("stop"); } } }, "Stop all runs"))]);
  }

  async ask(wish) {
    try {
      const control = await send("PUT", `/studies/${this.study.id}/control`, { wish });
      this.pulse = { ...this.pulse, ...control };
      this.draw();
      toast({ pause: "Paused: running trials end, no new one starts.", resume: "The study goes on.", stop: "All runs were told to stop." }[wish]);
    } catch (error) {
      toast(error.message, true);
    }
  }
}

async function open(id, tab, isForced = false) {
  if (current?.study.id === id && !isForced) { current.select(tab); return; }
  const mine = ++turn;
  try {
    const study = await get(`/studies/${id}`);
    if (mine !== turn) return; // another one was opened meanwhile
    current?.end?.();
    current = new Page(study);
    current.select(tab);
    await current.start();
  } catch (error) {
    if (mine !== turn) return;
    current?.end?.();
    current = null;
    put($("main"), h("p", { class: "empty" }, error.message));
    if (error.status === 401) askToken();
  }
  loadStudies();
}

async function route() {
  const [, id, tab] = location.hash.split("/");
  if (!studies.length) await loadStudies();
  const wanted = id ? Number(id) : studies[0]?.id;
  if (wanted === undefined) {
    if (!document.querySelector("dialog")) put($("main"), h("p", { class: "empty" }, "There are no studies in this store yet. They appear here when a run begins."));
    setTimeout(() => { if (!current) route(); }, 3000);
    return;
  }
  await open(wanted, tab || "overview");
}
window.addEventListener("hashchange", route);
window.tunesmith = { symbols: SYMBOLS };
route();
