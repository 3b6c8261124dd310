// Passkeys need script: their buttons appear with it, and what goes wrong is said on the page.

for (const button of document.querySelectorAll("[data-passkey]")) button.hidden = false;

document.addEventListener("allauth.error", (event) => {
  const problem = document.querySelector("[data-passkey-problem]");
  const cause = event.detail.exception.name;
  const unsupported = cause === "SecurityError" || cause === "NotSupportedError" || cause === "TypeError";
  problem.textContent = unsupported ? problem.dataset.passkeyUnsupported : problem.dataset.passkeyProblem;
  problem.hidden = false;
  event.preventDefault();
});
