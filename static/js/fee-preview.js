// Forms of rates, staff's and the Django admin's: show what the rate being typed would do to tickets.
(() => {
  const section = document.getElementById("fee-preview");
  const form = section && section.closest("form");
  if (!form) return;
  const names = (section.dataset.fields ?? "organization currency percent fixed_amount").split(" ");
  let timer = 0;
  let newest = 0;

  async function refresh() {
    const asked = ++newest;
    const query = new URLSearchParams(names.map((name) => [name, form.elements[name]?.value ?? ""]));
    try {
      const response = await fetch(`${section.dataset.url}?${query}`, { credentials: "same-origin" });
      if (!response.ok) return;
      const { html } = await response.json();
      if (asked === newest) section.innerHTML = html;
    } catch {
      // Offline: the preview that is there stays, and the Preview button still works.
    }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(refresh, 250);
  }

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  // The organization is chosen by select2, whose change event only jQuery hears.
  window.django?.jQuery?.(form).on("change", later);
})();
