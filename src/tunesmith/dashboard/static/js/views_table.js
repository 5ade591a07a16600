// Trials: a table with filter, sort and pages.

import { compile, sorted } from "./data.js";
import { SYMBOLS, counted, duration, h, later, number, put, shortened, state } from "./dom.js";

const PAGE = 50;
const LABELS = { number: "trial", seconds: "time", failure: "why it failed", step: "step" };
const HIDDEN = new Set(["started", "origin", "attempt"]);

export function trialsView(context) {
  const { trials, study } = context;
  const places = trials.columns.map((name, place) => ({ name, place }))
    .filter(({ name, place }) => place >= trials.fixed || (!HIDDEN.has(name) && (name !== "step" || study.fidelity)));
  const fixed = places.filter((p) => p.place < trials.fixed), own = places.filter((p) => p.place >= trials.fixed);
  const tail = ["failure", "note"];
  const shown = [...fixed.filter((p) => !tail.includes(p.name)), ...own, ...fixed.filter((p) => tail.includes(p.name))];
  let order = { place: 0, isDown: true }, page = 0, states = new Set();

  const search = h("input", { type: "search", id: "filter", placeholder: "lr<0.01 optimizer=adam …", autocomplete: "off", spellcheck: "false", "aria-describedby": "filter-help", on: { input: later(() => { page = 0; draw(); }, 120) } });
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Show only trials in these states" });
  const count = h("span", { class: "soft small", role: "status" });
  const head = h("tr", {}), body = h("tbody", {});
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Trials" },
    h("table", {}, h("caption", { class: "unseen" }, "Trials of the study"), h("thead", {}, head), body));
  const back = h("button", { class: "act", type: "button", on: { click: () => { page -= 1; draw(); } } }, "‹ Newer");
  const on = h("button", { class: "act", type: "button", on: { click: () => { page += 1; draw(); } } }, "Older ›");
  const where = h("span", { class: "soft" });
  const element = h("section", { class: "card", "aria-label": "Trials" },
    h("div", { class: "stack" },
      h("div", {}, h("label", { for: "filter" }, "Filter"), search,
        h("p", { class: "note", id: "filter-help" }, "Words, or comparisons such as ", h("code", {}, "value<0.2"), " or ", h("code", {}, "state=failed"), "; all must hold.")),
      chips),
    table, h("div", { class: "pager" }, back, on, where, h("span", { class: "gap" }), count));

  function drawChips() {
    const counts = context.pulse.states;
    put(chips, Object.keys(SYMBOLS).filter((name) => counts[name] || states.has(name)).map((name) =>
      h("button", { class: "chip", type: "button", "aria-pressed": states.has(name), on: { click: () => {
        if (!states.delete(name)) states.add(name);
        page = 0;
        drawChips();
        draw();
      } } }, state(name), String(counts[name] || 0))));
  }

  function drawHead() {
    put(head, shown.map(({ name, place }) => {
      const is = order.place === place;
      const label = place < trials.fixed ? LABELS[name] || name : name;
      const sort = is ? (order.isDown ? "descending" : "ascending") : null;
      return h("th", { scope: "col", "aria-sort": sort, class: isRight(name, place) ? "right" : "" },
        h("button", { type: "button", on: { click: () => { order = is ? { place, isDown: !order.isDown } : { place, isDown: first(name) }; page = 0; drawHead(); draw(); } } },
          label, is ? (order.isDown ? " ↓" : " ↑") : ""));
    }));
  }

  const first = (name) => name === "number" || (name === "value" && study.direction === "maximize");
  const isRight = (name, place) => ["value", "seconds", "step"].includes(name) || (place >= trials.fixed && study.fields[place - trials.fixed].kind !== "choice");

  function cell(row, { name, place }) {
    const value = row[place];
    if (name === "number" && place === 0) return h("td", {}, h("button", { class: "link", type: "button", "data-trial": value, "aria-label": `Trial ${value}`, on: { click: () => context.openTrial(value) } }, String(value)));
    if (place >= trials.fixed) return h("td", { class: isRight(name, place) ? "right" : "" }, value === null ? "" : typeof value === "number" ? number(value, 4) : shortened(value));
    if (name === "state") return h("td", {}, state(value));
    if (name === "seconds") return h("td", { class: "right" }, value === null ? "" : duration(value));
    if (name === "failure" || name === "note") return h("td", { class: "long", title: value || null }, value);
    return h("td", { class: "right" }, value === null ? "" : number(value, 6));
  }

  function draw() {
    const test = compile(search.value, trials);
    const at = trials.at("state");
    const rows = sorted(trials.rows.filter((row) => row && (!states.size || states.has(row[at])) && test(row)), order.place, order.isDown);
    page = Math.max(0, Math.min(page, Math.ceil(rows.length / PAGE) - 1));
    const best = context.pulse.best?.number;
    put(body, rows.slice(page * PAGE, (page + 1) * PAGE).map((row) => h("tr", { class: row[0] === best ? "best" : "" }, shown.map((column) => cell(row, column)))));
    if (!rows.length) put(body, h("tr", {}, h("td", { colspan: shown.length, class: "empty" }, trials.rows.length ? "No trial is like that." : "There are no trials yet.")));
    back.textContent = order.place === 0 && order.isDown ? "‹ Newer" : "‹ Back";
    on.textContent = order.place === 0 && order.isDown ? "Older ›" : "On ›";
    back.disabled = page === 0;
    on.disabled = (page + 1) * PAGE >= rows.length;
    where.textContent = rows.length > PAGE ? `${page * PAGE + 1} to ${Math.min(rows.length, (page + 1) * PAGE)}` : "";
    count.textContent = `${rows.length} of ${counted(context.pulse.trials, "trial")}`;
  }

  const again = (held) => (held.dataset.trial
    ? body.querySelector(`[data-trial="${held.dataset.trial}"]`) || table
    : [...chips.children].find((c) => c.textContent.startsWith(held.firstChild.textContent)));

  drawHead();
  return {
    element,
    update() {
      const held = element.contains(document.activeElement) ? document.activeElement.closest("[data-trial], .chip") : null;
      drawChips();
      draw();
      if (held && !held.isConnected) again(held)?.focus({ preventScroll: true }); // the focus stays where it was
    },
    show(query) { search.value = query; states = new Set(); page = 0; drawChips(); draw(); },
  };
}
