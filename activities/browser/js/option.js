// Waits for the option of a custom select, list box or menu that names what is wanted.
// `argument`: { wanted, limit (ms), list (a container to scroll through, or null) }. Returns its
// element, or null.
(trigger, argument, ranking) => {
  const doc = trigger.ownerDocument;
  const { best, rank } = ranking(argument.wanted);
  const visible = (node) => {
    const box = node.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && doc.defaultView.getComputedStyle(node).visibility === "visible";
  };
  const scopes = () => {
    const found = [doc];
    for (let at = trigger.getRootNode(); at && at !== doc; at = at.host.getRootNode()) found.unshift(at);
    if (trigger.shadowRoot) found.unshift(trigger.shadowRoot);
    return found;
  };
  const everywhere = (selector) => scopes().flatMap((root) => [...root.querySelectorAll(selector)]);
  const ROLES = ["option", "menuitemradio", "menuitemcheckbox", "menuitem", "treeitem", "radio"]
    .map((role) => `[role=${role}]`).join();
  const nameOf = (node) => node.getAttribute("aria-label") ?? node.innerText;
  const valueOf = (node) => node.dataset.value ?? node.getAttribute("value") ?? undefined;
  const owned = () => {
    const ids = ["aria-controls", "aria-owns"].flatMap((name) => (trigger.getAttribute(name) ?? "").split(/\s+/)).filter(Boolean);
    const lists = scopes().flatMap((root) => ids.map((id) => root.getElementById?.(id))).filter(Boolean);
    return [...lists, trigger].flatMap((list) => [...list.querySelectorAll(`${ROLES},li,[data-value]`)]).filter(visible);
  };
  const near = (node) => {
    const a = node.getBoundingClientRect(), b = trigger.getBoundingClientRect();
    return Math.abs(a.left - b.left) + Math.abs(a.top - b.bottom);
  };
  const plain = () => everywhere("li,a,button,label,div,span,td")
    .filter((node) => !node.contains(trigger) && !trigger.contains(node) && rank(nameOf(node)) <= 2 && visible(node))
    .filter((node) => ![...node.children].some((child) => rank(nameOf(child)) <= 2 && visible(child)))
    .sort((a, b) => near(a) - near(b))[0] ?? null;
  const look = () => {
    for (const options of [owned(), everywhere(ROLES).filter(visible)]) {
      const found = best(options.filter((node) => node !== trigger), nameOf, valueOf);
      if (found !== null && found !== "ambiguous") return found;
    }
    return plain();
  };
  // Lists may make their options only as they are scrolled, and take a moment to do so.
  const { list } = argument;
  const END_MS = 400;
  let moved = performance.now();
  const scrollOn = () => {
    const before = list.scrollTop;
    list.scrollTop = before + list.clientHeight * 0.8;
    if (Math.abs(list.scrollTop - before) > 1) moved = performance.now();
  };
  return new Promise((resolve) => {
    const until = performance.now() + argument.limit;
    const turn = () => {
      const found = look();
      const over = performance.now() >= (list ? Math.min(until, moved + END_MS) : until);
      if (found || over) return resolve(found);
      if (list) scrollOn();
      setTimeout(turn, 30);
    };
    turn();
  });
}
