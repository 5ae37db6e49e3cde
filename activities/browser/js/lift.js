// A point inside a frame, in the coordinates of the document that holds the frame's element.
(holder, point) => {
  const doc = holder.ownerDocument;
  const win = doc.defaultView;
  const place = () => {
    const box = holder.getBoundingClientRect();
    const scale = holder.offsetWidth ? box.width / holder.offsetWidth : 1;
    return {
      x: box.left + (holder.clientLeft + point.x) * scale,
      y: box.top + (holder.clientTop + point.y) * scale,
    };
  };
  const within = (at) => at.x >= 0 && at.y >= 0 && at.x < win.innerWidth && at.y < win.innerHeight;
  const hitAt = (at) => {
    let hit = doc.elementFromPoint(at.x, at.y);
    while (hit && hit.shadowRoot) {
      const inner = hit.shadowRoot.elementFromPoint(at.x, at.y);
      if (!inner || inner === hit) break;
      hit = inner;
    }
    return hit;
  };
  let at = place();
  if (!within(at) || hitAt(at) !== holder) {
    holder.scrollIntoView({ block: "center", behavior: "instant" });
    at = place();
    if (!within(at)) {
      win.scrollBy({ left: at.x - win.innerWidth / 2, top: at.y - win.innerHeight / 2, behavior: "instant" });
      at = place();
    }
  }
  if (!within(at)) return { state: "hidden" };
  const hit = hitAt(at);
  if (hit !== holder) {
    return { state: "covered", by: `<${hit ? hit.localName : "the page"}${hit && hit.id ? `#${hit.id}` : ""}>`, framed: true };
  }
  return { state: "free", ...at, framed: true };
}
