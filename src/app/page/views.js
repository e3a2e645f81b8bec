// The views. Each is {title, load(parameters) -> answer, draw(answer, parameters, go) -> nodes}; go(changes)
// asks for the same view with other parameters.

import * as p from "/parts.js";

const { el } = p;
const kPage = 50;

// Accounts.
function facetButtons(rows, name, chosen, go, order) {
  const known = order ? order.filter((o) => rows.some((r) => r.name === o)) : [];
  const sorted = [...known.map((o) => rows.find((r) => r.name === o)), ...rows.filter((r) => !known.includes(r.name))];
  return sorted.filter((r) => r.name !== null).map((row) =>
    el("button", {
      type: "button", "aria-pressed": String(chosen === row.name),
      onclick: () => go({ [name]: chosen === row.name ? "" : row.name, offset: "" }),
    }, p.words(row.name), el("b", {}, p.number(row.accounts))));
}

function facetSelect(label, name, rows, parameters, go, none) {
  const choices = rows.filter((r) => r.name !== null).map((r) => [r.name, p.words(r.name) + " (" + p.number(r.accounts) + ")"]);
  const missing = rows.find((r) => r.name === null);
  if (none && missing && choices.length) choices.unshift(["none", none + " (" + p.number(missing.accounts) + ")"]);
  if (!choices.length) return null;
  return p.select(label, name, parameters[name], [["", "any"], ...choices], (value) => go({ [name]: value, offset: "" }));
}

function blockerChips(names) {
  return names.length === 0 ? el("span", { class: "quiet" }, "\u2013")
    : [names.slice(0, 2).map((n) => p.chip(p.words(n), "bad")), names.length > 2 ? p.chip("+" + (names.length - 2), "", names.slice(2).map(p.words).join(", ")) : null];
}

const kLateDays = 21;
const kAccountColumns = [
  { label: "Account", sort: "name", cell: (a) => [el("span", { class: "who" }, p.accountLink(a.tenantId, a.name)),
    el("small", { title: a.tenantId }, [a.plan, a.segment && p.words(a.segment)].filter(Boolean).join(" \u00b7 "))], wide: true },
  { label: "Stage", cell: (a) => [a.stage ? p.words(a.stage) : el("span", { class: "quiet" }, "no stage"), el("small", {}, a.channel ? "by " + p.words(a.channel) : "")] },
  { label: "In stage", sort: "since", number: true, title: "Longest first", cell: (a) => a.since
    ? el("time", { datetime: a.since, title: "since " + p.moment(a.since), class: a.stage && a.activationRate !== 1 && p.daysSince(a.since) > kLateDays ? "long" : "" }, p.since(a.since)) : "" },
  { label: "Risk", sort: "risk", cell: (a) => p.risk(a.dropoffRisk, a.riskScore) },
  { label: "Activated", sort: "rate", title: "Least first", cell: (a) => [el("span", { class: "whole" }, p.bar(a.reached, a.eligible), a.reached + " of " + a.eligible), el("small", {}, p.state(a.activationState))] },
  { label: "Blockers", sort: "blockers", cell: (a) => blockerChips(a.blockers), wide: true },
  { label: "Owner", cell: (a) => a.owner || a.ownerEmail || el("span", { class: "quiet" }, "nobody") },
  { label: "Last outreach", sort: "outreach", title: "Longest ago first", cell: (a) => p.ago(a.lastOutreachAt) },
  { label: "Tickets", sort: "tickets", number: true, cell: (a) => (a.openTickets ? p.number(a.openTickets) : "") },
  { label: "A month", sort: "mrr", number: true, cell: (a) => p.number(a.mrr) },
  { label: "Contract", sort: "contract", number: true, cell: (a) => p.number(a.contractValue) },
];

// Columns of which no row has anything are left out.
function told(columns, rows, optional) {
  return columns.filter((c) => !optional[c.label] || rows.some((r) => optional[c.label](r)));
}

const kFilters = ["state", "risk", "stage", "owner", "plan", "segment", "channel", "week", "blocker", "q"];

