// Where a thing that is dragged is, and what it is dragged onto holds; `compare` waits until it
// rests and names what is different then. `argument`: the element it is dragged onto, or null.
(source, onto) => {
  const win = source.ownerDocument.defaultView;
  const STATES = ["aria-valuenow", "aria-checked", "aria-selected", "aria-grabbed", "value"];
  const state = () => [...STATES.map((name) => source.getAttribute(name)), source.value ?? ""].join("\u0001");
  const inputs = () => {
    const near = source.parentElement?.parentElement ?? source;
    return [...near.querySelectorAll("input,output,[role=slider],progress")].map((one) => `${one.value}${one.getAttribute("aria-valuenow")}`).join();
  };
  const spot = () => {
    const box = source.getBoundingClientRect();
    const around = source.parentElement?.getBoundingClientRect() ?? box;
    return [box.left - around.left, box.top - around.top, box.width, box.height].map(Math.round);
  };
  const order = () => source.parentElement ? [...source.parentElement.children].indexOf(source) : -1;
  const content = () => (onto ? `${onto.innerText}|${onto.querySelectorAll("*").length}|${onto.value ?? ""}` : "");
  const now = () => ({ parent: source.parentElement, order: order(), spot: spot(), state: state(), inputs: inputs(), content: content(), lives: source.isConnected });
  const before = now();
  const differs = (after) => {
    const found = [];
    if (!after.lives || after.parent !== before.parent || after.order !== before.order) found.push("dom");
    else if (after.spot.some((at, axis) => Math.abs(at - before.spot[axis]) > 2)) found.push("moved");
    if (after.state !== before.state) found.push("state");
    if (after.inputs !== before.inputs) found.push("value");
    if (after.content !== before.content) found.push("dom");
    // Let go there it lies in it or beside it, also where that made room.
    if (onto && (onto.contains(source) || source.parentElement === onto.parentElement)) found.push("joined");
    return [...new Set(found)];
  };
  return {
    // Things that were let go may glide back: wait until nothing moves, `limit` ms at most.
    compare: (limit) => new Promise((resolve) => {
      const until = performance.now() + limit;
      let last = "";
      let still = 0;
      const look = () => {
        const at = JSON.stringify(source.isConnected ? spot() : "");
        still = at === last ? still + 1 : 0;
        last = at;
        if (still >= 3 || performance.now() >= until) return resolve(differs(now()));
        setTimeout(look, 16);
      };
      look();
    }),
  };
}
