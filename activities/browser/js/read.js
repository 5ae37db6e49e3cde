// The value of a field; `argument` true also tells the page that the field was changed.
(element, argument) => {
  const field = element.nodeName === "INPUT" || element.nodeName === "TEXTAREA";
  if (argument && field) {
    element.dispatchEvent(new (element.ownerDocument.defaultView.Event)("change", { bubbles: true }));
  }
  return field ? element.value : element.innerText;
}