export const accounts = {
  title: "Accounts",
  async load(parameters) {
    const [list, all, people] = await Promise.all([
      p.ask("accounts", { limit: kPage, ...parameters }), p.ask("overview"),
      (parameters.q || "").includes("@") ? p.ask("people", { email: parameters.q, limit: 10 }) : null]);
    return { list, all, people, asOf: list.asOf };
  },
  draw({ list, all, people }, parameters, go) {
    const set = kFilters.filter((name) => parameters[name]);
    if (all.accounts === 0) {
      return [el("h1", {}, "No accounts yet"), el("p", { class: "lead" },
        "They appear here with the first status that the engine writes of them. Is it running, and are events coming in?")];
    }
    return [
      el("div", { class: "titleline" }, el("h1", {}, "Accounts by time in stage"),
        el("span", { class: "quiet" }, p.count(all.accounts, "account") + ", " + p.count(all.people, "person", "people"))),
      el("div", { class: "facets", role: "group", "aria-label": "Stage and risk" },
        facetButtons(all.stages, "stage", parameters.stage, go, ["handoff", "kickoff", "setup", "activation", "adoption", "retention", "expansion"]),
        facetButtons(all.risks.map((r) => ({ ...r, name: r.name })).filter((r) => r.name === "high" || r.name === "medium"), "risk", parameters.risk, go, ["high", "medium"])
          .map((b) => (b.prepend("risk "), b))),
      el("div", { class: "filters" },
        facetSelect("Activation", "state", all.states, parameters, go),
        facetSelect("Blocker", "blocker", all.blockers, parameters, go),
        facetSelect("Owner", "owner", all.owners, parameters, go, "nobody"),
        facetSelect("Plan", "plan", all.plans, parameters, go),
        facetSelect("Segment", "segment", all.segments, parameters, go),
        facetSelect("Channel", "channel", all.channels, parameters, go),
        parameters.week ? p.chip("signed up in " + parameters.week) : null,
        parameters.q ? p.chip("\u201c" + parameters.q + "\u201d") : null,
        set.length ? el("button", { type: "button", onclick: () => go(Object.fromEntries([...set, "offset"].map((n) => [n, ""]))) }, "Clear") : null),
      people && people.people.length ? p.card("People with that address", el("ul", { class: "plain" }, people.people.map((u) =>
        el("li", {}, p.accountLink(u.tenantId), " \u00b7 " + p.person(u) + " ", p.state(u.activationState), p.risk(u.dropoffRisk, u.riskScore))))) : null,
      el("section", { class: "card" },
        list.accounts.length === 0 ? p.empty("No account is like that.")
          : p.table(told(kAccountColumns, list.accounts, { Tickets: (a) => a.openTickets, "A month": (a) => a.mrr !== null, Contract: (a) => a.contractValue !== null }),
            list.accounts, { caption: "Accounts", sort: parameters.sort || "since", onsort: (sort) => go({ sort, offset: "" }),
              href: (a) => "#/account/" + encodeURIComponent(a.tenantId) }),
        p.pager(list, (offset) => go({ offset: offset || "" }))),
    ];
  },
};

// One account.
function reasons(list) {
  return list.length === 0 ? p.empty("No reasons are told.") : el("ul", { class: "plain" }, list.map((r) =>
    el("li", {}, el("span", { class: "weight" }, (r.weight > 0 ? "+" : "") + r.weight), p.words(r.signal), el("small", {}, r.fact + (r.since ? ", since " + p.date(r.since) : "")))));
}

function timerText(kind) {
  const [what, name] = kind.split(/:(.*)/s);
  if (what === "rule") return "Checks whether to ask: " + p.words(name);
  if (what === "signal") return "Risk may change: " + p.words(name);
  if (what === "blocker") return "Blocker may be raised: " + p.words(name);
  return { stage: "The stage is due", "window closes": "The activation window closes", "trial ends": "The trial ends" }[kind] || p.words(kind);
}

// What is due at one moment for one of them stands together: "Blocker may be raised: a, b".
function together(rows) {
  const groups = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.due, row.tenantId, row.userId]);
    groups.set(key, [...(groups.get(key) || []), row]);
  }
  return [...groups.values()].map((group) => ({ ...group[0], kinds: group.map((row) => row.kind) }));
}

function timerTexts(kinds) {
  const texts = new Map();
  for (const kind of kinds) {
    const [what, name] = timerText(kind).split(/: (.*)/s);
    texts.set(what, [...(texts.get(what) || []), ...(name ? [name] : [])]);
  }
  return [...texts].map(([what, names]) => el("div", {}, what + (names.length ? ": " + names.join(", ") : "")));
}

