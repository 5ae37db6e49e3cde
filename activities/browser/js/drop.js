// Listens for what the page makes of a drag. `argument`: the element it is dragged onto, or null.
(source, onto) => {
  const doc = source.ownerDocument;
  const win = doc.defaultView;
  const up = (node) => node.assignedSlot ?? node.parentNode ?? node.host ?? null;
  const within = (node) => {
    for (let at = node; at; at = up(at)) if (at === onto) return true;
    return false;
  };
  const seen = { picked: false, dropped: false, hit: false };
  const TYPES = ["dragstart", "drop", "mouseup", "pointerup"];
  const listen = (event) => {
    if (!event.isTrusted) return;
    if (event.type === "dragstart") seen.picked = true;
    if (event.type === "drop") seen.dropped = true;
    if (event.type === "dragstart") return;
    const under = doc.elementsFromPoint(event.clientX, event.clientY);
    if (onto && (event.composedPath().includes(onto) || under.some(within))) seen.hit = true;
  };
  for (const type of TYPES) win.addEventListener(type, listen, true);
  return {
    told: () => {
      for (const type of TYPES) win.removeEventListener(type, listen, true);
      return seen;
    },
  };
}
