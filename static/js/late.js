// Parts of a page that Stripe has to be asked for: shown as last known, asked for again, and put in place.

function address() {
  const url = new URL(location.href);
  url.searchParams.set("now", "1");
  return url;
}

async function renew(part) {
  part.setAttribute("aria-busy", "true");
  let touched = false;
  part.addEventListener("input", () => { touched = true; }, { once: true });
  try {
    const answer = await fetch(address());
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    if (!fresh) throw new Error("moved");
    // What somebody has begun to fill in stays theirs.
    if (!touched) {
      const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
      part.replaceWith(fresh);
      if (focused) document.getElementById(focused)?.focus();
    }
  } catch {
    for (const node of part.querySelectorAll("[data-waiting]")) node.hidden = true;
    for (const node of part.querySelectorAll("[data-failed]")) node.hidden = false;
  } finally {
    part.removeAttribute("aria-busy");
  }
}

for (const part of document.querySelectorAll('[data-now="late"]')) renew(part);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-refresh]");
  const part = link?.closest("[data-now]");
  if (!part) return;
  event.preventDefault();
  renew(part);
});
