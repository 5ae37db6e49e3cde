// Watches a document while one act goes on: where its events land, and what they change.
// Returns an object that the driver keeps by handle; nothing is left in the page's globals.
// An event of the pointer that misses the chosen element is stopped before the page sees it.
// `options`: { guard, enabled, hover, at (where in the element's box to aim, else null),
// called (what stood on the element when it was chosen, "" where that does not matter), keys
// (keep what is typed from other fields than the element) }.
(element, options, parts) => {
  const doc = element ? element.ownerDocument : document;
  const win = doc.defaultView;
  const PATIENCE_MS = 5500;

  // ---- what belongs to the target -------------------------------------------------------
  const up = (node) => node.assignedSlot ?? node.parentNode ?? node.host ?? null;
  const chain = (node) => {
    const nodes = [];
    for (let at = node; at; at = up(at)) nodes.push(at);
    return nodes;
  };
  // Closed shadow roots around the target: only from inside can they be seen.
  const closed = new Map();
  for (const node of element ? chain(element) : []) {
    if (node instanceof win.ShadowRoot && node.mode === "closed") closed.set(node.host, node);
  }
  const rootIn = (host) => host.shadowRoot ?? closed.get(host) ?? null;
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
  const pathOfEvent = (event) => {
    const path = event.composedPath();
    return closed.has(path[0]) ? chain(deepest(event.clientX, event.clientY)) : path;
  };
  const describe = (node) => {
    if (!node || node.nodeType !== 1) return "the page";
    const id = node.id ? `#${node.id}` : "";
    const role = node.getAttribute("role");
    const words = (node.getAttribute("aria-label") ?? node.innerText ?? "").trim().replace(/\s+/g, " ").slice(0, 40).replace(/[\ud800-\udbff]$/, "");
    return `<${node.localName}${id}${role ? ` role=${role}` : ""}>${words ? ` "${words}"` : ""}`;
  };

  // ---- what stands on the target ----------------------------------------------------------
  const wordsIn = (text) => (text ?? "").toLowerCase().match(/\p{L}{2,}/gu) ?? [];
  const called = new Set(wordsIn(options.called));
  const renamed = () => {
    if (!called.size || !element.isConnected || element.matches("select,textarea")) return false;
    const now = wordsIn(element.nodeName === "INPUT" ? "" : element.innerText);
    return now.length > 0 && !now.some((word) => called.has(word));
  };
  let refused = false;

  // ---- aiming -----------------------------------------------------------------------------
  const deepest = (x, y) => {
    let hit = doc.elementFromPoint(x, y);
    while (hit && rootIn(hit)) {
      const inner = rootIn(hit).elementFromPoint(x, y);
      if (!inner || inner === hit) break;
      hit = inner;
    }
    return hit;
  };
  const pointsOf = (node) => {
    if (options.at) {
      const box = element.getBoundingClientRect();
      return [[box.left + options.at.x, box.top + options.at.y]];
    }
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
    const x = box.left + (options.at ? options.at.x : box.width / 2);
    const y = box.top + (options.at ? options.at.y : box.height / 2);
    return x >= 0 && y >= 0 && x <= win.innerWidth && y <= win.innerHeight;
  };
  const disabled = () =>
    element.matches(":disabled") || element.closest('[aria-disabled="true"]') !== null ||
    element.closest("[inert]") !== null;
  const aim = () => {
    misses.length = 0;
    landed.clear();
    refused = false;
    if (!element.isConnected) return { state: "detached" };
    surface = surfaceOf(element);
    if (!surface) return { state: "hidden" };
    if (options.enabled && disabled()) return { state: "disabled" };
    const framed = win !== win.top;
    let cover = null;
    for (const block of [inView(surface) ? "" : "center", "center", "end", "start", "nearest"]) {
      if (block) surface.scrollIntoView({ block, inline: "center", behavior: "instant" });
      const found = free();
      if (found.x !== undefined) return { state: "free", x: found.x, y: found.y, framed, scrolled: block !== "" };
      cover = cover ?? found.cover;
    }
    return cover ? { state: "covered", by: describe(cover), framed } : { state: "hidden" };
  };

  // ---- what changed -----------------------------------------------------------------------
  const focused = () => {
    let at = doc.activeElement;
    while (at && rootIn(at) && rootIn(at).activeElement) at = rootIn(at).activeElement;
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
  const selection = () => {
    const now = focused();
    const within = now && "selectionStart" in now ? `${now.selectionStart},${now.selectionEnd}` : "";
    return `${within}|${win.getSelection()}`;
  };
  // What a style sheet shows while the pointer rests on something changes nothing in the document.
  const uncovered = () => {
    const around = [element, element?.parentElement].filter((node) => node && node !== doc.body);
    const top = around[around.length - 1];
    if (!options.hover || !top) return 0;
    let count = 0;
    for (const node of [...top.querySelectorAll("*")].slice(0, 400)) {
      if (node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) count += 1;
    }
    return count;
  };
  const fingerprint = () => ({
    uncovered: uncovered(),
    url: win.location.href,
    target: stateOf(element),
    forms: formsOf(),
    layers: layers(),
    scroll: `${win.scrollX},${win.scrollY}`,
    focus: focused(),
    selection: selection(),
  });

  const before = fingerprint();
  const effects = new Set();
  const misses = [];
  const landed = new Set();
  let invalid = "";
  let wake = null;
  const tell = (effect) => {
    effects.add(effect);
    if (wake) wake();
  };

  const roots = [doc, ...closed.values()];
  for (const node of doc.querySelectorAll("*")) if (node.shadowRoot) roots.push(node.shadowRoot);
  for (let at = 1; at < roots.length; at += 1) {
    for (const node of roots[at].querySelectorAll("*")) if (node.shadowRoot) roots.push(node.shadowRoot);
  }
  const REFERS = ["aria-controls", "aria-owns", "aria-describedby", "popovertarget", "data-target", "data-bs-target", "href"];
  const referred = () => {
    const names = REFERS.flatMap((name) => (element.getAttribute(name) ?? "").split(/\s+/)).filter(Boolean);
    return names.map((name) => doc.getElementById(name.replace(/^#/, ""))).filter(Boolean);
  };
  const targets = element ? [element, ...referred()] : [];
  const changes = parts.changes({
    doc,
    roots: [...new Set(roots)],
    related: (place) => targets.some((target) => target === place || target.contains(place)),
    tell,
    wake: () => wake && wake(),
  });
  // A canvas that draws by itself has changed by the act only where it comes to rest anew.
  const canvas = element && element.nodeName === "CANVAS" ? { before: "", last: "", since: 0 } : null;
  const drawn = () => {
    if (!canvas || !canvas.before) return false;
    const now = picture(element);
    const at = performance.now();
    if (now !== canvas.last) Object.assign(canvas, { last: now, since: at });
    return now !== canvas.before && at - canvas.since > 200;
  };

  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    changes.end();
    if (element && stateOf(element) !== before.target) tell("state");
  };
  const inShadow = element !== null && element.getRootNode() !== doc;
  const begin = () => {
    if (canvas && changes.began() === 0) canvas.before = picture(element);
    if (changes.began() === 0) place = placeNow();
    changes.begin(inShadow);
    channel.port2.postMessage(0);
  };

  const POINTER = ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "auxclick", "dblclick"];
  const onPointer = (event) => {
    if (!event.isTrusted || !options.guard) return;
    const path = pathOfEvent(event);
    const released = event.type === "pointerup" || event.type === "mouseup";
    refused = refused || (!landed.has("mousedown") && renamed());
    if (!refused && (belongs(path) || (released && landed.has("mousedown")))) {
      landed.add(event.type);
      begin();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    misses.push({ type: event.type, on: describe(path[0]) });
    if (wake) wake();
  };
  // A page may move the focus while something is typed. Boxes of a code hand on from one to the
  // next, and some fields open another one to be typed into; a password goes nowhere else.
  const FIELDS = 'input,textarea,[contenteditable=""],[contenteditable=true]';
  const fields = new Set(options.keys ? doc.querySelectorAll(FIELDS) : []);
  const boxOfCode = (node) => node.maxLength > 0 && node.maxLength <= 2;
  const strays = (event) => {
    const at = event.composedPath()[0];
    if (!options.keys || !element.matches("input,textarea") || element.readOnly) return false;
    if (closed.has(at) || !at.matches?.(FIELDS) || belongs(event.composedPath())) return false;
    return element.type === "password" ? !boxOfCode(element) : fields.has(at) && !(boxOfCode(element) && boxOfCode(at));
  };
  const kept = (event) => {
    if (!event.isTrusted || !strays(event)) return false;
    event.preventDefault();
    event.stopImmediatePropagation();
    misses.push({ type: event.type, on: describe(event.composedPath()[0]) });
    return true;
  };
  const onKey = (event) => {
    if (!event.isTrusted || kept(event)) return;
    landed.add(event.type);
    begin();
  };
  const onHover = (event) => {
    if (element && belongs(pathOfEvent(event))) landed.add("hover");
    begin();
  };
  const onFocus = () => {
    if (!changes.began()) return;
    const now = focused();
    if (now === before.focus || !now || now === doc.body) return;
    if (now.matches(EDITABLE) || (element && !belongs(chain(now)))) tell("focus");
  };
  const after = (effect) => () => {
    if (changes.began()) tell(effect);
  };
  const nearby = (node) => {
    const around = [node.parentElement, node.parentElement?.parentElement].filter((at) => at && at !== doc.body && at !== doc.documentElement);
    return around[around.length - 1] ?? node;
  };
  // Where content grows above, browsers scroll to keep what is seen in its place.
  let place = null;
  const placeNow = () => {
    const box = element ? element.getBoundingClientRect() : { left: -win.scrollX, top: -win.scrollY };
    return [box.left, box.top];
  };
  const moved = () => place === null || placeNow().some((at, axis) => Math.abs(at - place[axis]) > 2);
  // The page itself scrolls because of an act; what scrolls in it may be a carousel.
  const onScroll = (event) => {
    if (!changes.began()) return;
    const box = event.target;
    const whole = box === doc || box === doc.scrollingElement;
    if (whole ? moved() : (element && (box.contains(element) || nearby(element).contains(box)))) tell("scroll");
    else changes.scrolled(box);
  };
  // Leaving a field that was edited before is no effect of this act.
  const onChange = (event) => {
    if (changes.began() && (event.target !== before.focus || (element && belongs(chain(event.target))))) tell("change");
  };
  const onNavigate = (event) => {
    if (!changes.began()) return;
    queueMicrotask(() => {
      if (event.defaultPrevented && !event.destination.sameDocument && !event.canIntercept) return;
      tell(event.downloadRequest !== null ? "download" : event.destination.sameDocument ? "url" : "leaving");
    });
  };
  const onInvalid = (event) => {
    if (!changes.began()) return;
    const field = event.target;
    const name = labels(field).map((label) => label.innerText.trim())[0] ?? field.name ?? field.type;
    invalid = invalid || `${name}: ${field.validationMessage}`;
    if (wake) wake();
  };

  const listeners = [
    ...POINTER.map((type) => [type, onPointer]),
    ["keydown", onKey],
    ["keypress", kept],
    ["beforeinput", kept],
    ["focusin", onFocus],
    ["scroll", onScroll],
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
    changes.start();
    for (const [type, listener] of listeners) win.addEventListener(type, listener, true);
    if (win.navigation) win.navigation.addEventListener("navigate", onNavigate);
  };
  const stop = () => {
    listening = false;
    changes.stop();
    for (const [type, listener] of listeners) win.removeEventListener(type, listener, true);
    if (win.navigation) win.navigation.removeEventListener("navigate", onNavigate);
  };
  start();
  if (options.begun) begin();

  const compare = () => {
    if (!changes.began()) return;
    const now = fingerprint();
    if (now.url !== before.url) effects.add("url");
    if (element && now.target !== before.target) effects.add("state");
    if (now.forms !== before.forms) effects.add("forms");
    if (now.layers !== before.layers) effects.add("layers");
    if (landed.has("keydown") && now.selection !== before.selection) effects.add("selection");
    if (now.uncovered !== before.uncovered) effects.add("shown");
    if (element && !element.isConnected) effects.add("dom");
  };
  const report = () => ({
    effects: [...effects],
    misses,
    landed: [...landed],
    invalid,
    connected: element ? element.isConnected : true,
    url: win.location.href,
  });

  // How often and when the page asked for an address before the act, by its path.
  const pathOf = (url) => url.split(/[?#]/)[0];
  const asked = (url) => win.performance.getEntriesByType("resource")
    .filter((entry) => pathOf(entry.name) === pathOf(url) && entry.startTime < changes.began())
    .map((entry) => entry.startTime);
  const OFTEN_MS = 10000;
  const steady = (times) => {
    if (times.length < 3) return false;
    const last = times[times.length - 1];
    if (times.filter((time) => last - time < OFTEN_MS).length > 3) return true;
    const gaps = times.slice(-4).slice(1).map((time, at) => time - times.slice(-4)[at]);
    return Math.max(...gaps) < 1.3 * Math.min(...gaps) + 20;
  };

  return {
    aim: () => {
      start();
      changes.afresh();
      const nature = parts.nature(element);
      return { ...aim(), nature };
    },
    // Lists that draw their rows as they scroll have done so after a frame.
    frame: () => new Promise((resolve) => {
      setTimeout(resolve, 60);
      win.requestAnimationFrame(() => setTimeout(resolve, 0));
    }),
    report,
    // Which requests, given as { url, late }, the page makes by itself: late ones that it made
    // before, and those that keep a rhythm.
    routine: (requests) => requests.map(({ url, late }) => {
      if (!changes.began()) return true;
      const times = asked(url);
      return times.length > 0 && (late || steady([...times, win.performance.now()]));
    }),
    // Resolves as soon as an effect is seen, else after `limit` ms, and stops watching. With
    // `patient`, changes that may be the page's own are then followed until that is clear.
    wait: (limit, patient) => new Promise((resolve) => {
      const started = performance.now();
      let timer = 0;
      const done = () => {
        wake = null;
        clearTimeout(timer);
        compare();
        // No event tells of a pointer that rested there before. Old documents want a tag's name here.
        if (options.hover && surface?.matches(`${CSS.escape(surface.localName)}:hover`)) landed.add("hover");
        stop();
        resolve(report());
      };
      const consider = () => {
        if (effects.size > 0 || misses.length > 0 || invalid) return done();
        const spent = performance.now() - started;
        const late = spent >= limit;
        const found = changes.judge(late);
        if (drawn()) tell("state");
        if (effects.size > 0) return done();
        if (found.own || (found.open && late && (!patient || spent >= limit + PATIENCE_MS))) {
          effects.add("dom");
          return done();
        }
        if (late && !found.open) return done();
        clearTimeout(timer);
        timer = setTimeout(consider, late || found.open || canvas ? 40 : limit - spent);
      };
      wake = () => {
        if (effects.size > 0 || misses.length > 0 || invalid) consider();
        else if (timer === 0) timer = setTimeout(consider, 40);
      };
      // The events' own task is over once this message arrives.
      const turn = new MessageChannel();
      turn.port1.onmessage = () => {
        if (wake === null) return;
        changes.judge(false);
        compare();
        consider();
      };
      turn.port2.postMessage(0);
    }),
    stop,
  };
}
