// Try a config: type or slide values, see at once what the model expects of them, and put them first in line.

import { get, send } from "./api.js";
import { h, later, put, released, toast } from "./dom.js";
import { expectationCard } from "./views_model.js";

const STEPS = 1000;

export function tryView(context) {
  const { study } = context;
  const fields = study.fields.map((f) => makeField(f, () => { changed(); }));
  const expectation = h("div", { role: "status", "aria-live": "polite" }, h("p", { class: "note" }, "Change a value to see what the model expects."));
  const about = h("p", { class: "note" });
  const enqueue = h("button", { class: "act main", type: "submit" }, "Enqueue this config");
  const form = h("form", { on: { submit: (event) => { event.preventDefault(); context.withToken(put_in_line); } } },
    h("div", { class: "acts", style: { "margin-bottom": ".5rem" } },
      h("button", { class: "act", type: "button", on: { click: () => fillFrom(context.pulse.best?.config) } }, "Best so far"),
      h("button", { class: "act", type: "button", on: { click: () => fillFrom(defaults()) } }, "Defaults")),
    fields.map((f) => f.element));
  const element = h("div", { class: "columns try" },
    h("section", { class: "card", "aria-label": "Config" }, h("header", {}, h("h2", {}, "Try a config")), form),
    h("section", { class: "card sticky", "aria-label": "Expectation" }, expectation, about, h("div", { class: "acts", style: { "margin-top": ".8rem" } }, enqueue)));
  enqueue.addEventListener("click", () => form.requestSubmit());

  const values = () => Object.fromEntries(fields.map((f) => [f.name, f.get()]));
  const defaults = () => Object.fromEntries(study.fields.map((f) => [f.name, f.default ?? middle(f)]));
  let turn = 0, isFilled = false, mark = -1;

  function fillFrom(config) {
    const all = { ...defaults(), ...(config || {}) };
    for (const f of fields) f.set(all[f.name]);
    isFilled = true;
    ask();
  }

  async function ask() {
    const mine = ++turn;
    mark = context.pulse.mark;
    try {
      const found = await get(`/studies/${study.id}/expectation`, { values: JSON.stringify(values()) });
      if (mine !== turn) return;
      for (const f of fields) f.tell(found.errors[f.name] || "", found.active.includes(f.name));
      enqueue.disabled = Boolean(Object.keys(found.errors).length || found.broken.length);
      const best = context.pulse.best?.value;
      put(expectation, Object.keys(found.errors).length ? h("p", { class: "note" }, "Some values cannot be used; see beside them.") : expectationCard(found, best));
      await released(); // the rest may be clicked; what is expected follows a slider while it is held
      if (mine !== turn) return;
      const known = found.expectation?.trials || [];
      put(about, found.broken.length ? `It breaks the constraint ${found.broken.join("; ")}.` : known.length ? ["It is ", h("button", { class: "link", type: "button", on: { click: () => context.openTrial(known[0]) } }, `trial ${known[0]}`), " already."] : "");
    } catch (error) {
      if (mine === turn) put(expectation, h("p", { class: "note" }, error.message));
    }
  }
  const changed = later(ask, 90);

  async function put_in_line() {
    try {
      const { number, is_new } = await send("POST", `/studies/${study.id}/trials`, { values: values() });
      toast(is_new ? `Trial ${number} waits first in line.` : `Trial ${number} has this config already.`, !is_new);
    } catch (error) {
      toast(error.message, true);
    }
  }

  return {
    element,
    update() {
      if (!isFilled) fillFrom(context.pulse.best?.config);
      else if (mark !== context.pulse.mark) later(ask, 1000)();
    },
    show: fillFrom,
  };
}

function middle(field) {
  if (field.kind === "choice") return field.options[0];
  return fromSlider(field, STEPS / 2);
}

function fromSlider(field, place) {
  const share = place / STEPS, low = Number(field.low), high = Number(field.high);
  const value = field.log ? Math.exp((1 - share) * Math.log(low) + share * Math.log(high)) : (1 - share) * low + share * high;
  if (field.kind === "int") return String(Math.round(value));
  const kept = Number(value.toPrecision(4));
  return String(Math.min(high, Math.max(low, kept)));
}

function toSlider(field, text) {
  const low = Number(field.low), high = Number(field.high), value = Math.min(high, Math.max(low, Number(text)));
  if (!Number.isFinite(value) || high === low) return 0;
  return Math.round(STEPS * (field.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)));
}

function makeField(field, onChange) {
  const id = `try-${field.name}`;
  const wrong = h("p", { class: "wrong", id: `${id}-wrong`, role: "alert" });
  const hint = h("span", { class: "hint", id: `${id}-hint` }, field.kind === "choice" ? "" : `${shortRange(field)}${field.log ? ", log scale" : ""}`);
  const off = h("span", { class: "hint" });
  let input, slider = null;
  if (field.kind === "choice") {
    input = h("select", { id, "aria-describedby": `${id}-wrong`, on: { change: onChange } }, field.options.map((o) => h("option", { value: o }, o)));
  } else {
    input = h("input", { id, type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-hint ${id}-wrong`, on: { input: () => { slider.value = toSlider(field, input.value); onChange(); } } });
    slider = h("input", { type: "range", min: 0, max: STEPS, step: 1, "aria-label": `${field.name}, slider`, on: { input: () => { input.value = fromSlider(field, Number(slider.value)); onChange(); } } });
  }
  const row = slider ? h("div", { class: "row" }, slider, input) : h("div", { class: "row whole" }, input);
  const element = h("div", { class: "field" }, h("label", { for: id }, field.name, " ", hint, " ", off), row, wrong);
  return {
    name: field.name, element,
    get: () => input.value,
    set(text) { input.value = text; if (slider) slider.value = toSlider(field, text); },
    tell(error, isActive) {
      wrong.textContent = error;
      input.setAttribute("aria-invalid", String(Boolean(error)));
      element.classList.toggle("off", !isActive);
      off.textContent = isActive ? "" : `· not active: only when ${field.condition}`;
    },
  };
}

const shortRange = (field) => `${field.low} to ${field.high}`;
