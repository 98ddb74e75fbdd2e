"use strict";

const ANSWER_CHARACTERS_MAX = 200000;
const element = (id) => document.getElementById(id);
let methods = [];
let chosen = null;
let running = null;

function shownMethods() {
  const wanted = element("search").value.toLowerCase();
  const list = element("methods");
  list.replaceChildren();
  let service = "";
  for (const method of methods) {
    if (!method.path.toLowerCase().includes(wanted)) continue;
    if (method.service !== service) {
      service = method.service;
      const heading = document.createElement("h2");
      heading.textContent = service;
      list.append(heading);
    }
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = method.method;
    button.setAttribute("aria-current", String(method === chosen));
    button.addEventListener("click", () => choose(method));
    list.append(button);
  }
}

function choose(method) {
  chosen = method;
  element("title").textContent = method.method;
  element("about").textContent = `POST ${method.path}; it needs the permission ${method.permission}.` +
    (method.takesStream ? " It takes a stream, which this page does not send." : "") +
    (method.answersWithStream ? " It answers with a stream." : "");
  element("request").value = JSON.stringify(method.example, null, 2);
  element("call").hidden = false;
  element("send").disabled = method.takesStream;
  element("answer").textContent = "";
  element("status").textContent = "Answer";
  showCurl();
  shownMethods();
  location.hash = method.method;
}

/* What was left empty counts as not given: the request is shown with every field that it may have. */
function filledIn(value) {
  if (Array.isArray(value)) return value.map(filledIn).filter((one) => one !== undefined);
  if (value === "") return undefined;
  if (value === null || typeof value !== "object") return value;
  const fields = Object.entries(value).map(([name, one]) => [name, filledIn(one)]).filter(([, one]) => one !== undefined);
  return fields.length || !Object.keys(value).length ? Object.fromEntries(fields) : undefined;
}

/* As it stands, unless something in it is empty; what is no JSON is for the server to say. */
function requestText() {
  const text = element("request").value;
  try {
    const value = JSON.parse(text);
    const filled = filledIn(value) ?? {};
    return JSON.stringify(filled) === JSON.stringify(value) ? text : JSON.stringify(filled, null, 2);
  } catch {
    return text;
  }
}

function showCurl() {
  const body = requestText().replace(/\s*\n\s*/g, " ").replace(/'/g, "'\\''");
  const type = chosen.answersWithStream ? "application/connect+json" : "application/json";
  element("curl").textContent = chosen.answersWithStream || chosen.takesStream
    ? "A stream has its messages in envelopes, which curl does not write."
    : `curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: ${type}' \\\n  -d '${body}' ${location.origin}${chosen.path}`;
}

function shown(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function inEnvelope(text) {
  const body = new TextEncoder().encode(text);
  const whole = new Uint8Array(5 + body.length);
  new DataView(whole.buffer).setUint32(1, body.length);
  whole.set(body, 5);
  return whole;
}

async function send() {
  stop();
  const aborting = new AbortController();
  running = aborting;
  element("answer").textContent = "";
  element("status").textContent = "…";
  element("stop").hidden = false;
  const isStream = chosen.answersWithStream;
  const text = requestText();
  const headers = { "Content-Type": isStream ? "application/connect+json" : "application/json", "Connect-Protocol-Version": "1" };
  const token = element("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  try {
    const body = isStream ? inEnvelope(text) : text;
    const response = await fetch(chosen.path, { method: "POST", headers, body, signal: aborting.signal });
    element("status").textContent = `Answer: ${response.status}`;
    if (isStream && response.ok) await readStream(response.body.getReader());
    else element("answer").textContent = shown(await response.text());
  } catch (error) {
    if (!aborting.signal.aborted) element("status").textContent = `No answer: ${error.message}`;
  } finally {
    if (running === aborting) {
      running = null;
      element("stop").hidden = true;
    }
  }
}

async function readStream(reader) {
  let waiting = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const joined = new Uint8Array(waiting.length + value.length);
    joined.set(waiting);
    joined.set(value, waiting.length);
    waiting = joined;
    while (waiting.length >= 5) {
      const length = new DataView(waiting.buffer, waiting.byteOffset).getUint32(1);
      if (waiting.length < 5 + length) break;
      const message = new TextDecoder().decode(waiting.subarray(5, 5 + length));
      const isEnd = (waiting[0] & 2) !== 0;
      waiting = waiting.slice(5 + length);
      if (isEnd && message === "{}") element("status").textContent += ", ended";
      else add(shown(message));
    }
  }
}

function add(text) {
  const answer = element("answer");
  const whole = answer.textContent + (answer.textContent ? "\n" : "") + text;
  answer.textContent = whole.slice(-ANSWER_CHARACTERS_MAX);
}

function stop() {
  if (running) running.abort();
}

element("search").addEventListener("input", shownMethods);
element("request").addEventListener("input", showCurl);
element("stop").addEventListener("click", stop);
element("call").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
fetch("/docs/methods.json").then((response) => response.json()).then((found) => {
  methods = found;
  const named = found.find((method) => method.method === location.hash.slice(1));
  if (named) choose(named);
  else shownMethods();
});
