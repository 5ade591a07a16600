// Overview: how the search goes, which config to ship, what is wrong, what more trials would bring. And curves.

import { get } from "./api.js";
import { configList, duration, h, number, percent, put, released } from "./dom.js";
import { plot, slowCard } from "./plots.js";

// Loads when the study has changed and the element is shown, at most once in two seconds; what changes meanwhile is loaded then.
export function follows(context, element, load) {
  let mark = "", isBusy = false, isDue = false;
  return async function update() {
    if (isBusy) { isDue = true; return; }
    const now = `${context.trials.epoch}/${context.pulse.mark}/${context.pulse.lost}`;
    if (mark === now || !element.isConnected) return;
    isBusy = true;
    mark = now;
    await load();
    setTimeout(() => { isBusy = false; if (isDue) { isDue = false; update(); } }, 2000);
  };
}

// A drawing of the server's that follows the study.
export function livePlot(context, kind, title, options = {}) {
  const drawing = plot(title, options);
  const update = follows(context, drawing.element, async () => {
    try {
      const { figure } = await get(`/studies/${context.study.id}/figures/${kind}`);
      await released();
      await drawing.show(figure);
    } catch (error) {
      await drawing.show(null, error.message);
    }
  });
  return { element: drawing.element, update };
}

export function overviewView(context) {
  const { study } = context;
  const history = livePlot(context, "history", "Value of every trial, and the best so far", { empty: "No trial has a value yet. They appear here as they come in." });
  const best = h("section", { class: "card", "aria-label": "Best trial" });
  const advice = slowCard("Config to ship", () => `/studies/${study.id}/advice`, (body, found) => {
    put(body, found.recommendation ? recommended(context, found.recommendation) : h("p", { class: "note" }, "No trial is complete yet."));
    put(health, found.findings.length
      ? h("ul", { class: "findings" }, found.findings.map((f) => h("li", {}, h("p", {}, h("b", {}, f.sentence)), h("p", { class: "note" }, f.evidence), h("pre", {}, h("code", {}, f.change)))), found.how_to_change ? h("li", { class: "note" }, found.how_to_change) : null)
      : h("p", { class: "note" }, "Nothing found: the ranges, scales and noise look right as far as the trials tell."));
  });
  const health = h("div", {}, h("p", { class: "note" }, "Looked at together with the config to ship."));
  const forecast = slowCard("Is it worth going on?", () => `/studies/${study.id}/forecast`, (body, found) => {
    if (!found.rows.length) { put(body, h("p", { class: "note" }, "There are too few results for a forecast yet.")); return; }
    const head = ["more trials", "time", "best value then", "80 % interval", "chance of a real gain"];
    put(body, h("p", { class: "lead-text" }, found.sentence), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Forecast" }, h("table", {},
      h("thead", {}, h("tr", {}, head.map((t, k) => h("th", { scope: "col", class: k ? "right" : "" }, t)))),
      h("tbody", {}, found.rows.map((r) => h("tr", {}, [r.trials, duration(r.seconds), number(r.value), `${number(r.low)} to ${number(r.high)}`, percent(r.chance)].map((t, k) => h("td", { class: k ? "right" : "" }, String(t)))))))));
  }, { grown: 0.25, rest: 60000 });
  const element = h("div", { class: "stack" },
    h("div", { class: "columns" }, h("section", { class: "card", "aria-label": "History" }, history.element), best),
    h("div", { class: "halves" }, advice.element, h("section", { class: "card", "aria-label": "Advice" }, h("header", {}, h("h2", {}, "Advice")), health)),
    forecast.element);

  function drawBest() {
    const found = context.pulse.best;
    put(best, h("header", {}, h("h2", {}, "Best trial so far"), found ? h("button", { class: "link", type: "button", on: { click: () => context.openTrial(found.number) } }, `trial ${found.number}`) : null),
      found ? [configList(found.config), h("div", { class: "acts", style: { "margin-top": ".8rem" } }, h("button", { class: "act", type: "button", on: { click: () => context.tryConfig(found.config) } }, "Try one like it"))]
        : h("p", { class: "empty" }, "No trial is complete yet."));
  }

  let shown = "";
  return {
    element,
    update() {
      history.update();
      const now = JSON.stringify(context.pulse.best);
      if (now !== shown) { shown = now; drawBest(); }
      const finished = context.finished();
      advice.update(finished);
      forecast.update(finished);
    },
  };
}

function recommended(context, found) {
  return [
    h("p", { class: "lead-text" }, found.sentence),
    h("div", { style: { margin: ".6rem 0" } }, configList(found.config)),
    h("p", { class: "note" }, `Trial ${found.number}; its true value lies between ${number(found.low)} and ${number(found.high)} with 80 % probability.`),
    h("div", { class: "acts", style: { "margin-top": ".7rem" } },
      h("button", { class: "act", type: "button", on: { click: () => context.openTrial(found.number) } }, `Open trial ${found.number}`),
      h("button", { class: "act", type: "button", on: { click: () => context.copy(found.config) } }, "Copy config")),
  ];
}

export function curvesView(context) {
  const name = context.study.fidelity || "step";
  const curves = livePlot(context, "curves", `Reported values by ${name}, by what became of the trial`, { empty: "No trial has reported intermediate values. Objectives do so with trial.report(value)." });
  return { element: h("section", { class: "card", "aria-label": "Learning curves" }, curves.element), update: curves.update };
}