function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", {}, known.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function roleRows(account) {
  const steps = {};
  for (const step of account.progress) {
    const [role, name] = step.step.split(/\/(.*)/s);
    (steps[role] = steps[role] || []).push({ ...step, name });
  }
  return account.composition.filter((c) => c.joined + c.invited > 0).map((c) => [
    el("h3", {}, (p.words(c.role) || "no known role") + ": " + c.reached + " of " + c.joined + " activated" + (c.invited ? ", " + c.invited + " more invited" : "") + (c.late ? ", " + c.late + " late" : "") + ", " + c.active + " active this week"),
    el("div", { class: "steps" }, (steps[c.role] || []).map((s) => p.chip(p.words(s.name) + " " + s.reachedBy, s.reachedBy > 0 ? "good" : "", s.metAt ? "first on " + p.date(s.metAt) : "nobody yet")))]);
}

const kPeopleColumns = [
  { label: "Person", cell: (u) => [el("span", { class: "who" }, p.person(u)), el("small", {}, [p.words(u.role) || "no known role", u.name ? u.email : null].filter(Boolean).join(" \u00b7 "))] },
  { label: "State", cell: (u) => [u.removedAt ? p.chip("removed") : p.state(u.activationState), u.history === "unknown" ? p.chip("history unknown", "", "Was there before our history began: no absence is concluded") : null] },
  { label: "Step", cell: (u) => (u.stepName ? [p.words(u.stepName), el("small", {}, u.currentStep + " of " + u.steps.length)] : "") },
  { label: "At it for", number: true, cell: (u) => (u.activatedAt || u.removedAt ? "" : p.since(u.stepEnteredAt)) },
  { label: "Risk", cell: (u) => p.risk(u.dropoffRisk, u.riskScore) },
  { label: "Last seen", cell: (u) => p.ago(u.lastSeenAt) },
  { label: "Sessions", number: true, cell: (u) => p.number(u.sessionCount) },
];

function personMore(u) {
  return el("div", { class: "cards" },
    el("div", {}, el("h2", {}, "Steps"), el("div", { class: "steps" }, u.steps.map((s) => p.chip(p.words(s.name) + (s.metAt ? " " + p.date(s.metAt) : ""), s.metAt ? "good" : ""))),
      el("h3", {}, "Known of them"), facts([["Id", u.userId], ["E-mail", u.email], ["Activated", u.activatedAt && [p.moment(u.activatedAt), u.activationClass ? ", " + p.words(u.activationClass) : ""]],
        ["Window closes", u.activationWindow && p.moment(u.activationWindow.closesAt)], ["Active days", u.activeDays], ["Last outreach", u.lastOutreachAt && p.moment(u.lastOutreachAt)]])),
    el("div", {}, el("h2", {}, "Risk"), reasons(u.riskReasons), u.openInterventions.length ? [el("h3", {}, "Open"), el("ul", { class: "plain" }, u.openInterventions.map((o) => el("li", {}, p.words(o.split(" requested ")[0]) + (o.includes(" requested ") ? " was asked" : ""))))] : null));
}

const kWhat = { requested: ["sent", "good"], cancelled: ["withdrawn", ""], suppressed: ["stopped", "some"], shadow: ["shadow", ""] };
const kActions = { email: "E-mail", in_app: "In app", cs_task: "Task", cs_call: "Call", chat: "Chat" };

function interventionColumns(withAccount) {
  return [
    { label: "When", cell: (i) => p.day(i.decidedAt) },
    withAccount ? { label: "Account", cell: (i) => [p.accountLink(i.tenantId, i.accountName), el("small", {}, i.userId ? p.person(i) : "")] } : { label: "For", cell: (i) => (i.userId ? p.person(i) : "the account") },
    { label: "What", wide: true, cell: (i) => [(kActions[i.action] || "") + (i.recipient ? " to " + i.recipient : ""), el("small", {}, i.subject || p.words(i.template))] },
    { label: "Rule", cell: (i) => ruleCell(i) },
    { label: "Became", wide: true, cell: (i) => [p.chip((kWhat[i.state] || [i.state])[0] + (i.why ? ": " + p.words(i.why) : ""), (kWhat[i.state] || ["", ""])[1]),
      i.outcome ? p.chip(p.words(i.outcome) + (i.holdout ? ", held back" : ""), i.outcome === "converted" ? "good" : "") : null] },
    { label: "Why", wide: true, cell: (i) => i.reason || "" },
  ];
}

function ruleCell(i) {
  return [p.ruleName(i.rule), el("small", {}, i.rung ? "rung " + i.rung + (i.of ? " of " + i.of : "") : "")];
}

