// Lines that come while a page is open. All text is a stranger's: it is put into the
// page as text, never as HTML.
"use strict";
(() => {
  const lines = document.getElementById("lines");
  const bar = document.getElementById("live");
  if (!lines || !lines.dataset.events || !window.EventSource) return;
  const state = document.getElementById("state");
  const pause = document.getElementById("pause");
  const most = 500; // lines on a page
  const kept = 1000; // lines that wait while it is paused
  const known = new Set([...lines.querySelectorAll(".title")].map((a) => a.getAttribute("href")));
  let paused = false;
  let waiting = [];
  let dropped = 0;
  let connected = false;

  const say = () => {
    const text = paused ? (waiting.length + dropped) + " waiting" : connected ? "Live" : "Not connected; trying again";
    if (state.textContent !== text) state.textContent = text;
  };
  const make = (name, values, ...children) => {
    const e = document.createElement(name);
    for (const [k, v] of Object.entries(values || {})) e.setAttribute(k, v);
    e.append(...children);
    return e;
  };
  const link = (text, to, values) => make("a", { href: to, ...values }, make("bdi", {}, text));
  const path = (field, name) => {
    const parts = name.split("/");
    if (parts.some((p) => p === "" || p === "." || p === "..")) return "/" + field + "/?name=" + encodeURIComponent(name);
    return "/" + field + "/" + parts.map(encodeURIComponent).join("/");
  };
  const bare = (topic) => {
    const prefix = lines.dataset.prefix || "";
    if (prefix && topic.startsWith(prefix + ".")) return topic.slice(prefix.length + 1).split(".").slice(1).join(".");
    return topic;
  };
  const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
  const clean = (text) => String(text).replace(hidden, " ").slice(0, 2000);
  const day = (at) => {
    const date = at.toISOString().slice(0, 10);
    const first = lines.querySelector(".day");
    if (first && first.dataset.date === date) return first.querySelector("ol");
    const text = at.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
    const section = make("section", { class: "day", "data-date": date }, make("h2", {}, make("time", { datetime: date }, text.replace(/^(\w+) /, "$1, "))), make("ol"));
    lines.querySelector(".none")?.remove();
    lines.prepend(section);
    return section.querySelector("ol");
  };
  const show = (e) => {
    const to = "/message/" + encodeURIComponent(e.msg_id);
    if (known.has(to)) return;
    known.add(to);
    const at = new Date(e.timestamp * 1000);
    const about = make("p", { class: "about" }, link(bare(e.topic), path("topic", bare(e.topic))));
    const msg = e.msg || {};
    if (typeof msg.package === "string") about.append(" ", link(clean(msg.package), path("package", msg.package), { class: "thing" }));
    if (Number.isInteger(msg.bug)) about.append(" ", link("#" + msg.bug, path("bug", String(msg.bug)), { class: "thing" }));
    if (typeof msg.repository === "string") about.append(" ", link(clean(msg.repository), path("repository", msg.repository), { class: "thing" }));
    if (typeof e.link === "string" && /^https?:\/\//.test(e.link)) about.append(" ", make("a", { href: e.link, rel: "nofollow noopener" }, "source"));
    const li = make("li", { class: "line fresh" },
      make("time", { datetime: at.toISOString(), title: at.toISOString() }, at.toISOString().slice(11, 19)),
      make("div", { class: "said" }, make("a", { class: "title", dir: "auto", href: to }, clean(e.title || e.topic)), about));
    day(at).prepend(li);
    const all = lines.querySelectorAll("li");
    for (let i = most; i < all.length; i++) {
      known.delete(all[i].querySelector(".title")?.getAttribute("href"));
      all[i].remove();
    }
  };
  const missing = (g) => {
    const text = "Messages of " + g.publisher + " are missing: " + (g.last ? "numbers " + g.first + " to " + g.last + ", " : "") + g.reason;
    day(new Date()).prepend(make("li", { class: "missing" }, clean(text)));
  };
  const take = (what) => {
    if (!paused) return what();
    if (waiting.length < kept) waiting.push(what);
    else dropped++;
    say();
  };

  bar.hidden = false;
  say();
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Go on" : "Pause";
    if (!paused) {
      if (dropped) return location.reload();
      waiting.forEach((f) => f());
      waiting = [];
    }
    say();
  });
  const source = new EventSource(lines.dataset.events);
  source.onopen = () => { connected = true; say(); };
  source.onerror = () => { connected = false; say(); };
  source.onmessage = (m) => {
    let e;
    try { e = JSON.parse(m.data); } catch { return; }
    take(() => show(e));
  };
  source.addEventListener("gap", (m) => {
    let g;
    try { g = JSON.parse(m.data); } catch { return; }
    take(() => missing(g));
  });
})();
