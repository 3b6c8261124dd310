// The door: the camera reads the code, the form is sent without leaving the page, the answer fills the screen with
// a sound. Without this script the same form, answers and pages work by hand.

const main = document.querySelector("[data-door]");
const screen = document.querySelector("[data-screen]");
const field = main.querySelector("input[name=text]");
const words = main.dataset;
const SAME_CODE_MS = 2000;
const SHOW_MS = 2000;
const UNDO_MS = 10000;
const LOOK_EVERY_MS = 15000;
const PATIENCE_MS = 8000;
const FRAME_MS = 120;
// The detector sees no more of a phone's four megapixels than a code held to it needs.
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 } };

const part = (name, root = document) => root.querySelector(`[data-part="${name}"]`);
let busy = false;
let closing = 0;
let undoing = 0;

// --- the connection

function connection(state, text = "") {
  const badge = main.querySelector("[data-state]");
  badge.hidden = false;
  badge.textContent = state === "online" ? words.online : words.offline;
  badge.className = `badge badge-${state === "online" ? "success" : "danger"}`;
  const banner = main.querySelector("[data-trouble]");
  banner.hidden = !text;
  banner.querySelector("p").textContent = text;
}

// The page that the server answers with, or null where there was none: then nobody knows whether it was heard.
async function ask(body) {
  const wish = { method: body ? "POST" : "GET", body, signal: AbortSignal.timeout(PATIENCE_MS) };
  let answer;
  let text;
  try {
    answer = await fetch(location.pathname, wish);
    text = await answer.text();
  } catch {
    connection("offline", words.lost);
    return null;
  }
  const moved = answer.redirected && new URL(answer.url).pathname !== location.pathname;
  if (moved || [403, 404, 410].includes(answer.status)) {
    location.reload(); // signed out, or the link has ended: the page says so
    return null;
  }
  if (!answer.ok) {
    connection("offline", answer.status === 429 ? words.tooFast : words.lost);
    return null;
  }
  connection("online");
  return new DOMParser().parseFromString(text, "text/html");
}

function take(page, names = ["count", "messages", "matches", "last"]) {
  for (const name of names) {
    const fresh = part(name, page);
    if (fresh) part(name).replaceChildren(...fresh.childNodes);
  }
  clearTimeout(undoing);
  if (part("last").querySelector("[name=undo]")) undoing = setTimeout(look, UNDO_MS);
}

async function look() {
  const page = document.hidden ? null : await ask();
  if (page) take(page, ["count", "last"]);
}

// --- the answer

let audio = null;
const signals = main.querySelector("[data-signals]");
// A private window may refuse to remember; then it is as it is until the page is left.
const memory = (() => { try { return localStorage; } catch { return {}; } })();
const TUNES = { in: [[880, 0.09], [1320, 0.14]], again: [[440, 0.12], [0, 0.06], [440, 0.12]], no: [[170, 0.45]] };
const SHAKES = { in: [80], again: [80, 60, 80], no: [300] };

function voice() {
  audio ??= new AudioContext();
  audio.resume();
}

async function sound(kind) {
  if (memory.doorSilent) return;
  navigator.vibrate?.(SHAKES[kind]);
  voice();
  let at = audio.currentTime;
  for (const [pitch, length] of TUNES[kind]) {
    if (pitch) {
      const tone = new OscillatorNode(audio, { type: kind === "no" ? "sawtooth" : "sine", frequency: pitch });
      tone.connect(new GainNode(audio, { gain: 0.4 })).connect(audio.destination);
      tone.start(at);
      tone.stop(at + length);
    }
    at += length;
  }
}

signals.hidden = false;
signals.setAttribute("aria-pressed", String(!memory.doorSilent));
signals.addEventListener("click", () => {
  memory.doorSilent = memory.doorSilent ? "" : "yes";
  signals.setAttribute("aria-pressed", String(!memory.doorSilent));
  sound("in").catch(() => {});
});
// Some phones give a page no voice before it was touched.
addEventListener("pointerdown", voice, { once: true });

function show(result) {
  screen.replaceChildren(result);
  screen.hidden = false;
  main.inert = true;
  result.querySelector(".door-next").focus();
  sound(result.dataset.look).catch(() => {}); // a phone without a voice has the colour and the word
  clearTimeout(closing);
  // Who may come in is waved on; whatever needs a word stays until somebody has read it, or holds out another ticket.
  if ("leaves" in result.dataset) closing = setTimeout(close, SHOW_MS);
}

