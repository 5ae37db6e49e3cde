// Makes a field ready to be typed into, or sets those that the keyboard can't (dates, colours,
// ranges). `argument`: { text, keep }; keep leaves what is there and puts the caret at the end.
(element, argument) => {
  if (!element.isConnected) return { state: "detached" };
  const doc = element.ownerDocument;
  const win = doc.defaultView;
  const input = element.nodeName === "INPUT";
  const area = element.nodeName === "TEXTAREA";
  const rich = !input && !area && element.isContentEditable;
  const type = input ? element.type : area ? "textarea" : rich ? "rich" : "";
  const told = (state, value = "") => ({ state, type, value, limit: (input || area) && element.maxLength > 0 ? element.maxLength : 0 });
  if (type === "file") return told("file");
  if (!type || /^(checkbox|radio|button|submit|reset|image|hidden)$/.test(type)) return told("other");
  if (element.matches(":disabled") || element.closest("[inert]")) return told("disabled");
  if (element.readOnly || element.getAttribute("aria-readonly") === "true") return told("readonly");
  if (/^(date|time|datetime-local|month|week|color|range)$/.test(type) && !argument.keep) {
    element.focus();
    const set = Object.getOwnPropertyDescriptor(win.HTMLInputElement.prototype, "value").set;
    const before = element.value;
    set.call(element, argument.text);
    if (element.value !== before) {
      element.dispatchEvent(new win.Event("input", { bubbles: true, composed: true }));
      element.dispatchEvent(new win.Event("change", { bubbles: true }));
    }
    return told("set", element.value);
  }
  const current = () => (rich ? element.innerText : element.value);
  if (!argument.keep && current() === argument.text) return told("same", current());
  element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  element.focus();
  const root = element.getRootNode();
  const holds = root.activeElement === element || (rich && element.contains(root.activeElement));
  if (!holds) return told("unfocusable");
  if (rich) {
    const selection = win.getSelection();
    selection.selectAllChildren(element);
    if (argument.keep) selection.collapseToEnd();
  } else if (!argument.keep) {
    element.select();
  } else if (element.selectionStart !== null) {
    element.setSelectionRange(element.value.length, element.value.length);
  }
  return told("ready", current());
}
