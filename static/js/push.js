// Web push: the browser is asked for permission only after a click; the server is told where to send.

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function tell(box, method, body) {
  const answer = await fetch(box.dataset.api, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ topic: box.dataset.topic, ...body }),
  });
  if (!answer.ok) throw new Error(answer.status);
}

// Which topics this browser asked for: one subscription serves them all.
const remembered = () => JSON.parse(localStorage.getItem("push-topics") ?? "[]");
const topic = (box) => box.dataset.topic.split(":").slice(0, -1).join(":");

function remember(box, isOn) {
  const others = remembered().filter((each) => each !== topic(box));
  localStorage.setItem("push-topics", JSON.stringify(isOn ? [...others, topic(box)] : others));
}

async function turnOn(box) {
  if ((await Notification.requestPermission()) !== "granted") return box.dataset.blocked;
  const worker = await navigator.serviceWorker.register(box.dataset.push);
  await navigator.serviceWorker.ready;
  const made = await worker.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytes(box.dataset.key),
  });
  const [p256dh, auth] = [text(made.getKey("p256dh")), text(made.getKey("auth"))];
  await tell(box, "POST", { endpoint: made.endpoint, p256dh, auth });
  remember(box, true);
  return box.dataset.done;
}

async function turnOff(box) {
  const worker = await navigator.serviceWorker.getRegistration(box.dataset.push);
  const made = await worker?.pushManager.getSubscription();
  if (made) await tell(box, "DELETE", { endpoint: made.endpoint });
  remember(box, false);
  return "";
}

function show(box, words) {
  const isOn = Notification.permission === "granted" && remembered().includes(topic(box));
  const [button, status] = box.children;
  const isBlocked = Notification.permission === "denied";
  button.textContent = isOn ? box.dataset.off : box.dataset.on;
  button.hidden = isBlocked;
  status.textContent = isBlocked ? box.dataset.blocked : words;
  box.hidden = false;
  return isOn;
}

if ("serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
  for (const box of document.querySelectorAll("[data-push]")) {
    let isOn = show(box, "");
    box.firstElementChild.addEventListener("click", async () => {
      box.firstElementChild.disabled = true;
      const words = await (isOn ? turnOff(box) : turnOn(box)).catch(() => box.dataset.failed);
      box.firstElementChild.disabled = false;
      isOn = show(box, words);
    });
  }
}
