// The form control that the element stands for: itself, a label's control, or the only one inside.
// `argument` is a selector that the control has to match.
(element, argument) => {
  if (element.matches(argument)) return element;
  const label = element.closest("label");
  if (element.nodeName === "LABEL" && element.control && element.control.matches(argument)) return element.control;
  const inner = [...element.querySelectorAll(argument), ...(element.shadowRoot ? element.shadowRoot.querySelectorAll(argument) : [])];
  if (inner.length === 1) return inner[0];
  if (label && label.control && label.control.matches(argument)) return label.control;
  return element;
}
