// What every view is made of: elements, words, numbers, times, and the API.
// Whatever comes from records becomes text nodes and never markup.

export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "width") node.style.width = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  add(node, children);
  return node;
}

function add(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) add(node, child);
    else node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

// The API. One question of a view at a time: the answer to an older one is dropped.
const kToken = "foothold.token";

export class Unauthorized extends Error {}

export function setToken(token) {
  sessionStorage.setItem(kToken, token);
}

// What is being asked already is not asked twice: a view and the page around it want the same.
const waiting = new Map();

export function ask(path, parameters, options) {
  if (options) return askAnew(path, parameters, options);
  const key = path + "?" + JSON.stringify(parameters || {});
  if (!waiting.has(key)) waiting.set(key, askAnew(path, parameters).finally(() => waiting.delete(key)));
  return waiting.get(key);
}

async function askAnew(path, parameters, options) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters || {})) {
    if (value !== "" && value !== null && value !== undefined) query.set(name, value);
  }
  const text = query.toString();
  const headers = { Accept: "application/json", ...(options && options.headers) };
  const token = sessionStorage.getItem(kToken);
  if (token) headers.Authorization = "Bearer " + token;
  let response;
  try {
    response = await fetch("/api/v1/" + path + (text ? "?" + text : ""), { ...options, headers });
  } catch {
    throw new Error("The server does not answer; it may have ended.");
  }
  const body = await response.json().catch(() => ({}));
  if (response.status === 401) throw new Unauthorized(body.error);
  if (!response.ok) throw new Error(body.error || "HTTP " + response.status);
  return body;
}

// Words.
export function words(name) {
  return name === null || name === undefined || name === "" ? "" : String(name).replaceAll("_", " ");
}

export function ruleName(rule) {
  return words(String(rule || "").split("@")[0]);
}

export function count(n, one, many) {
  return n.toLocaleString("en") + " " + (n === 1 ? one : many || one + "s");
}

export function number(n) {
  return n === null || n === undefined ? "" : n.toLocaleString("en", { maximumFractionDigits: 0 });
}

export function percent(part, whole) {
  return whole > 0 ? Math.round((100 * part) / whole) + " %" : "";
}

// Times, against the newest time that any record speaks of.
let now = null;

export function setNow(asOf) {
  if (asOf) now = Date.parse(asOf);
}

const kDay = 86400000;

export function span(ms) {
  if (ms < 0) return "in " + span(-ms);
  if (ms < 60000) return Math.round(ms / 1000) + " s";
  if (ms < 3600000) return Math.round(ms / 60000) + " min";
  if (ms < 2 * kDay) return Math.round(ms / 3600000) + " h";
  return Math.round(ms / kDay).toLocaleString("en") + " d";
}

export function since(time) {
  return time && now !== null ? span(now - Date.parse(time)) : "";
}

export function daysSince(time) {
  return time && now !== null ? (now - Date.parse(time)) / kDay : null;
}

export function date(time) {
  return time ? time.slice(0, 10) : "";
}

export function moment(time) {
  return time ? time.slice(0, 10) + " " + time.slice(11, 16) + " UTC" : "";
}

export function ago(time) {
  return time ? el("time", { datetime: time, title: moment(time) }, since(time), " ago") : el("span", { class: "quiet" }, "never");
}

export function day(time) {
  return time ? el("time", { datetime: time, title: moment(time) }, date(time)) : "";
}

// Small parts.
export function chip(text, kind, title) {
  return el("span", { class: "chip " + (kind || ""), title: title }, text);
}

export function risk(level, score) {
  if (!level) return el("span", { class: "quiet", title: "No risk is told" }, "\u2013");
  return chip(level + (score === null || score === undefined ? "" : " " + score), "risk-" + level, "Risk " + level);
}

const kStates = {
  none: ["not yet", ""], partial: ["partly", "some"], activated: ["activated", "good"],
  not_started: ["not started", ""], in_progress: ["in progress", "some"],
  window_expired: ["window expired", "bad"], activated_late: ["activated late", "good"],
};

