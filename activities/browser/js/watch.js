// Watches a document while one act goes on: where its events land, and what they change.
// Returns an object that the driver keeps by handle; nothing is left in the page's globals.
// An event of the pointer that misses the chosen element is stopped before the page sees it.
(element, options) => {
  const doc = element ? element.ownerDocument : document;
  const win = doc.defaultView;

  // ---- what belongs to the target -------------------------------------------------------
  const up = (node) => node.assignedSlot ?? node.parentNode ?? node.host ?? null;
  const chain = (node) => {
    const nodes = [];
    for (let at = node; at; at = up(at)) nodes.push(at);
    return nodes;
  };
  const labels = (node) => (node && node.labels ? [...node.labels] : []);
  const boxed = (node) => {
    const box = node.getBoundingClientRect();
    return box.width >= 1 && box.height >= 1 && win.getComputedStyle(node).visibility === "visible";
  };
  const PRESSABLE = "a[href],button,label,summary,[role],[onclick],[tabindex]";
  const surfaceOf = (node) => {
    const inert = win.getComputedStyle(node).pointerEvents === "none";
    if (!inert && boxed(node)) return node;
    const label = labels(node).find(boxed);
    if (label) return label;
    if (!inert && node.getClientRects().length > 0 && [...node.querySelectorAll("*")].some(boxed)) {
      return [...node.querySelectorAll("*")].find(boxed);
    }
    if (!inert && !node.matches("input,select")) return null;
    return chain(node).slice(1, 6).find((at) => at.nodeType === 1 && at.matches(PRESSABLE) && boxed(at)) ?? null;
  };
  let surface = element;
  const accepted = () => {
    const own = [element, surface, ...labels(element)];
    if (element.nodeName === "LABEL" && element.control) own.push(element.control);
    const label = element.closest("label");
    if (label && label.control && label.control !== element && !element.matches("a,button,input,select,textarea")) {
      own.push(label.control);
    }
    return own.filter(Boolean);
  };
  const belongs = (path) => {
    const own = accepted();
    return path.some((node) => own.includes(node));
  };
  const describe = (node) => {
    if (!node || node.nodeType !== 1) return "the page";
    const id = node.id ? `#${node.id}` : "";
    const role = node.getAttribute("role");
    const words = (node.getAttribute("aria-label") ?? node.innerText ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `<${node.localName}${id}${role ? ` role=${role}` : ""}>${words ? ` "${words}"` : ""}`;
  };

  // ---- aiming -----------------------------------------------------------------------------
  const deepest = (x, y) => {
    let hit = doc.elementFromPoint(x, y);
    while (hit && hit.shadowRoot) {
      const inner = hit.shadowRoot.elementFromPoint(x, y);
      if (!inner || inner === hit) break;
      hit = inner;
    }
    return hit;
  };
  const pointsOf = (node) => {
    const points = [];
    const clip = { right: doc.documentElement.clientWidth || win.innerWidth, bottom: win.innerHeight };
    for (const box of [...node.getClientRects()].slice(0, 6)) {
      const left = Math.max(box.left, 0), right = Math.min(box.right, clip.right);
      const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, clip.bottom);
      if (right - left < 1 || bottom - top < 1) continue;
      const at = (fx, fy) => points.push([left + (right - left) * fx, top + (bottom - top) * fy]);
      at(0.5, 0.5); at(0.25, 0.5); at(0.75, 0.5); at(0.5, 0.2); at(0.5, 0.8); at(0.05, 0.5); at(0.95, 0.5);
    }
    return points;
  };
  const free = () => {
    let cover = null;
    for (const [x, y] of pointsOf(surface)) {
      const hit = deepest(x, y);
      if (hit && belongs(chain(hit))) return { x, y };
      cover = cover ?? hit;
    }
    return { cover };
  };
  const inView = (node) => {
    const box = node.getBoundingClientRect();
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    return x >= 0 && y >= 0 && x <= win.innerWidth && y <= win.innerHeight;
  };
  const disabled = () =>
    element.matches(":disabled") || element.closest('[aria-disabled="true"]') !== null ||
    element.closest("[inert]") !== null;
  const aim = () => {
    misses.length = 0;
    landed.clear();
    if (!element.isConnected) return { state: "detached" };
    surface = surfaceOf(element);
    if (!surface) return { state: "hidden" };
    if (options.enabled && disabled()) return { state: "disabled" };
    const framed = win !== win.top;
    let cover = null;
    for (const block of [inView(surface) ? "" : "center", "center", "end", "start", "nearest"]) {
      if (block) surface.scrollIntoView({ block, inline: "center", behavior: "instant" });
      const found = free();
      if (found.x !== undefined) return { state: "free", x: found.x, y: found.y, framed };
      cover = cover ?? found.cover;
    }
    return cover ? { state: "covered", by: describe(cover), framed } : { state: "hidden" };
  };

  // ---- what changed -----------------------------------------------------------------------
  const focused = () => {
    let at = doc.activeElement;
    while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
    return at;
  };
  const EDITABLE = 'input:not([type=button]):not([type=submit]):not([type=reset]):not([type=image]),select,textarea,[contenteditable=""],[contenteditable=true]';
  const picture = (canvas) => {
    try {
      const data = canvas.toDataURL();
      let sum = 0;
      for (let i = 0; i < data.length; i += 1) sum = (sum * 31 + data.charCodeAt(i)) | 0;
      return String(sum);
    } catch {
      return "";
    }
  };
  const STATES = ["aria-checked", "aria-expanded", "aria-pressed", "aria-selected", "aria-current", "open"];
  const stateOf = (node) => {
    if (!node) return "";
    const parts = STATES.map((name) => node.getAttribute(name) ?? "");
    const control = node.nodeName === "LABEL" && node.control ? node.control : node;
    parts.push(control.value ?? "", control.checked ?? "", control.indeterminate ?? "");
    if (control.selectedOptions) parts.push([...control.selectedOptions].map((o) => o.index).join());
    if (node.nodeName === "CANVAS") parts.push(picture(node));
    return parts.join("\u0001");
  };
  const formsOf = () => {
    const controls = doc.querySelectorAll("input,select,textarea,video,audio");
    let sum = 0;
    for (let i = 0; i < Math.min(controls.length, 400); i += 1) {
      const one = controls[i];
      const text = `${one.type === "select-multiple" ? stateOf(one) : one.value}|${one.checked}|${one.paused}`;
      for (let k = 0; k < text.length; k += 1) sum = (sum * 31 + text.charCodeAt(k)) | 0;
    }
    return sum;
  };
  const layers = () => {
    try {
      return doc.querySelectorAll(":popover-open,dialog[open]").length;
    } catch {
      return 0;
    }
  };
  const fingerprint = () => ({
    url: win.location.href,
    title: doc.title,
    target: stateOf(element),
    forms: formsOf(),
    layers: layers(),
    scroll: `${win.scrollX},${win.scrollY}`,
    focus: focused(),
  });

  const before = fingerprint();
  const effects = new Set();
  const misses = [];
  const landed = new Set();
  const counts = new Map();
  let quiet = true;
  let invalid = "";
  let acting = false;
  let acted = false;
  let wake = null;
  const tell = (effect) => {
    effects.add(effect);
    if (wake) wake();
  };

  // What changes again and again is an animation or a ticker, and no effect.
  const repeated = (node) => (counts.get(node) ?? 0) > 3;
  const SHOWN = /(display|visibility)\s*:\s*[\w-]+/g;
  const shown = (style) => (style ?? "").match(SHOWN)?.join() ?? "";
  const telling = (record) => {
    if (record.type !== "attributes" || record.attributeName !== "style") return true;
    return shown(record.oldValue) !== shown(record.target.getAttribute("style"));
  };
  const sort = (records) => {
    if (!acted) {
      if (records.length > 0) quiet = false;
      return;
    }
    for (const record of records) {
      counts.set(record.target, (counts.get(record.target) ?? 0) + 1);
      if (acting && quiet && telling(record)) tell("dom");
      else if (wake) wake();
    }
  };
  const observer = new MutationObserver(sort);
  const WHAT = { childList: true, attributes: true, attributeOldValue: true, characterData: true, subtree: true };
  const roots = [doc];
  for (const node of doc.querySelectorAll("*")) if (node.shadowRoot) roots.push(node.shadowRoot);
  for (let at = 1; at < roots.length; at += 1) {
    for (const node of roots[at].querySelectorAll("*")) if (node.shadowRoot) roots.push(node.shadowRoot);
  }

  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    sort(observer.takeRecords());
    acting = false;
    const now = stateOf(element);
    if (element && now !== before.target) tell("state");
  };
  const begin = () => {
    sort(observer.takeRecords());
    acted = true;
    acting = true;
    channel.port2.postMessage(0);
  };

  const POINTER = ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "auxclick", "dblclick"];
  const onPointer = (event) => {
    if (!event.isTrusted || !options.guard) return;
    const path = event.composedPath();
    const released = event.type === "pointerup" || event.type === "mouseup";
    if (belongs(path) || (released && landed.has("mousedown"))) {
      landed.add(event.type);
      begin();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    misses.push({ type: event.type, on: describe(path[0]) });
    if (wake) wake();
  };
  const onKey = (event) => {
    if (!event.isTrusted) return;
    landed.add(event.type);
    begin();
  };
  const onHover = (event) => {
    if (element && belongs(event.composedPath())) landed.add("hover");
    begin();
  };
  const onFocus = () => {
    if (!acted) return;
    const now = focused();
    if (now === before.focus || !now || now === doc.body) return;
    if (now.matches(EDITABLE) || (element && !belongs(chain(now)))) tell("focus");
  };
  const after = (effect) => () => {
    if (acted) tell(effect);
  };
  // Leaving a field that was edited before is no effect of this act.
  const onChange = (event) => {
    if (acted && (event.target !== before.focus || (element && belongs(chain(event.target))))) tell("change");
  };
  const onNavigate = (event) => {
    if (!acted) return;
    queueMicrotask(() => {
      if (event.defaultPrevented && !event.destination.sameDocument && !event.canIntercept) return;
      tell(event.downloadRequest !== null ? "download" : event.destination.sameDocument ? "url" : "leaving");
    });
  };
  const onInvalid = (event) => {
    if (!acted) return;
    const field = event.target;
    const name = labels(field).map((label) => label.innerText.trim())[0] ?? field.name ?? field.type;
    invalid = invalid || `${name}: ${field.validationMessage}`;
    if (wake) wake();
  };

  const listeners = [
    ...POINTER.map((type) => [type, onPointer]),
    ["keydown", onKey],
    ["focusin", onFocus],
    ["scroll", after("scroll")],
    ["input", after("input")],
    ["change", onChange],
    ["toggle", after("toggle")],
    ["fullscreenchange", after("fullscreen")],
    ["copy", after("clipboard")],
    ["invalid", onInvalid],
  ];
  if (options.hover) listeners.push(["mouseover", onHover]);
  let listening = false;
  const start = () => {
    if (listening) return;
    listening = true;
    for (const root of roots) observer.observe(root, WHAT);
    for (const [type, listener] of listeners) win.addEventListener(type, listener, true);
    if (win.navigation) win.navigation.addEventListener("navigate", onNavigate);
  };
  const stop = () => {
    listening = false;
    observer.disconnect();
    for (const [type, listener] of listeners) win.removeEventListener(type, listener, true);
    if (win.navigation) win.navigation.removeEventListener("navigate", onNavigate);
  };
  start();

  const compare = () => {
    const now = fingerprint();
    if (now.url !== before.url) effects.add("url");
    if (now.title !== before.title) effects.add("title");
    if (element && now.target !== before.target) effects.add("state");
    if (now.forms !== before.forms) effects.add("forms");
    if (now.layers !== before.layers) effects.add("layers");
    if (element && !element.isConnected) effects.add("dom");
  };
  const changed = () => [...counts.keys()].some((node) => !repeated(node));
  const report = () => ({
    effects: [...effects],
    late: changed(),
    misses,
    landed: [...landed],
    invalid,
    connected: element ? element.isConnected : true,
    url: win.location.href,
  });

  return {
    aim: () => {
      start();
      quiet = true;
      return aim();
    },
    begin: () => {
      begin();
    },
    // Resolves as soon as an effect is seen, else after `limit` ms, and stops watching. Changes that came later than
    // the events themselves are given `grace` ms to show that they are no mere animation.
    wait: (limit, grace) => new Promise((resolve) => {
      let graceTimer = 0;
      const done = () => {
        wake = null;
        clearTimeout(timer);
        clearTimeout(graceTimer);
        sort(observer.takeRecords());
        compare();
        stop();
        resolve(report());
      };
      const timer = setTimeout(done, limit);
      const consider = () => {
        if (effects.size > 0 || misses.length > 0 || invalid) return done();
        if (changed() && graceTimer === 0) {
          graceTimer = setTimeout(() => {
            graceTimer = 0;
            if (changed()) done();
          }, grace);
        }
      };
      wake = consider;
      // The events' own task is over once this message arrives.
      const turn = new MessageChannel();
      turn.port1.onmessage = () => {
        if (wake !== consider) return;
        sort(observer.takeRecords());
        compare();
        consider();
      };
      turn.port2.postMessage(0);
    }),
    stop,
  };
}
