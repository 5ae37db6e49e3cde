"use strict";

// Cookie consent: the banner goes away for good once a choice was made.
for (const button of document.querySelectorAll("[data-consent]")) {
  button.addEventListener("click", () => {
    document.cookie = `hm_consent=${button.dataset.consent}; path=/; max-age=31536000; samesite=lax`;
    document.getElementById("cookie-banner").remove();
  });
}

// The seller's phone number is fetched when somebody asks for it.
for (const box of document.querySelectorAll("[data-phone]")) {
  const button = box.querySelector("button");
  button.addEventListener("click", async () => {
    button.disabled = true;
    button.textContent = "Loading…";
    const response = await fetch(box.dataset.phone);
    if (!response.ok) {
      button.disabled = false;
      button.textContent = "Show phone number";
      return;
    }
    const { phone } = await response.json();
    const link = document.createElement("a");
    link.href = `tel:+1${phone.replace(/\D/g, "")}`;
    link.textContent = phone;
    box.replaceChildren(link);
  });
}

for (const button of document.querySelectorAll(".save")) {
  button.addEventListener("click", () => {
    const saved = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(saved));
    button.textContent = saved ? "♥" : "♡";
  });
}