function close() {
  clearTimeout(closing);
  screen.hidden = true;
  screen.replaceChildren();
  main.inert = false;
  field.value = "";
  if (matchMedia("(pointer: fine)").matches) field.focus(); // a scanner on a cable types into it
  look();
}

const pageNonce = main.querySelector("[name=nonce]").value;
let scans = 0;
let unheard = { code: "", nonce: "" };

async function send(wish) {
  if (busy) return;
  busy = true;
  try {
    await deliver(wish);
  } finally {
    busy = false;
  }
}

async function deliver(wish) {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", main.querySelector("[name=csrfmiddlewaretoken]").value);
  const code = wish.get("code") || wish.get("text") || "";
  // A scan whose answer was lost on the way is the same scan when it is tried again.
  const isRetry = code && unheard.code === code && !wish.has("override_reason");
  const nonce = isRetry ? unheard.nonce : `${pageNonce}-${(scans += 1)}`;
  body.set("nonce", nonce);
  for (const [name, value] of wish) if (!["csrfmiddlewaretoken", "nonce"].includes(name)) body.set(name, value);
  const page = await ask(body);
  unheard = page ? { code: "", nonce: "" } : { code, nonce };
  if (!page) return;
  const result = page.querySelector(".door-result");
  if (result) {
    show(result);
    return;
  }
  if (!screen.hidden) close();
  take(page);
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  send(new FormData(event.target, event.submitter));
});
screen.addEventListener("click", (event) => {
  if (event.target.closest(".door-next")) {
    event.preventDefault();
    close();
  } else {
    clearTimeout(closing); // somebody is about to undo it
  }
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !screen.hidden) close();
});
addEventListener("online", look);
addEventListener("offline", () => connection("offline", words.lost));
document.addEventListener("visibilitychange", look);
setInterval(look, LOOK_EVERY_MS);
connection(navigator.onLine ? "online" : "offline", navigator.onLine ? "" : words.lost);
take(document, []);

// --- the camera

const lens = main.querySelector("[data-lens]");
const video = lens.querySelector("video");
const torch = lens.querySelector("[data-torch]");
const other = lens.querySelector("[data-switch]");
let detector = null;
let stream = null;
let last = { code: "", until: 0 };

async function makeDetector() {
  const formats = (await window.BarcodeDetector?.getSupportedFormats?.().catch(() => [])) ?? [];
  const Detector = formats.includes("qr_code")
    ? window.BarcodeDetector
    : (await import(new URL(words.detector, location.href))).BarcodeDetector;
  return new Detector({ formats: ["qr_code"] });
}

async function start(constraints) {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...CAMERA, ...constraints } });
  video.srcObject = stream;
  await video.play();
  lens.hidden = false;
  main.classList.add("door-camera");
  const [track] = stream.getVideoTracks();
  torch.hidden = !track.getCapabilities?.().torch;
  torch.setAttribute("aria-pressed", "false");
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((each) => each.kind === "videoinput");
  other.hidden = cameras.length < 2;
  other.onclick = () => {
    const now = cameras.findIndex((each) => each.deviceId === track.getSettings().deviceId);
    start({ deviceId: { exact: cameras[(now + 1) % cameras.length].deviceId } }).catch(refused);
  };
  torch.onclick = async () => {
    const on = torch.getAttribute("aria-pressed") !== "true";
    await track.applyConstraints({ advanced: [{ torch: on }] });
    torch.setAttribute("aria-pressed", String(on));
  };
}

function refused() {
  lens.hidden = true;
  main.classList.remove("door-camera");
  main.querySelector("[data-denied]").hidden = false;
  field.focus();
}

async function scan() {
  try {
    const isBlind = document.hidden || busy || video.readyState < 2;
    const code = isBlind ? "" : (await detector.detect(video))[0]?.rawValue;
    if (code && (code !== last.code || Date.now() > last.until)) await send(new Map([["code", code]]));
    // The same code, held there, isn't asked about again before it has been away for two seconds.
    if (code) last = { code, until: Date.now() + SAME_CODE_MS };
  } finally {
    setTimeout(scan, FRAME_MS); // whatever one picture did, there is a next one
  }
}

async function open() {
  if (!navigator.mediaDevices) return refused();
  field.blur();
  try {
    await start({ facingMode: "environment" });
    detector = await makeDetector();
  } catch {
    return refused();
  }
  navigator.wakeLock?.request("screen").catch(() => {});
  return scan();
}
open();