export const account = {
  title: "Account",
  async load({ id, offset, asked }) {
    const [one, people, interventions] = await Promise.all([p.ask("account", { id }), p.ask("people", { account: id, limit: 25, offset }),
      p.ask("interventions", { account: id, limit: 25, state: asked })]);
    return { one, people, interventions, asOf: one.asOf };
  },
  draw({ one, people, interventions }, parameters, go) {
    const a = one.account;
    const held = one.waiting.filter((w) => w.state !== "approval");
    return [
      el("p", { class: "lead" }, el("a", { href: "#/accounts", "data-back": true }, "\u2190 Accounts")),
      el("div", { class: "titleline" }, el("h1", {}, a.name || a.tenantId), p.risk(a.dropoffRisk, a.riskScore), p.state(a.activationState),
        a.stage ? el("span", {}, p.words(a.stage) + " for " + (p.since(a.stageEnteredAt) || "an unknown time")) : null,
        a.measurement.complete ? null : p.chip("measurement incomplete: " + a.measurement.why.map(p.words).join(", "), "some")),
      el("div", { class: "cards" },
        p.card("What it is", facts([["Id", a.name ? a.tenantId : null], ["Owner", a.owner || a.ownerEmail || el("span", { class: "quiet" }, "nobody")], ["Owner\u2019s e-mail", a.owner ? a.ownerEmail : null], ["Decides", a.decisionMaker],
          ["Plan", a.plan], ["Segment", a.segment && p.words(a.segment)], ["A month", p.number(a.mrr)], ["Contract", p.number(a.contractValue)], ["Seats", p.number(a.seats)], ["Came by", a.channel && p.words(a.channel)],
          ["Created", a.createdAt && [p.date(a.createdAt), " (" + p.since(a.createdAt) + " ago)"]], ["Trial ends", p.date(a.trialEndsAt)], ["Contract of", p.date(a.contractAt)],
          ["Tickets open", a.openTickets], ["Last outreach", p.ago(a.lastOutreachAt)], ["Activated", a.activatedAt ? p.date(a.activatedAt) : null]])),
        p.card("What blocks it", a.blockers.length === 0 ? p.empty("Nothing that we know of.") : el("ul", { class: "plain" }, a.blockers.map((b) =>
          el("li", {}, p.chip(p.words(b.name), "bad"), " for " + p.since(b.since), el("small", {}, b.detail))))),
        p.card("Why it is at risk", a.dropoffRisk ? reasons(a.riskReasons) : p.empty("No risk is told of it.")),
        p.card("What comes next", one.upcoming.length + one.waiting.length === 0 ? p.empty("Nothing is scheduled.") : el("ul", { class: "plain" },
          one.waiting.filter((w) => w.state === "approval").map((w) => el("li", {}, p.chip("waits for approval", "risk-medium"), " ", el("a", { href: "#/approvals" }, p.words(w.rule) + ", rung " + w.rung))),
          held.slice(0, 8).map((w) => el("li", {}, p.chip(w.state === "held" ? "held: " + p.words(w.why) : "due", "some"), " " + p.words(w.rule) + ", rung " + w.rung, el("small", {}, w.userId || ""))),
          together(one.upcoming).map((u) => el("li", {}, "in " + p.span(-p.daysSince(u.due) * 86400000), timerTexts(u.kinds), el("small", {}, (u.userId ? p.person(u) + ", " : "") + p.moment(u.due))))))),
      el("section", { class: "card" }, el("h2", {}, "How far its people are: " + a.reached + " of " + a.eligible + " reached their milestone"), roleRows(a)),
      el("section", { class: "card" }, el("h2", {}, "People, those at risk first"), people.people.length === 0 ? p.empty("Nobody yet.")
        : p.table(told(kPeopleColumns, people.people, { Risk: (u) => u.dropoffRisk }), people.people, { caption: "People", open: personMore }), p.pager(people, (offset) => go({ offset: offset || "" }))),
      el("section", { class: "card" }, el("h2", {}, "Asked, stopped, withdrawn"),
        el("div", { class: "facets", role: "group", "aria-label": "Which" }, [["", "all"], ["requested", "sent"], ["suppressed", "stopped"], ["cancelled", "withdrawn"], ["shadow", "in shadow"]].map(([value, text]) =>
          el("button", { type: "button", "aria-pressed": String((parameters.asked || "") === value), onclick: () => go({ asked: value }) }, text))),
        interventions.interventions.length === 0 ? p.empty("Nothing of that kind.") : p.table(interventionColumns(false), interventions.interventions, { caption: "Interventions" }),
        interventions.total > 25 ? el("p", { class: "quiet" }, "the newest 25 of " + p.number(interventions.total)) : null),
      one.changes.length === 0 ? null : el("section", { class: "card" }, el("h2", {}, "What changed"), el("ul", { class: "plain" }, one.changes.slice(0, 20).map((c) =>
        el("li", {}, p.day(c.decidedAt), " ", c.userId ? el("b", {}, p.person(c)) : "the account", ": " + c.kind + " " + p.words(c.from) + " \u2192 " + p.words(c.to), el("small", {}, c.reason))))),
    ];
  },
};

