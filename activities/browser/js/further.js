// Scrolls what holds a page's list one view further: the window, and the largest box in view that
// scrolls by itself. `argument`: { back } tops to go back to, from an earlier answer, or {}.
// Returns whether anything moved, the tops before, and how much there is of the page now.
(element, argument) => {
  const root = document.scrollingElement ?? document.documentElement;
  const area = (node) => {
    const box = node.getBoundingClientRect();
    const wide = Math.min(box.right, innerWidth) - Math.max(box.left, 0);
    const high = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
    return Math.max(0, wide) * Math.max(0, high);
  };
  const scrolls = (node) =>
    node !== root && node !== document.body && node.scrollHeight - node.clientHeight > 40 && area(node) > 40000 &&
    /auto|scroll|overlay/.test(getComputedStyle(node).overflowY);
  const inner = [...document.querySelectorAll("div, ul, ol, main, section, table, tbody")].slice(0, 20000)
    .filter(scrolls).sort((a, b) => area(b) - area(a))[0];
  const boxes = inner ? [root, inner] : [root];
  const tops = boxes.map((box) => box.scrollTop);
  boxes.forEach((box, place) => {
    const view = box === root ? innerHeight : box.clientHeight;
    const to = argument.back ? (argument.back[place] ?? 0) : box.scrollTop + view * 0.9;
    box.scrollTo({ top: to, behavior: "instant" });
  });
  const moved = boxes.some((box, place) => Math.abs(box.scrollTop - tops[place]) > 0.5);
  return { moved, tops, size: document.querySelectorAll("*").length + root.scrollHeight };
}
