// Which view is shown, the keys, and that it stays up to date.

import * as p from "/parts.js";
import * as views from "/views.js";

const { el } = p;
const kRefreshMs = 4000;
const kTabs = [["accounts", "Accounts"], ["funnel", "Funnel"], ["cohorts", "Cohorts"], ["upcoming", "Next 7 days"], ["interventions", "Asked"], ["approvals", "Approvals"]];

const main = document.getElementById("view");
const tabs = document.getElementById("tabs");
const search = document.getElementById("q");
const stateLine = document.getElementById("state");

let shown = { hash: null, text: "" };
let round = 0;

// "#/account/a%2Fb?offset=25" -> its view and parameters.
function route() {
  const [path, query] = (location.hash.slice(1) || "/accounts").split("?");
  const [name, id] = path.split("/").slice(1);
  const view = Object.hasOwn(views, name) ? name : "accounts";
  const parameters = Object.fromEntries(new URLSearchParams(query || ""));
  if (view === "account") parameters.id = decodeURIComponent(id || "");
  return { view, parameters };
}

function go(changes) {
  const { view, parameters } = route();
  const merged = { ...parameters, ...changes };
  const id = merged.id;
  delete merged.id;
  const query = new URLSearchParams(Object.entries(merged).filter(([, value]) => value !== "" && value !== undefined)).toString();
  location.hash = "#/" + view + (view === "account" ? "/" + encodeURIComponent(id) : "") + (query ? "?" + query : "");
}

function drawTabs(view, overview) {
  tabs.replaceChildren(...kTabs.map(([name, label]) => el("a", { href: "#/" + name, "aria-current": name === view || (name === "accounts" && view === "account") ? "page" : null },
    label, name === "approvals" && overview && overview.approvals ? el("span", { class: "badge", "aria-label": "waiting" }, p.number(overview.approvals)) : null)));
}

function login(message) {
  const field = el("input", { type: "password", name: "token", "aria-label": "Token", autocomplete: "current-password", required: true });
  main.replaceChildren(el("section", { class: "card login" }, el("h1", {}, "A token, please"), el("p", { class: "lead" }, "This page shows people. The token is what serve.token_file or FOOTHOLD_SERVE_TOKEN holds."),
    el("form", { onsubmit: (event) => { event.preventDefault(); p.setToken(field.value); shown = { hash: null, text: "" }; show(); } }, field, el("button", { class: "yes" }, "Show")),
    message ? el("p", { class: "quiet" }, message) : null));
  field.focus();
}

// The place of the focus, so that drawing anew does not lose it.
function placeOfFocus() {
  const rows = [...main.querySelectorAll("tr.row")];
  const active = document.activeElement;
  if (rows.includes(active)) return { row: rows.indexOf(active) };
  const all = [...main.querySelectorAll("button, select, input, a")];
  return main.contains(active) && all.includes(active) ? { control: all.indexOf(active) } : null;
}

function restoreFocus(place) {
  if (!place) return;
  const nodes = place.row === undefined ? main.querySelectorAll("button, select, input, a") : main.querySelectorAll("tr.row");
  const node = nodes[Math.min(place.row ?? place.control, nodes.length - 1)];
  if (node) node.focus({ preventScroll: true });
}

async function show() {
  const mine = ++round;
  const hash = location.hash;
  const { view, parameters } = route();
  const isNew = hash !== shown.hash;
  if (isNew) main.setAttribute("aria-busy", "true");
  try {
    const [answer, about, overview] = await Promise.all([views[view].load(parameters), p.ask("about"), p.ask("overview")]);
    if (mine !== round) return;
    p.setNow(overview.asOf);
    const text = JSON.stringify([answer, overview.approvals]);
    stateLine.textContent = [overview.asOf ? "as of " + p.moment(overview.asOf) : "nothing read yet", overview.playbook && "playbook " + overview.playbook,
      about.source, about.isCaughtUp ? null : "still reading\u2026"].filter(Boolean).join(" \u00b7 ");
    const isTyping = main.contains(document.activeElement) && ["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement.tagName) && !isNew;
    const isReading = !isNew && main.querySelector("tr.more, [aria-label='Reason']:not(:placeholder-shown)");
    if (text !== shown.text && !isTyping && !isReading) {
      const place = isNew ? null : placeOfFocus();
      drawTabs(view, overview);
      main.replaceChildren(...[].concat(views[view].draw(answer, parameters, go)).flat(3).filter(Boolean));
      document.title = (view === "account" ? main.querySelector("h1").textContent : views[view].title) + " \u00b7 Foothold";
      if (isNew) { window.scrollTo(0, 0); if (document.activeElement !== search) main.focus({ preventScroll: true }); }
      restoreFocus(place);
      shown = { hash, text };
      document.body.dataset.ready = view;
    }
    if (document.activeElement !== search) search.value = parameters.q || "";
  } catch (error) {
    if (mine !== round) return;
    if (error instanceof p.Unauthorized) return login(sessionStorage.getItem("foothold.token") ? "That was not the token." : "");
    stateLine.textContent = error.message;
    if (isNew) { drawTabs(view); main.replaceChildren(el("section", { class: "card error", role: "alert" }, error.message)); }
  } finally {
    if (mine === round) main.removeAttribute("aria-busy");
  }
}

// Keys.
function moveRow(step) {
  const rows = [...main.querySelectorAll("tr.row")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement.closest ? document.activeElement.closest("tr.row") : null);
  rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step))].focus();
}

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (typing) return event.target.blur(), main.focus();
    const back = main.querySelector("[data-back]");
    if (back) history.length > 1 ? history.back() : back.click();
    return;
  }
  if (typing) {
    if (event.target === search && event.key === "ArrowDown") { event.preventDefault(); moveRow(1); }
    return;
  }
  const page = (name) => { const b = main.querySelector(`[data-page="${name}"]`); if (b && !b.disabled) b.click(); };
  const tab = kTabs[Number(event.key) - 1];
  if (event.key === "/") { event.preventDefault(); search.focus(); search.select(); }
  else if (event.key === "ArrowDown" || event.key === "j") { event.preventDefault(); moveRow(1); }
  else if (event.key === "ArrowUp" || event.key === "k") { event.preventDefault(); moveRow(-1); }
  else if (event.key === "Home" && document.activeElement.matches("tr.row")) { event.preventDefault(); main.querySelector("tr.row").focus(); }
  else if (event.key === "ArrowRight") page("on");
  else if (event.key === "ArrowLeft") page("back");
  else if (event.key === "Enter" && event.target.dataset && event.target.dataset.href) location.hash = event.target.dataset.href;
  else if (tab) location.hash = "#/" + tab[0];
});

let pause = 0;
search.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(() => {
    const { view } = route();
    const q = search.value.trim();
    if (view === "accounts") go({ q, offset: "" });
    else if (q) location.hash = "#/accounts?" + new URLSearchParams({ q });
  }, 200);
});
document.getElementById("search").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", show);
document.addEventListener("visibilitychange", () => { if (!document.hidden) show(); });
setInterval(() => { if (!document.hidden && !main.querySelector(".login")) show(); }, kRefreshMs);
show();
