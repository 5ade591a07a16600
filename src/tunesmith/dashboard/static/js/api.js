// Calls of the API. The token comes in the fragment of the address, which no request carries, and goes in a header.

const KEY = "tunesmith-token";
const HEADER = "x-tunesmith-token";

const found = /^#token=([\w-]+)/.exec(location.hash);
if (found) {
  sessionStorage.setItem(KEY, found[1]);
  history.replaceState(null, "", location.pathname + "#/");
}

export const hasToken = () => Boolean(sessionStorage.getItem(KEY));
export const setToken = (token) => sessionStorage.setItem(KEY, token.trim().replace(/^.*#token=/, ""));

export class Problem extends Error {
  constructor(status, words) { super(words); this.status = status; }
}

function headers(more = {}) {
  const token = sessionStorage.getItem(KEY);
  return token ? { [HEADER]: token, ...more } : more;
}

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const words = typeof body.error === "string" ? body.error : "The request was not understood.";
  if (response.status === 401 && hasToken()) sessionStorage.removeItem(KEY);
  throw new Problem(response.status, words);
}

export async function get(path, params = {}, signal = undefined) {
  const query = new URLSearchParams(Object.entries(params).filter(([, v]) => v !== null && v !== undefined && v !== ""));
  const text = query.toString();
  return answer(await fetch(`/api${path}${text ? `?${text}` : ""}`, { headers: headers(), signal }));
}

export async function send(method, path, body) {
  const head = headers({ "content-type": "application/json" });
  return answer(await fetch(`/api${path}`, { method, headers: head, body: JSON.stringify(body) }));
}

// Server-sent events over fetch, which unlike EventSource can carry the token. Comes back by itself when cut off.
export function listen(path, { onData, onGone, onState }) {
  let isWanted = true, controller = null, wait = 500;
  async function run() {
    while (isWanted) {
      if (document.hidden) { await new Promise((r) => document.addEventListener("visibilitychange", r, { once: true })); continue; }
      controller = new AbortController();
      try {
        const response = await fetch(`/api${path}`, { headers: headers(), signal: controller.signal });
        if (response.status === 404) { onGone(); return; }
        if (!response.ok) await answer(response);
        onState(true);
        wait = 500;
        for await (const { kind, data } of events(response.body)) {
          if (kind === "gone") { onGone(); return; }
          if (kind === "message") onData(JSON.parse(data));
        }
      } catch (error) {
        if (!isWanted) return;
        if (error.status === 401) { onState(false, error.message); return; }
      }
      if (!isWanted) return;
      if (!document.hidden) onState(false);
      await new Promise((r) => setTimeout(r, wait));
      wait = Math.min(wait * 2, 8000);
    }
  }
  const whenHidden = () => { if (document.hidden && controller) controller.abort(); };
  document.addEventListener("visibilitychange", whenHidden);
  run();
  return () => { isWanted = false; document.removeEventListener("visibilitychange", whenHidden); if (controller) controller.abort(); };
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const event = { kind: "message", data: "" };
      for (const line of text.slice(0, end).split("\n")) {
        if (line.startsWith("event: ")) event.kind = line.slice(7);
        else if (line.startsWith("data: ")) event.data += line.slice(6);
      }
      text = text.slice(end + 2);
      if (event.data) yield event;
    }
  }
}
