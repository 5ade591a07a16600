// Who ran what: timeline and workers; and what failed, by cause.

import { get } from "./api.js";
import { ago, configList, duration, h, put, released } from "./dom.js";
import { follows, livePlot } from "./views_overview.js";

function links(context, numbers, most = 24) {
  const shown = numbers.slice(0, most).map((n, k) => [k ? ", " : "", h("button", { class: "link", type: "button", "aria-label": `Trial ${n}`, on: { click: () => context.openTrial(n) } }, String(n))]);
  return [shown, numbers.length > most ? ` and ${numbers.length - most} more` : ""];
}

// Content that is fetched anew when the study has changed.
function fetched(context, element, path, render) {
  return follows(context, element, async () => {
    try {
      const found = await get(path);
      await released();
      render(found);
    } catch (error) {
      render(null, error);
    }
  });
}

export function workersView(context) {
  const timeline = livePlot(context, "timeline", "Which worker ran which trial when", { empty: "No trial has ended yet." });
  const body = h("tbody", {});
  const lost = h("p", { class: "note", hidden: true });
  const head = ["process", "runs now", "ended", "failed", "busy", "last seen"];
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Processes" }, h("table", {}, h("caption", { class: "unseen" }, "Processes"),
    h("thead", {}, h("tr", {}, head.map((t) => h("th", { scope: "col" }, t)))), body));
  const load = fetched(context, body, `/studies/${context.study.id}/workers`, (found, error) => {
    if (error) { put(body, h("tr", {}, h("td", { colspan: head.length }, error.message))); return; }
    const gone = found.workers.flatMap((w) => w.lost);
    lost.hidden = !gone.length;
    lost.textContent = gone.length ? `The process of trial ${gone.join(", ")} is dead; the next run takes over what it left.` : "";
    put(body, found.workers.length ? found.workers.map((w) => h("tr", {},
      h("td", { class: "mono" }, w.name), h("td", {}, w.running.length ? links(context, w.running) : w.lost.length ? "dead" : ""),
      h("td", {}, String(w.done)), h("td", {}, String(w.failed)), h("td", {}, duration(w.seconds)), h("td", {}, ago(w.last))))
      : h("tr", {}, h("td", { colspan: head.length, class: "empty" }, "No process has had a trial yet.")));
  });
  return {
    element: h("div", { class: "stack" }, h("section", { class: "card", "aria-label": "Timeline" }, timeline.element),
      h("section", { class: "card", "aria-label": "Processes" }, h("header", {}, h("h2", {}, "Processes")), lost, table)),
    update() { timeline.update(); load(); },
  };
}

export function failuresView(context) {
  const body = h("div", {});
  const open = new Set();
  const load = fetched(context, body, `/studies/${context.study.id}/failures`, (found, error) => {
    if (error) { put(body, h("p", { class: "empty" }, error.message)); return; }
    if (!found.causes.length) { put(body, h("p", { class: "empty" }, "No trial has failed.")); return; }
    put(body, found.causes.map((c) => cause(c)));
  });
  function cause(c) {
    const key = `${c.kind}: ${c.message}`;
    const element = h("details", { open: open.has(key), on: { toggle: () => { if (element.open) open.add(key); else open.delete(key); } } },
      h("summary", {}, h("b", {}, `${c.numbers.length} × ${c.kind}`), ` ${c.message}`),
      h("div", { class: "stack", style: { padding: ".6rem 0" } }, h("p", {}, "Trials ", links(context, c.numbers)), h("p", { class: "soft small" }, `Config of trial ${c.numbers[0]}`), configList(c.config),
        c.traceback ? h("pre", { tabindex: "0", "aria-label": "Traceback" }, h("code", {}, c.traceback)) : null));
    return element;
  }
  return {
    element: h("section", { class: "card", "aria-label": "Failures" }, h("header", {}, h("h2", {}, "Failures by cause"), h("span", { class: "soft" }, "A failed config is never tried again; the search learns where they lie.")), body),
    update: load,
  };
}
