// Comforts for pages that already work without script: copy, share, steppers with live totals, waiting, the theme.

const money = (amount, currency) => {
  const format = new Intl.NumberFormat("en-US", { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
};

function say(button, words) {
  const label = button.querySelector("span") ?? button;
  const before = label.textContent;
  label.textContent = words;
  setTimeout(() => { label.textContent = before; }, 2000);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = button.dataset.copy || location.href;
    if (navigator.share && "share" in button.dataset) {
      await navigator.share({ title: document.title, url: text }).catch(() => {});
      return;
    }
    await navigator.clipboard.writeText(text);
    say(button, button.dataset.done);
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// The ticket box: the server renders every state of it; this only saves the round trip.
const box = document.querySelector("[data-ticket-box]");
if (box) {
  const inputs = [...box.querySelectorAll("input[data-price]")];
  const { currency, one, many } = box.dataset;
  const refresh = () => {
    let total = 0;
    let count = 0;
    for (const input of inputs) {
      const quantity = Math.max(0, Number.parseInt(input.value, 10) || 0);
      total += quantity * Number(input.dataset.price);
      count += quantity;
      const line = box.querySelector(`[data-line="${input.name}"]`);
      line.hidden = !quantity;
      line.querySelector("[data-count]").textContent = quantity;
      line.querySelector("dd").textContent = money(quantity * Number(input.dataset.price), currency);
      const [less, more] = input.parentElement.querySelectorAll("button");
      less.disabled = quantity <= 0;
      more.disabled = quantity >= Number(input.max);
    }
    for (const node of document.querySelectorAll("[data-total]")) node.textContent = money(total, currency);
    for (const node of document.querySelectorAll("[data-chosen]")) node.hidden = !count;
    for (const node of document.querySelectorAll("[data-unchosen]")) node.hidden = Boolean(count);
    for (const node of document.querySelectorAll("[data-tickets]")) {
      node.textContent = `${count} ${count === 1 ? one : many}`;
    }
  };
  box.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-step]");
    if (!button) return;
    event.preventDefault();
    const input = button.parentElement.querySelector("input");
    const now = Number(input.value) || 0;
    const least = Number(input.dataset.least);
    const next = now + Number(button.dataset.step);
    // Below the least that one may buy there is only none.
    input.value = next < least ? (button.dataset.step === "1" ? least : 0) : Math.min(next, Number(input.max));
    refresh();
  });
  box.addEventListener("input", refresh);
  addEventListener("pageshow", refresh);
}

// A button pressed twice must not send twice.
document.addEventListener("submit", (event) => {
  if (event.submitter?.matches("[data-once]")) event.submitter.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-once]")) button.removeAttribute("aria-busy");
});

// An order being confirmed: look every two seconds, for half a minute, whether it moved on.
const waiting = document.querySelector("[data-wait]");
if (waiting) {
  let looks = 0;
  const timer = setInterval(async () => {
    looks += 1;
    if (looks > 15) {
      clearInterval(timer);
      location.replace(waiting.dataset.slow);
      return;
    }
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.querySelector("[data-wait]")) location.reload();
  }, 2000);
}

// A hold about to end is said once, five minutes before.
const hold = document.querySelector("[data-hold-until]");
if (hold) {
  const left = Date.parse(hold.dataset.holdUntil) - Date.now() - 300000;
  if (left > 0) setTimeout(() => { hold.textContent = hold.dataset.words; hold.className = "muted"; }, left);
}

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax`;
  });
}
