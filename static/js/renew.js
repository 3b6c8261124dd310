// A part of a page that is asked for again every few seconds while somebody looks at it, until they stop it.

const off = document.querySelector("[data-renew-switch]");
let stopped = false;

function isBusy(part) {
  // What somebody reads with the keyboard or has marked isn't taken from under them.
  return part.contains(document.activeElement) || !getSelection().isCollapsed;
}

async function renew(id) {
  const part = document.getElementById(id);
  if (document.hidden || stopped || !part?.dataset.renew || isBusy(part)) return;
  try {
    const answer = await fetch(location.href);
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
    if (fresh && !stopped && !isBusy(part)) part.replaceWith(fresh);
  } catch {
    // The next time may do better; the page says of when it is.
  }
}

for (const part of document.querySelectorAll("[data-renew]")) {
  setInterval(renew, Number(part.dataset.renew) * 1000, part.id);
}

if (off) {
  off.hidden = false;
  off.addEventListener("click", () => {
    stopped = !stopped;
    off.textContent = stopped ? off.dataset.go : off.dataset.stop;
  });
}
