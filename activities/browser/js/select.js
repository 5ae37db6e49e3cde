// Chooses in a native select. `argument`: { wanted }. States: chosen, same, missing, ambiguous,
// disabled, detached, custom (this is no native select).
(element, argument, ranking) => {
  if (!element.isConnected) return { state: "detached" };
  const select = element.nodeName === "SELECT" ? element : element.closest("select");
  if (!select) return { state: "custom" };
  if (select.matches(":disabled")) return { state: "disabled" };
  const options = [...select.options];
  const nameOf = (option) => option.label || option.text;
  const find = (wanted) => ranking(wanted).best(options, nameOf, (option) => option.value);
  const names = options.map((option) => option.text.trim()).filter(Boolean).slice(0, 12);
  const whole = find(argument.wanted);
  const parts = select.multiple && (whole === null || whole === "ambiguous")
    ? argument.wanted.split(/\s*[,;\n]\s*/).filter(Boolean) : [argument.wanted];
  const chosen = parts.map(find);
  if (chosen.includes(null)) return { state: "missing", names };
  if (chosen.includes("ambiguous")) return { state: "ambiguous", names };
  if (chosen.some((option) => option.disabled || option.closest("optgroup:disabled"))) return { state: "disabled" };
  const labels = chosen.map((option) => option.text.trim());
  const before = [...select.selectedOptions];
  if (before.length === chosen.length && chosen.every((option) => before.includes(option))) {
    return { state: "same", names: labels };
  }
  select.focus({ preventScroll: true });
  if (select.multiple) {
    for (const option of options) option.selected = chosen.includes(option);
  } else {
    chosen[0].selected = true;
  }
  const win = select.ownerDocument.defaultView;
  select.dispatchEvent(new win.Event("input", { bubbles: true, composed: true }));
  select.dispatchEvent(new win.Event("change", { bubbles: true }));
  const holds = !select.isConnected || chosen.every((option) => option.selected);
  return { state: holds ? "chosen" : "reverted", names: labels };
}