// The funnel.
export const funnel = {
  title: "Funnel",
  async load(parameters) {
    const [answer, all] = await Promise.all([p.ask("funnel", parameters), p.ask("overview")]);
    return { answer, all, asOf: answer.asOf };
  },
  draw({ answer, all }, parameters, go) {
    const leaks = answer.transitions.filter((t) => t.lost > 0).sort((a, b) => b.lost - a.lost || b.lost / b.entered - a.lost / a.entered).slice(0, 5);
    const roles = [...new Set(answer.transitions.map((t) => t.role))];
    return [
      el("h1", {}, "Where people get lost"), el("p", { class: "lead" }, "From step to step of each role\u2019s ladder: who came to it, and who got through."),
      el("div", { class: "filters" }, facetSelect("Plan", "plan", all.plans, parameters, go), facetSelect("Segment", "segment", all.segments, parameters, go), facetSelect("Channel", "channel", all.channels, parameters, go)),
      answer.transitions.length === 0 ? p.empty("No funnel yet.") : null,
      leaks.length ? p.card("The biggest leaks", el("ol", { class: "leaks" }, leaks.map((t) => el("li", {}, el("b", {}, p.number(t.lost)), " of " + p.count(t.entered, p.words(t.role) || "person", p.words(t.role) ? p.words(t.role) + "s" : "people") + " did not get through ",
        el("strong", {}, p.words(t.step)), t.stuck ? el("span", { class: "quiet" }, "; " + p.number(t.stuck) + " of them stuck for 3 to 14 days can still be won back") : null)))) : null,
      roles.map((role) => p.card((p.words(role) || "no known role"), el("div", { class: "funnel" },
        ["Step", "Got through", "", "lost", "typical time", "stuck 3\u201314 d"].map((h) => el("span", { class: "head" }, h)),
        answer.transitions.filter((t) => t.role === role).map((t) => [el("span", {}, p.words(t.step)), p.bar(t.completed, t.entered, p.percent(t.completed, t.entered)),
          el("span", { class: "number" }, p.number(t.completed) + " of " + p.number(t.entered) + ", " + p.percent(t.completed, t.entered)),
          el("span", { class: "number" + (t.lost * 3 > t.entered ? " long" : ""), "data-label": "lost" }, p.number(t.lost)),
          el("span", { class: "number quiet", "data-label": "typically" }, t.medianS === null ? "" : p.span(t.medianS * 1000)),
          el("span", { class: "number quiet", "data-label": "stuck" }, t.stuck === null ? "" : p.number(t.stuck))])))),
    ];
  },
};

