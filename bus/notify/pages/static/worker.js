// The service worker of people's pages: it shows notes of Busbar that come by Web Push,
// and opens what they are about. It asks nobody for anything.
"use strict";
const web = (text) => typeof text === "string" && /^https?:\/\//.test(text);

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  let note = {};
  try { note = event.data.json() || {}; } catch { /* what cannot be read is shown all the same: browsers demand it */ }
  const text = (value) => (typeof value === "string" ? value : "");
  const options = {
    body: text(note.body),
    data: { link: web(note.link) ? note.link : self.registration.scope + "history" },
  };
  if (text(note.id)) options.tag = note.id; // one that comes twice is shown once
  if (Number.isSafeInteger(note.time) && note.time > 0) options.timestamp = note.time;
  event.waitUntil(self.registration.showNotification(text(note.title) || "Busbar", options));
});

self.addEventListener("notificationclick", (event) => {
  const link = event.notification.data?.link;
  event.notification.close();
  if (!web(link)) return;
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = open.find((client) => client.url === link);
    return there ? there.focus() : self.clients.openWindow(link);
  })());
});
