// What parameters do: importance and effects; and what the model believes along one parameter, or over two.

import { get } from "./api.js";
import { configList, h, number, percent, put, released } from "./dom.js";
import { plot, slowCard } from "./plots.js";

function picker(id, label, names, first, onChange) {
  const select = h("select", { id, on: { change: onChange } }, names.map((n) => h("option", { value: n }, n || "none")));
  if (first !== undefined) select.value = first;
  return { select, element: h("div", {}, h("label", { for: id }, label), select) };
}

export function parametersView(context) {
  const { study } = context;
  const names = study.fields.map((f) => f.name);
  const drawing = plot("Share of importance, with 80 % intervals", { caption: false });
  const table = h("div", {}), note = h("p", { class: "note" });
  let hasChosen = false;
  const importance = slowCard("Which parameters matter", () => `/studies/${study.id}/importance`, async (body, found) => {
    put(body, drawing.element, note, table);
    await drawing.show(found.figure, found.note);
    note.textContent = found.figure ? found.note : "";
    put(table, found.rows.length ? importanceTable(found) : null);
    if (!hasChosen && found.rows.length) { one.select.value = found.rows[0].name; hasChosen = true; load(); }
  });
  const one = picker("effect-one", "Parameter", names, names[0], () => { hasChosen = true; load(); });
  const two = picker("effect-two", "together with", ["", ...names], "", () => { hasChosen = true; load(); });
  const effect = plot("Expected value by parameter, all others left to chance", { caption: false });
  const status = h("p", { class: "wait", role: "status", hidden: true }, "Computing…");
  let turn = 0, at = -1;
  async function load() {
    const mine = ++turn;
    status.hidden = false;
    at = context.finished();
    try {
      const second = two.select.value === one.select.value ? "" : two.select.value;
      const found = await get(`/studies/${study.id}/effect`, { first: one.select.value, second });
      if (mine === turn) await effect.show(found.figure, found.note);
    } catch (error) {
      if (mine === turn) await effect.show(null, error.message);
    }
    if (mine === turn) status.hidden = true;
  }
  const element = h("div", { class: "stack" }, importance.element,
    h("section", { class: "card", "aria-label": "Effects" }, h("header", {}, h("h2", {}, "Effect on the value")),
      h("p", { class: "note" }, "What a model of all results expects on average, whatever the other parameters are; the band holds it with 80 % probability."),
      h("div", { class: "pick", style: { margin: ".7rem 0" } }, one.element, two.element), status, effect.element));
  return {
    element,
    update() {
      importance.update(context.finished());
      if (at >= 0 && context.finished() > at * 1.2 + 5) load();
    },
  };
}

function importanceTable(found) {
  const head = ["parameter", "everywhere", "80 % interval", "among the best", "80 % interval"];
  const rows = found.rows.map((r) => [r.name, percent(r.value), `${percent(r.low)} to ${percent(r.high)}`, percent(r.best), `${percent(r.best_low)} to ${percent(r.best_high)}`]);
  const pairs = found.pairs.slice(0, 3).filter((p) => p.value > 0.005).map((p) => `${p.names.join(" with ")} (${percent(p.value)})`);
  return [
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Importance" }, h("table", {}, h("caption", { class: "unseen" }, "Share of importance by parameter"),
      h("thead", {}, h("tr", {}, head.map((t, k) => h("th", { scope: "col", class: k ? "right" : "" }, t)))),
      h("tbody", {}, rows.map((r) => h("tr", {}, r.map((t, k) => k ? h("td", { class: "right" }, t) : h("th", { scope: "row" }, t))))))),
    pairs.length ? h("p", { class: "note", style: { "margin-top": ".6rem" } }, `What two do only together: ${pairs.join(", ")}.`) : null,
  ];
}

const MAPS = { expected: "Expected value", doubt: "Uncertainty (half of the 80 % interval)", promise: "Promise: where the search would look next" };

