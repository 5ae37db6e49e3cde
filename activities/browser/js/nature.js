// What a click on the element means: detached, file, select, settled (it is on already) or plain.
(element) => {
  if (!element.isConnected) return "detached";
  const label = element.closest("label");
  const control = label && label.control ? label.control : element;
  if (control.nodeName === "INPUT" && control.type === "file") return "file";
  if (element.nodeName === "SELECT" && !element.multiple && element.size <= 1) return "select";
  if (control.nodeName === "INPUT" && control.type === "radio" && control.checked) return "settled";
  const role = element.getAttribute("role");
  if (role === "radio" && element.getAttribute("aria-checked") === "true") return "settled";
  if (["tab", "option"].includes(role) && element.getAttribute("aria-selected") === "true") return "settled";
  const field = /^(text|search|email|tel|url|password|number|date|time|month|week|datetime-local)$/;
  const editable = element.isContentEditable || element.nodeName === "TEXTAREA" ||
    (element.nodeName === "INPUT" && field.test(element.type));
  if (editable) {
    let at = element.ownerDocument.activeElement;
    while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
    if (at === element || element.contains(at)) return "settled";
  }
  return "plain";
}
