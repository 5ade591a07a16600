// Elements and text. Everything a study says is written as a text node, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

const shownOf = (children) => children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false);

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (name === "style") for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...shownOf(children));
  return element;
}

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

export function put(parent, ...children) {
  parent.replaceChildren(...shownOf(children));
  return parent;
}

export function number(value, digits = 5) {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(Math.min(digits - 1, 3)).replace(/\.?0+e/, "e");
  return String(Number(value.toPrecision(digits)));
}

export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

export const percent = (share) => (share >= 0.1 || share === 0 ? `${Math.round(100 * share)} %` : `${(100 * share).toFixed(1)} %`);

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  if (whole < 60) return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${whole} s`;
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function ago(time) {
  if (!time) return "";
  const seconds = Math.max(0, Date.now() / 1000 - time);
  if (seconds < 5) return "just now";
  if (seconds > 86400 * 2) return new Date(time * 1000).toLocaleDateString();
  return `${duration(seconds).split(" ").slice(0, 2).join(" ")} ago`;
}

export const SYMBOLS = { complete: "●", stopped: "▲", failed: "✕", running: "◆", paused: "■", waiting: "○" };

export const state = (name) => h("span", { class: "state", "data-state": name, "data-symbol": SYMBOLS[name] || "○" }, name);

export function configList(config) {
  const rows = Object.entries(config).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, shortened(value))));
  return h("dl", { class: "config" }, rows);
}

// Numbers to six figures for reading; the whole text stays in the form and in the store.
export function shortened(text) {
  const value = Number(text);
  return text !== "" && Number.isFinite(value) && /[.e]/.test(text) ? number(value, 6) : text;
}

export function toast(text, isBad = false) {
  const made = h("div", { class: `toast${isBad ? " bad" : ""}` }, text);
  document.getElementById("toasts").append(made);
  setTimeout(() => made.remove(), isBad ? 9000 : 5000);
}

// Opens a dialog; `build(close)` gives its content. Escape and the × close it, the focus goes back by itself.
export function openDialog(title, build, extra = null) {
  const close = () => dialog.close();
  const heading = h("h2", { id: "dialog-title" }, title);
  const dialog = h("dialog", { "aria-labelledby": "dialog-title", on: { close: () => dialog.remove() } },
    h("header", {}, heading, extra, h("span", { class: "gap" }),
      h("button", { class: "quiet icon", type: "button", "aria-label": "Close", on: { click: close } }, "×")));
  dialog.append(h("div", { class: "body" }, build(close)));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) close(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// Resolves when nothing is pressed: what is replaced between press and release gets no click.
let isPressed = false, held = [];
export const released = () => new Promise((resolve) => { if (isPressed) held.push(resolve); else resolve(); });
addEventListener("pointerdown", (event) => { isPressed = event.isPrimary && event.button === 0; }, true);
const release = () => setTimeout(() => { // behind the click
  isPressed = false;
  for (const resolve of held.splice(0)) resolve();
});
addEventListener("pointerup", release, true);
addEventListener("pointercancel", release, true);
addEventListener("blur", release); // of the window: what is let go elsewhere is not told

export function later(act, wait) {
  let timer = 0;
  return (...args) => { clearTimeout(timer); timer = setTimeout(() => act(...args), wait); };
}