export function state(name) {
  const [text, kind] = kStates[name] || [words(name), ""];
  return chip(text, "state " + kind);
}

export function bar(part, whole, title) {
  const share = whole > 0 ? Math.min(1, part / whole) : 0;
  return el("span", { class: "bar", title: title, "aria-hidden": "true" }, el("span", { width: 100 * share + "%" }));
}

export function accountLink(id, name) {
  return el("a", { href: "#/account/" + encodeURIComponent(id) }, name || id);
}

export function person(row) {
  const id = row.userId ? row.userId.replace(/^email:/, "") : "";
  return row.name || row.email || id;
}

export function card(title, ...children) {
  return el("section", { class: "card" }, el("h2", {}, title), children);
}

export function empty(text) {
  return el("p", { class: "quiet empty" }, text);
}

// A table; each column {name, label, cell(row), number, sort, wide}. On a narrow window each row is a card
// of two columns, with the labels beside the values; a wide one has a line of its own.
export function table(columns, rows, options) {
  const { caption, sort, onsort, open, href } = options || {};
  const head = columns.map((column) => {
    const cls = column.number ? "number" : "";
    if (!column.sort || !onsort) return el("th", { scope: "col", class: cls }, column.label);
    const turned = sort === "-" + column.sort;
    const active = sort === column.sort || turned;
    return el("th", { scope: "col", class: cls, "aria-sort": active ? (turned ? "ascending" : "descending") : null },
      el("button", {
        type: "button", class: active ? "active" : "", title: column.title || "Sort by " + column.label.toLowerCase(),
        onclick: () => onsort(active && !turned ? "-" + column.sort : column.sort),
      }, column.label, el("span", { "aria-hidden": "true" }, active ? (turned ? " \u25b4" : " \u25be") : "")));
  });
  const body = rows.map((row) => {
    const cells = columns.map((column) => el("td", { class: [column.number && "number", column.wide && "wide"].filter(Boolean).join(" "), "data-label": column.label }, column.cell(row)));
    const props = href ? { tabindex: "0", "data-href": href(row) } : open ? { tabindex: "0" } : {};
    const tr = el("tr", { ...props, class: href || open ? "row" : "" }, cells);
    if (href) tr.addEventListener("click", (event) => { if (!event.target.closest("a, button")) location.hash = href(row); });
    if (open) {
      const toggle = () => {
        const next = tr.nextElementSibling;
        if (next && next.classList.contains("more")) return next.remove(), tr.setAttribute("aria-expanded", "false");
        tr.after(el("tr", { class: "more" }, el("td", { colspan: columns.length }, open(row))));
        tr.setAttribute("aria-expanded", "true");
      };
      tr.setAttribute("aria-expanded", "false");
      tr.addEventListener("click", (event) => { if (!event.target.closest("a, button")) toggle(); });
      tr.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target === tr) toggle(); });
    }
    return tr;
  });
  return el("div", { class: "scroll" }, el("table", {}, caption ? el("caption", { class: "hidden" }, caption) : null,
    el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

export function pager(answer, go) {
  const { total, limit, offset } = answer;
  if (total <= limit && offset === 0) return el("p", { class: "pager quiet" }, count(total, "row"));
  const last = Math.min(total, offset + limit);
  return el("p", { class: "pager" },
    el("button", { type: "button", "data-page": "back", disabled: offset === 0, onclick: () => go(Math.max(0, offset - limit)) }, "\u2190 Back"),
    el("span", {}, number(Math.min(total, offset + 1)) + "\u2013" + number(last) + " of " + number(total)),
    el("button", { type: "button", "data-page": "on", disabled: last >= total, onclick: () => go(offset + limit) }, "On \u2192"));
}

export function select(label, name, value, choices, change) {
  return el("label", { class: "select" + (value ? " set" : "") }, el("span", {}, label),
    el("select", { name: name, onchange: (event) => change(event.target.value) },
      choices.map(([choice, text]) => el("option", { value: choice, selected: choice === (value || "") }, text))));
}
