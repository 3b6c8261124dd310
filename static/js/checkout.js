// The checkout's quantities without a new page: the server answers with the page as it would be, its parts are exchanged.

const form = document.querySelector("[data-checkout]");
const wide = matchMedia("(min-width: 60rem)");
let latest = 0;

function openWhereWide() {
  const order = form.querySelector("[data-open-wide]");
  if (order && wide.matches) order.open = true;
}

async function change(button) {
  const turn = (latest += 1);
  const data = new FormData(form);
  data.set(button?.name || "update", button?.value || "1");
  const answer = await fetch(form.action, { method: "POST", body: data }).catch(() => null);
  if (turn !== latest) return;
  const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  if (!page?.querySelector("[data-swap=order]")) {
    // Without a button's name the form would be the order itself.
    if (!button) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "update", value: "1" }));
    form.requestSubmit(button ?? undefined);
    return;
  }
  exchange(page, button?.getAttribute("aria-label"));
}

function exchange(page, pressed) {
  const isOpen = form.querySelector("[data-open-wide]").open;
  for (const part of form.querySelectorAll("[data-swap]")) {
    part.replaceWith(page.querySelector(`[data-swap=${part.dataset.swap}]`));
  }
  form.querySelector("[data-open-wide]").open = isOpen;
  const again = pressed && form.querySelector(`[aria-label="${CSS.escape(pressed)}"]`);
  if (again) (again.disabled ? again.parentElement.querySelector("input") : again).focus();
  document.querySelector("[data-said]").textContent = form.querySelector("[data-swap=order] .summary-total").textContent;
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-step]");
  if (!button) return;
  event.preventDefault();
  change(button);
});
form.addEventListener("change", (event) => {
  if (event.target.matches("input[data-price]")) change(null);
});
openWhereWide();
wide.addEventListener("change", openWhereWide);
