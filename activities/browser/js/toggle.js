// State of a checkbox, radio or switch: on, off, mixed; none for other things. With `argument`
// { wanted, limit } waits until the state is the wanted one.
(element, argument) => {
  const kind = element.type === "radio" || element.getAttribute("role") === "radio" ? "radio" : "toggle";
  const state = () => {
    if (!element.isConnected) return "detached";
    if (element.nodeName === "INPUT" && /^(checkbox|radio)$/.test(element.type)) {
      return element.indeterminate ? "mixed" : element.checked ? "on" : "off";
    }
    for (const name of ["aria-checked", "aria-pressed", "aria-selected"]) {
      const value = element.getAttribute(name);
      if (value !== null) return value === "true" ? "on" : value === "mixed" ? "mixed" : "off";
    }
    return "none";
  };
  const told = () => ({ kind, state: state() });
  if (!argument) return told();
  return new Promise((resolve) => {
    const until = performance.now() + argument.limit;
    const turn = () => {
      const now = told();
      if (now.state === argument.wanted || now.state === "detached" || performance.now() >= until) return resolve(now);
      setTimeout(turn, 25);
    };
    turn();
  });
}