export function modelView(context) {
  const { study } = context;
  const names = study.fields.map((f) => f.name);
  const one = picker("model-one", "Along", names, names[0], () => load());
  const two = picker("model-two", "and over", ["", ...names], "", () => load());
  const line = plot("Expected value with its interval, over the trials; below it, where the search would look next", { caption: false });
  const maps = Object.fromEntries(Object.entries(MAPS).map(([key, title]) => [key, plot(title)]));
  const grid = h("div", { class: "halves" }, Object.values(maps).map((m) => m.element));
  const base = h("div", {}), status = h("p", { class: "wait", role: "status", hidden: true }, "Computing…");
  let turn = 0, at = -1, asked = 0;
  async function load() {
    const mine = ++turn;
    at = context.finished();
    asked = Date.now();
    status.hidden = false;
    const second = two.select.value === one.select.value ? "" : two.select.value;
    try {
      const found = await get(`/studies/${study.id}/model`, { first: one.select.value, second });
      if (mine !== turn) return;
      status.hidden = true;
      line.element.hidden = Boolean(second) && !found.note;
      grid.hidden = !line.element.hidden;
      if (line.element.hidden) await Promise.all(Object.entries(maps).map(([key, m]) => m.show(found.figures[key])));
      else await line.show(found.figures.line || null, found.note);
      await released();
      const open = base.querySelector("details[open]") ? "" : null; // as the user left it
      put(base, Object.keys(found.base).length ? h("details", { open }, h("summary", {}, "All other parameters as in the best trial"), configList(found.base)) : null);
    } catch (error) {
      if (mine !== turn) return;
      status.hidden = true;
      grid.hidden = true;
      line.element.hidden = false;
      await line.show(null, error.message);
    }
  }
  const element = h("section", { class: "card", "aria-label": "Model" }, h("header", {}, h("h2", {}, "What the model believes")),
    h("div", { class: "pick", style: { "margin-bottom": ".8rem" } }, one.element, two.element), status, line.element, grid, base);
  grid.hidden = true;
  return {
    element,
    update() { if (at < 0 || (context.finished() > at && Date.now() - asked > 3000)) load(); },
  };
}

// One config: what is expected of it, as a picture in numbers.
export function expectationCard(found, best) {
  const e = found.expectation;
  if (!e) return h("p", { class: "note" }, found.note || "Fill in the fields to see what the model expects.");
  const ends = [e.run_low, e.run_high, e.low, e.high, best].filter((v) => typeof v === "number");
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const at = (v) => `${4 + (92 * (v - low)) / (high - low || 1)}%`;
  const span = (name, a, b) => h("i", { class: name, style: { left: at(a), width: `calc(${at(b)} - ${at(a)})` } });
  const says = `Expected ${number(e.value)}, with 80 % probability between ${number(e.low)} and ${number(e.high)}.`;
  return [
    h("p", { class: "soft small" }, "The model expects"), h("p", { class: "big", id: "expected" }, number(e.value)),
    h("div", { class: "range", role: "img", "aria-label": says },
      span("run", e.run_low, e.run_high), span("true", e.low, e.high), h("i", { class: "at", style: { left: at(e.value) } }),
      typeof best === "number" ? [h("i", { class: "best", style: { left: at(best) } }), h("span", { style: { left: `clamp(2.1rem, ${at(best)}, calc(100% - 2.1rem))` } }, "best so far")] : null),
    h("p", { class: "small" }, "80 % sure it lies between ", h("b", { class: "num" }, number(e.low)), " and ", h("b", { class: "num" }, number(e.high)), ". ",
      h("span", { class: "soft" }, `A single run may show ${number(e.run_low)} to ${number(e.run_high)}.`)),
    h("div", { class: "chances" }, h("div", {}, h("b", { class: "num" }, percent(e.gain)), h("span", { class: "soft small" }, "chance to beat the best")),
      h("div", {}, h("b", { class: "num" }, percent(1 - e.success)), h("span", { class: "soft small" }, "chance to fail"))),
  ];
}
