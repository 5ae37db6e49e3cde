// Scrolls a container on, or back to a place. `argument`: { way: mark|on|end|top|to, top }; a mark scrolls nothing.
// Returns where it was, whether it moved, whether there is more, and a mark of what it shows.
(element, argument) => {
  const doc = element.ownerDocument;
  const win = doc.defaultView;
  const root = doc.scrollingElement ?? doc.documentElement;
  const box = element === doc.body || element === doc.documentElement ? root : element;
  const high = box === root ? win.innerHeight : box.clientHeight;
  const from = { left: box.scrollLeft, top: box.scrollTop };
  const target = { on: from.top + high * 0.8, end: box.scrollHeight, top: 0, to: argument.top }[argument.way];
  if (argument.way !== "mark") box.scrollTo({ top: target, behavior: "instant" });
  const text = (box === root ? doc.body ?? box : box).innerText ?? "";
  let sum = text.length;
  for (let at = 0; at < text.length; at += 1 + Math.floor(text.length / 4000)) sum = (sum * 31 + text.charCodeAt(at)) | 0;
  return {
    top: from.top,
    moved: Math.abs(box.scrollTop - from.top) > 1,
    more: box.scrollHeight - high - box.scrollTop > 4,
    mark: `${sum}|${box.scrollHeight}|${box.getElementsByTagName("*").length}`,
  };
}
