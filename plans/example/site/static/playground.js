"use strict";

const state = (id, text) => {
  document.getElementById(id).textContent = text;
};
const on = (id, event, handler) => document.getElementById(id).addEventListener(event, handler);

on("open-window", "click", () => {
  window.open("/playground/opened?way=script", "_blank");
  state("tabs-state", "Weather window opened");
});

on("show-alert", "click", () => {
  window.alert("Small craft advisory");
  state("dialogs-state", "Alert closed");
});
on("ask-confirm", "click", () => {
  state("dialogs-state", window.confirm("Delete the draft?") ? "Draft deleted" : "Draft kept");
});
on("ask-prompt", "click", () => {
  const name = window.prompt("New name of the boat", "Sea Breeze");
  state("dialogs-state", name === null ? "Name kept" : `Renamed to ${name}`);
});

class AnchorCounter extends HTMLElement {
  connectedCallback() {
    const root = this.attachShadow({ mode: "open" });
    root.innerHTML =
      '<button type="button" id="drop">Drop anchor</button> <span id="count">Anchors: 0</span>';
    let count = 0;
    root.getElementById("drop").addEventListener("click", () => {
      count += 1;
      root.getElementById("count").textContent = `Anchors: ${count}`;
    });
  }
}
customElements.define("anchor-counter", AnchorCounter);

on("fuel", "change", (event) => state("fuel-state", `Fuel: ${event.target.value || "none"}`));
on("trailer", "change", (event) =>
  state("trailer-state", `Trailer: ${event.target.checked ? "yes" : "no"}`),
);
for (const radio of document.querySelectorAll("input[name=engine]")) {
  radio.addEventListener("change", () => state("engine-state", `Engine: ${radio.value}`));
}
on("launch", "change", (event) => state("launch-state", `Launch: ${event.target.value || "none"}`));
on("boat-name", "input", (event) =>
  state("boat-name-state", `Name: ${event.target.value || "none"}`),
);
on("notes", "input", (event) =>
  state("notes-state", `Notes: ${event.target.innerText.trim().length} characters`),
);
on("keys", "keydown", (event) => {
  const parts = [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift"];
  if (["Control", "Alt", "Shift", "Meta"].includes(event.key)) return;
  event.preventDefault();
  state("keys-state", `Last key: ${[...parts.filter(Boolean), event.key].join("+")}`);
});

const dropdown = document.getElementById("color");
const opener = dropdown.querySelector("button");
const list = dropdown.querySelector("ul");
const toggle = (open) => {
  list.hidden = !open;
  opener.setAttribute("aria-expanded", String(open));
};
opener.addEventListener("click", () => toggle(list.hidden));
for (const option of list.querySelectorAll("li")) {
  option.addEventListener("click", () => {
    state("color-value", option.textContent);
    state("color-state", `Color: ${option.textContent}`);
    toggle(false);
  });
}

const FORECAST_MS = 600;
const forecast = () => {
  state("delayed", "Loading forecast…");
  setTimeout(() => {
    document.getElementById("delayed").innerHTML =
      '<p>Forecast: wind 12 knots from the south</p><button type="button" id="accept">Accept forecast</button>';
    on("accept", "click", () => state("delayed", "Forecast accepted"));
  }, FORECAST_MS);
};
forecast();
on("load-more-later", "click", forecast);

const rows = document.getElementById("rows");
let loading = false;
const loadRows = async () => {
  if (loading) return;
  loading = true;
  const response = await fetch(`/playground/rows?after=${rows.children.length}`);
  const batch = (await response.json()).rows;
  for (const text of batch) {
    const row = document.createElement("li");
    row.textContent = text;
    rows.append(row);
  }
  state("rows-state", `${rows.children.length} buoys`);
  loading = false;
  if (batch.length === 0) watcher.disconnect();
};
const watcher = new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) loadRows();
});
watcher.observe(document.getElementById("rows-end"));