export const cohorts = {
  title: "Cohorts",
  async load(parameters) {
    const [answer, all] = await Promise.all([p.ask("cohorts", parameters), p.ask("overview")]);
    return { answer, all, asOf: answer.asOf };
  },
  draw({ answer, all }, parameters, go) {
    const by = parameters.by || "week";
    const rows = by === "week" ? [...answer.cohorts].reverse() : [...answer.cohorts].sort((a, b) => b.accounts - a.accounts);
    const target = (c) => "#/accounts?" + new URLSearchParams(by === "week" ? { week: c.name, ...(parameters.channel && { channel: parameters.channel }) } : { channel: c.name });
    return [
      el("h1", {}, "Cohorts"), el("p", { class: "lead" }, "Accounts by the week or the channel in which they came, and how far they are now."),
      el("div", { class: "filters" }, el("div", { class: "facets", role: "group", "aria-label": "By" }, ["week", "channel"].map((b) =>
        el("button", { type: "button", "aria-pressed": String(by === b), onclick: () => go({ by: b, channel: "", week: "" }) }, "by " + b))),
        by === "week" ? facetSelect("Channel", "channel", all.channels, parameters, go) : null),
      rows.length === 0 ? p.empty("No accounts yet.") : el("section", { class: "card" }, p.table([
        { label: by === "week" ? "Signed up" : "Channel", cell: (c) => (c.name === null ? el("span", { class: "quiet" }, "unknown") : el("a", { href: target(c) }, p.words(c.name))) },
        { label: "Accounts", number: true, cell: (c) => p.number(c.accounts) },
        { label: "Activated", cell: (c) => [p.bar(c.activated, c.accounts), p.percent(c.activated, c.accounts) + ", " + p.number(c.activated)] },
        { label: "Partly", number: true, cell: (c) => p.number(c.partial) },
        { label: "People reached", cell: (c) => [p.bar(c.reached, c.people), p.percent(c.reached, c.people) + (c.people ? ", " + p.number(c.reached) + " of " + p.number(c.people) : "")] },
        { label: "Time to value", number: true, cell: (c) => (c.medianToValueS === null ? "" : p.span(c.medianToValueS * 1000)) },
      ], rows, { caption: "Cohorts", href: (c) => (c.name === null ? "#/cohorts" : target(c)) })),
    ];
  },
};

export const upcoming = {
  title: "Next 7 days",
  async load(parameters) {
    const list = await p.ask("upcoming", { days: 7, limit: 100, ...parameters });
    return { list, asOf: list.asOf };
  },
  draw({ list }, parameters, go) {
    const days = new Map();
    for (const row of list.upcoming) days.set(p.date(row.due), [...(days.get(p.date(row.due)) || []), row]);
    return [
      el("div", { class: "titleline" }, el("h1", {}, "The next 7 days"), el("span", { class: "quiet" }, p.count(list.total, "moment") + " at which something may follow")),
      el("div", { class: "facets", role: "group", "aria-label": "Kind" }, [["", "all"], ["rule", "interventions"], ["window", "windows closing"], ["trial", "trials ending"], ["signal", "risk"], ["blocker", "blockers"], ["stage", "stages"]].map(([value, text]) =>
        el("button", { type: "button", "aria-pressed": String((parameters.kind || "") === value), onclick: () => go({ kind: value, offset: "" }) }, text))),
      list.upcoming.length === 0 ? p.empty("Nothing is due.") : null,
      [...days].map(([day, rows]) => p.card(new Date(day).toLocaleDateString("en", { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" }), p.table([
        { label: "Due, UTC", cell: (u) => el("time", { datetime: u.due, title: p.moment(u.due) }, u.due.slice(11, 16)) },
        { label: "What", wide: true, cell: (u) => timerTexts(u.kinds) },
        { label: "Account", cell: (u) => [p.accountLink(u.tenantId, u.accountName), el("small", {}, u.owner || "")] },
        { label: "Person", cell: (u) => (u.userId ? [p.person(u), el("small", {}, [p.words(u.role), u.stepName && "at " + p.words(u.stepName)].filter(Boolean).join(", "))] : "") },
        { label: "A month", number: true, cell: (u) => p.number(u.mrr) },
      ], together(rows), { caption: day, href: (u) => "#/account/" + encodeURIComponent(u.tenantId) }))),
      p.pager(list, (offset) => go({ offset: offset || "" })),
    ];
  },
};

export const interventions = {
  title: "Asked",
  async load(parameters) {
    const [list, outcomes] = await Promise.all([p.ask("interventions", { limit: kPage, ...parameters }), p.ask("outcomes")]);
    return { list, outcomes, asOf: list.asOf };
  },
  draw({ list, outcomes }, parameters, go) {
    return [
      el("div", { class: "titleline" }, el("h1", {}, "What was asked, and what the gate stopped"), el("span", { class: "quiet" }, p.count(list.total, "decision"))),
      el("div", { class: "facets", role: "group", "aria-label": "Which" }, [["", "all"], ["requested", "sent"], ["suppressed", "stopped"], ["cancelled", "withdrawn"], ["shadow", "in shadow"]].map(([value, text]) =>
        el("button", { type: "button", "aria-pressed": String((parameters.state || "") === value), onclick: () => go({ state: value, offset: "" }) }, text))),
      list.interventions.length === 0 ? p.empty("Nothing of that kind yet.") : el("section", { class: "card" },
        p.table(interventionColumns(true), list.interventions, { caption: "Interventions", href: (i) => "#/account/" + encodeURIComponent(i.tenantId) }), p.pager(list, (offset) => go({ offset: offset || "" }))),
      outcomes.rules.length === 0 ? null : p.card("What asking has changed", el("p", { class: "quiet" }, "Who reached the milestone within the rule's time, asked and held out; the difference with the bounds of 95 %."), outcomeTable(outcomes.rules)),
    ];
  },
};

