// Scrolls. `argument`: { way: into|up|down|left|right|top|bottom, pages }. Returns whether it
// moved, and whether the wanted place is reached.
(element, argument) => {
  const doc = element ? element.ownerDocument : document;
  const win = doc.defaultView;
  if (element && !element.isConnected) return { state: "detached" };
  if (argument.way === "into") {
    // What the boxes around it that clip their content leave to be seen of it.
    const inView = () => {
      const box = element.getBoundingClientRect();
      let [left, top, right, bottom] = [Math.max(0, box.left), Math.max(0, box.top), Math.min(win.innerWidth, box.right), Math.min(win.innerHeight, box.bottom)];
      for (let at = element.parentElement; at && at !== doc.body; at = at.parentElement) {
        if (win.getComputedStyle(at).overflow === "visible") continue;
        const clip = at.getBoundingClientRect();
        [left, top, right, bottom] = [Math.max(left, clip.left), Math.max(top, clip.top), Math.min(right, clip.right), Math.min(bottom, clip.bottom)];
      }
      return bottom >= top && right >= left;
    };
    const whole = () => {
      const box = element.getBoundingClientRect();
      return box.top >= 0 && box.bottom <= win.innerHeight && box.left >= 0 && box.right <= win.innerWidth;
    };
    const before = element.getBoundingClientRect();
    if (element.getClientRects().length === 0) return { state: "hidden" };
    element.scrollIntoView({ block: whole() ? "nearest" : "center", inline: "nearest", behavior: "instant" });
    const after = element.getBoundingClientRect();
    return { state: inView() ? "reached" : "hidden", moved: before.top !== after.top || before.left !== after.left };
  }
  const across = argument.way === "left" || argument.way === "right";
  const root = doc.scrollingElement ?? doc.documentElement;
  const room = (node) => (across ? node.scrollWidth - node.clientWidth : node.scrollHeight - node.clientHeight);
  const scrolls = (node) => {
    if (node === root) return room(node) > 1;
    const style = win.getComputedStyle(node);
    return /auto|scroll|overlay/.test(across ? style.overflowX : style.overflowY) && room(node) > 1;
  };
  const seenArea = (node) => {
    const box = node.getBoundingClientRect();
    const wide = Math.min(box.right, win.innerWidth) - Math.max(box.left, 0);
    const high = Math.min(box.bottom, win.innerHeight) - Math.max(box.top, 0);
    return Math.max(0, wide) * Math.max(0, high);
  };
  const container = () => {
    for (let at = element; at; at = at.assignedSlot ?? at.parentElement ?? at.getRootNode().host ?? null) {
      if (scrolls(at)) return at;
    }
    if (scrolls(root)) return root;
    const boxes = [...doc.querySelectorAll("*")].filter(scrolls).sort((a, b) => seenArea(b) - seenArea(a));
    return boxes[0] ?? root;
  };
  const box = container();
  const axis = across ? "scrollLeft" : "scrollTop";
  const view = across ? (box === root ? win.innerWidth : box.clientWidth) : (box === root ? win.innerHeight : box.clientHeight);
  const before = box[axis];
  const to = { top: 0, bottom: box.scrollHeight }[argument.way] ??
    before + (argument.way === "up" || argument.way === "left" ? -1 : 1) * view * argument.pages * 0.9;
  box.scrollTo({ [across ? "left" : "top"]: to, behavior: "instant" });
  const moved = Math.abs(box[axis] - before) > 0.5;
  return { state: moved || argument.way === "top" || argument.way === "bottom" ? "reached" : "end", moved };
}
