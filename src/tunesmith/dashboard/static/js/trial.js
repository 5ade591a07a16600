// One trial in a dialog: config, curve, why it was tried, why it failed, and a note.

import { get, send } from "./api.js";
import { ago, configList, duration, h, number, openDialog, put, s, state, toast } from "./dom.js";

const ORIGINS = { method: "proposed by the method", enqueued: "enqueued by a person", added: "added with its result" };

export async function openTrial(context, trialNumber) {
  let trial;
  try {
    trial = await get(`/studies/${context.study.id}/trials/${trialNumber}`);
  } catch (error) {
    toast(error.message, true);
    return;
  }
  openDialog(`Trial ${trial.number}`, (close) => content(context, trial, close), state(trial.state));
}

function content(context, trial, close) {
  const facts = [["value", number(trial.value, 8)], ["origin", ORIGINS[trial.origin] + (trial.is_repeat ? ", a repeat on purpose" : "")], ["time", duration(trial.seconds)],
    ["started", trial.started ? `${new Date(trial.started * 1000).toLocaleString()} (${ago(trial.started)})` : "–"], ["attempt", trial.attempt ? String(trial.attempt) + (trial.lost ? `, ${trial.lost} lost` : "") : "–"], ["process", trial.worker || "–"]];
  const note = h("textarea", { id: "note", maxlength: 10000, value: trial.note });
  const save = async () => {
    try {
      await send("PUT", `/studies/${context.study.id}/trials/${trial.number}/note`, { text: note.value });
      toast(`The note on trial ${trial.number} is saved.`);
    } catch (error) {
      toast(error.message, true);
    }
  };
  return [
    trial.reason ? h("p", { class: "lead-text" }, trial.reason) : null,
    h("section", { "aria-label": "Config" }, h("h3", {}, "Config"), configList(trial.config)),
    trial.reports.length > 1 ? h("section", { "aria-label": "Curve" }, h("h3", {}, `Reports by ${context.study.fidelity || "step"}`), sketch(trial.reports)) : null,
    trial.failure ? h("section", { "aria-label": "Failure" }, h("h3", {}, `Failed: ${trial.failure.kind}`), h("p", {}, trial.failure.message), trial.failure.traceback ? h("pre", { tabindex: "0", "aria-label": "Traceback" }, h("code", {}, trial.failure.traceback)) : null) : null,
    h("section", { "aria-label": "Facts" }, h("h3", {}, "Facts"), h("dl", { class: "config" }, facts.map(([k, v]) => h("div", {}, h("dt", {}, k), h("dd", {}, v))))),
    h("section", { "aria-label": "Note" }, h("label", { for: "note" }, "Note"), note),
    h("div", { class: "acts" },
      trial.fits ? h("button", { class: "act", type: "button", on: { click: () => { close(); context.tryConfig(trial.config); } } }, "Try one like it") : null,
      h("button", { class: "act", type: "button", on: { click: () => context.copy(trial.config) } }, "Copy config"),
      h("button", { class: "act main", type: "button", on: { click: () => context.withToken(save) } }, "Save note")),
  ];
}

// A small line drawing of a curve; the numbers are its description.
function sketch(reports) {
  const points = reports.filter(([, v]) => typeof v === "number");
  if (points.length < 2) return h("p", { class: "note" }, "Too few finite values to draw.");
  const [W, H, P] = [600, 120, 6];
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const at = ([x, y]) => `${P + ((W - 2 * P) * (x - x0)) / (x1 - x0 || 1)},${H - P - ((H - 2 * P) * (y - y0)) / (y1 - y0 || 1)}`;
  const words = `From ${number(ys[0])} at ${xs[0]} to ${number(ys.at(-1))} at ${xs.at(-1)}`;
  return h("div", {}, s("svg", { class: "sketch", viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: "none", role: "img", "aria-label": words },
    s("polyline", { points: points.map(at).join(" "), fill: "none", stroke: "var(--accent)", "stroke-width": 2, "vector-effect": "non-scaling-stroke" })), h("p", { class: "note" }, `${words}.`));
}
