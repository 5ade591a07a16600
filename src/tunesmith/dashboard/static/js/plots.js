// Drawings: figures come whole from the server; here they get the page's colours and size.

import { get } from "./api.js";
import { counted, h, put, released } from "./dom.js";

const DARK = { "#0072B2": "#4AA8E6", "#009E73": "#2BB98F", "#D55E00": "#F08A3C", "#CC79A7": "#D98BB8", "#888888": "#8F9AA6" };
const BUTTONS = [["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]]; // all: some of Plotly's own send the data away
const isTouch = () => matchMedia("(pointer: coarse), (max-width: 900px)").matches;
const config = () => ({ responsive: true, displaylogo: false, displayModeBar: isTouch() ? false : "hover", plotlyServerURL: "", modeBarButtons: BUTTONS });
const drawn = new Map();
let loading = null;

export function loadPlotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = h("script", { src: "/plotly.js" });
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", () => { loading = null; reject(new Error("The drawings could not be loaded.")); });
    document.head.append(script);
  });
  return loading;
}

const isDark = () => document.documentElement.dataset.theme === "dark";

function recoloured(value) {
  if (typeof value === "string") return DARK[value] || value;
  if (Array.isArray(value)) return typeof value[0] === "object" && value[0] !== null ? value.map(recoloured) : value;
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, recoloured(v)]));
  return value;
}

function themed(figure) {
  const css = getComputedStyle(document.documentElement);
  const colour = (name) => css.getPropertyValue(name).trim();
  const data = isDark() ? figure.data.map(recoloured) : figure.data;
  const layout = { ...figure.layout, autosize: true, font: { ...figure.layout.font, color: colour("--ink"), family: colour("--sans") } };
  for (const name of Object.keys(figure.layout).filter((n) => /^[xy]axis/.test(n))) {
    const own = figure.layout[name];
    const title = own.title ? { ...own.title, font: { size: 13, color: colour("--soft") } } : undefined;
    layout[name] = { gridcolor: colour("--grid"), linecolor: colour("--line"), tickfont: { color: colour("--soft"), size: 12 }, ...own, title };
  }
  layout.hoverlabel = { bgcolor: colour("--ink"), bordercolor: colour("--ink"), font: { color: colour("--paper") }, align: "left" };
  layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: colour("--soft"), activecolor: colour("--accent") };
  if (isTouch()) {
    layout.dragmode = false; // a finger scrolls the page
    layout.margin = { ...layout.margin, l: 48, r: 8 };
  }
  return { data, layout };
}

async function paint(element) {
  const figure = drawn.get(element);
  const Plotly = await loadPlotly();
  if (!figure || !element.isConnected) { drawn.delete(element); return; }
  const { data, layout } = themed(figure);
  element.style.minHeight = `${layout.height}px`;
  await Plotly.react(element, data, layout, config());
  element.dataset.ready = "true";
}

export function repaint() {
  for (const element of [...drawn.keys()]) paint(element);
}

// A drawing with its caption; `show(figure, words)` draws, or says why there is nothing to draw.
export function plot(title, { caption = true, empty = "Nothing to draw yet." } = {}) {
  const area = h("div", { class: "plot", role: "img", "aria-label": title });
  const words = h("p", { class: "empty", hidden: true });
  const element = h("figure", {}, caption ? h("figcaption", {}, title) : null, area, words);
  return {
    element,
    async show(figure, note = "") {
      area.hidden = !figure;
      words.hidden = Boolean(figure);
      words.textContent = figure ? "" : note || empty;
      if (!figure) { drawn.delete(area); return; }
      drawn.set(area, figure);
      await paint(area);
    },
  };
}

// A card whose content takes long to compute: asked for when shown, and again when much has happened since.
export function slowCard(title, path, render, { grown = 0.1, rest = 15000 } = {}) {
  const status = h("span", { class: "soft", role: "status" });
  const again = h("button", { class: "quiet", type: "button", on: { click: () => load(true) } }, "Refresh");
  const body = h("div", {});
  const element = h("section", { class: "card", "aria-label": title }, h("header", {}, h("h2", {}, title), h("span", { class: "gap" }), status, again), body);
  let at = -1, asked = 0, isBusy = false, count = 0;
  async function load(isForced = false) {
    const isDue = at < 0 || (count >= at * (1 + grown) + 1 && Date.now() - asked > rest);
    if (isBusy || !element.isConnected || !(isDue || isForced)) return;
    isBusy = true;
    asked = Date.now();
    if (at < 0) put(body, h("p", { class: "wait" }, "Computing…"));
    else status.textContent = "computing…";
    const now = count;
    try {
      const found = await get(path());
      await released();
      render(body, found);
      at = now;
      status.textContent = `as of ${counted(now, "trial")}`;
    } catch (error) {
      put(body, h("p", { class: "empty" }, error.message));
      at = now;
    }
    isBusy = false;
  }
  return { element, update(trials) { count = trials; load(); } };
}
