// The organizer's forms work without this: a price's meaning while it is typed, unsaved
// changes, the time zone here, how far the refunds of a cancelled event are.

// What buyers see and what the organizer receives: the server's words, never arithmetic of our own.
const asks = document.querySelector("[data-price-url]");
if (asks) {
  const input = asks.querySelector("input");
  const line = document.querySelector("[data-price-line]");
  document.querySelector("[data-price-check]").hidden = true;
  let timer = 0;
  let newest = 0;
  const ask = async () => {
    const mine = ++newest;
    if (!input.value.trim()) {
      line.textContent = "";
      return;
    }
    const query = new URLSearchParams({ price: input.value });
    const answer = await fetch(`${asks.dataset.priceUrl}?${query}`, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok || mine !== newest) return;
    const { words, is_problem: isProblem } = await answer.json();
    line.textContent = words;
    line.classList.toggle("live-problem", isProblem);
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 250);
  });
}

// Leaving with something typed and not saved asks first.
const form = document.querySelector("form[data-unsaved]");
if (form) {
  const note = form.querySelector("[data-unsaved-note]");
  let isDirty = Boolean(document.querySelector(".error-summary"));
  const show = () => { if (note) note.hidden = !isDirty; };
  form.addEventListener("input", () => { isDirty = true; show(); });
  form.addEventListener("submit", () => { isDirty = false; });
  form.addEventListener("click", (event) => { if (event.target.closest("[data-leave]")) isDirty = false; });
  addEventListener("beforeunload", (event) => { if (isDirty) event.preventDefault(); });
  show();
}

// A new event is most likely where its organizer is.
const zone = document.querySelector("select[name=timezone]");
if (zone && !zone.value) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zone.options].some((option) => option.value === here)) zone.value = here;
}

// Refunds that are under way: look every three seconds and put the new figures in place of the old.
const progress = document.querySelector("[data-progress]");
if (progress) {
  let shown = progress;
  const timer = setInterval(async () => {
    const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main > section");
    if (!fresh) return;
    if (fresh.textContent !== shown.textContent) {
      shown.replaceWith(fresh);
      shown = fresh;
    }
    if (!("progress" in fresh.dataset)) clearInterval(timer);
  }, 3000);
}