function outcomeTable(rules) {
  const side = (s) => (s.outcomes === 0 ? el("span", { class: "quiet" }, "none yet") : [p.bar(s.converted, s.outcomes), p.percent(s.converted, s.outcomes) + ", " + p.number(s.converted) + " of " + p.number(s.outcomes)]);
  const points = (share) => (share > 0 ? "+" : "") + Math.round(100 * share);
  return p.table([
    { label: "Rule", cell: (r) => [p.ruleName(r.rule), el("small", {}, "version " + r.rule.split("@")[1])] },
    { label: "Asked", cell: (r) => side(r.asked) },
    { label: "Held out", cell: (r) => side(r.heldOut) },
    { label: "Points more", number: true, cell: (r) => (r.difference === null ? "" : points(r.difference.rate) + " (" + points(r.difference.low) + " to " + points(r.difference.high) + ")") },
    { label: "So", cell: (r) => p.chip(r.verdict, { "more with it": "good", "fewer with it": "bad" }[r.verdict]) },
  ], rules, { caption: "Outcomes by rule" });
}

export const approvals = {
  title: "Approvals",
  async load(parameters) {
    const [list, about] = await Promise.all([p.ask("waiting", { state: "approval", limit: kPage, ...parameters }), p.ask("about")]);
    return { list, about, asOf: list.asOf };
  },
  draw({ list, about }, parameters, go) {
    return [
      el("div", { class: "titleline" }, el("h1", {}, "Waiting for approval"), el("span", { class: "quiet" }, p.count(list.total, "request"))),
      about.approvals ? null : el("p", { class: "lead" }, "Here they are only shown: approving is off. The command below each says it, or serve.approvals with a token turns it on."),
      list.waiting.length === 0 ? p.empty("Nothing waits.") : null,
      list.waiting.map((w) => el("section", { class: "card" },
        el("div", { class: "titleline" }, el("h2", {}, p.accountLink(w.tenantId, w.accountName)), p.risk(w.dropoffRisk, w.riskScore), el("span", {}, p.words(w.rule) + ", rung " + w.rung + (w.userId ? ", for " + p.person(w) : ""))),
        facts([["Stage", w.stage && p.words(w.stage) + " for " + p.since(w.since)], ["Owner", w.owner], ["A month", p.number(w.mrr)], ["Last outreach", p.ago(w.lastOutreachAt)]]),
        w.riskReasons && w.riskReasons.length ? [el("h3", {}, "Why it is at risk"), reasons(w.riskReasons)] : null,
        about.approvals ? decide(w, go) : el("code", {}, command(w)))),
      p.pager(list, (offset) => go({ offset: offset || "" })),
    ];
  },
};

// As a shell takes it.
function command(w) {
  const whose = w.userId ? w.tenantId + "|" + w.userId : w.tenantId;
  return "foothold rules approve '" + whose.replaceAll("'", "'\\''") + "' " + w.rule + " " + w.rung + " --execute";
}

function decide(w, go) {
  const said = el("span", { role: "status", class: "quiet" });
  const reason = el("input", { name: "reason", placeholder: "Why? It is written down with the decision", maxlength: "500", required: true, "aria-label": "Reason" });
  const say = async (decision) => {
    if (!reason.value.trim()) return reason.focus(), void (said.textContent = "Say why first.");
    try {
      await p.ask("approvals", {}, { method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ tenantId: w.tenantId, userId: w.userId, rule: w.rule, rung: w.rung, decision, reason: reason.value.trim() }) });
      said.textContent = "Written. It takes effect with the next release.";
      form.querySelectorAll("button").forEach((b) => (b.disabled = true));
    } catch (error) {
      said.textContent = error.message;
    }
  };
  const form = el("form", { class: "approve", onsubmit: (event) => { event.preventDefault(); say("approve"); } }, reason,
    el("button", { class: "yes" }, "Approve"), el("button", { type: "button", onclick: () => say("reject") }, "Reject"), said);
  return form;
}
