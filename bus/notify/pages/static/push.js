// "Notify me in this browser", on the page of destinations. It makes the browser's
// subscription, and sends it as the page's other forms are sent: what follows, a code
// that must come back, needs no script.
"use strict";
(async () => {
  const part = document.getElementById("push");
  if (!part || !("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) return;
  const form = part.querySelector("form");
  const button = form.querySelector("button");
  const state = document.getElementById("push-state");
  const say = (text) => { state.textContent = text; };
  const scope = part.dataset.scope;
  const current = async () => (await navigator.serviceWorker.getRegistration(scope))?.pushManager.getSubscription();

  // The list knows this browser, and removing it there ends its subscription, too.
  let had = null;
  try { had = await current(); } catch { /* then it has none */ }
  for (const item of document.querySelectorAll("[data-endpoint]")) {
    if (!had || item.dataset.endpoint !== had.endpoint) continue;
    item.querySelector(".title").append(" (this browser)");
    item.querySelector("form.acts").addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.target;
      had.unsubscribe().catch(() => {}).then(() => form.submit());
    });
    return;
  }
  part.hidden = false;
  if (Notification.permission === "denied") {
    button.disabled = true;
    say("This browser is set to show no notifications of this page. Allow them in its settings, and load the page again.");
    return;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    say("Asking this browser…");
    try {
      if (await Notification.requestPermission() !== "granted") throw new Error("you did not allow notifications.");
      await navigator.serviceWorker.register(part.dataset.worker, { scope, updateViaCache: "none" });
      const registration = await navigator.serviceWorker.ready;
      const options = { userVisibleOnly: true, applicationServerKey: part.dataset.key };
      let made;
      try {
        made = await registration.pushManager.subscribe(options);
      } catch (error) { // one that another key made stands in the way
        if (error.name !== "InvalidStateError") throw error;
        await (await registration.pushManager.getSubscription())?.unsubscribe();
        made = await registration.pushManager.subscribe(options);
      }
      form.elements.address.value = JSON.stringify(made);
      form.submit();
    } catch (error) {
      button.disabled = false;
      say("It did not work: " + error.message);
    }
  });
})();
