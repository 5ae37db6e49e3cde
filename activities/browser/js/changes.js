// What changes in a document around an act, and whether that is the act's doing.
//
// A change made while an event of the user is handled is the act's. One that comes later counts
// only where it neither happened before the act nor goes on happening by itself: clocks,
// carousels, feeds and advertisements go on, what an act brings about comes to an end.
// `parts`: { doc, roots, related (whether a place belongs to the target), tell (an effect is
// sure), wake (something to consider) }.
(parts) => {
  const { doc, roots, related, tell, wake } = parts;
  const win = doc.defaultView;
  const WHAT = { childList: true, attributes: true, attributeOldValue: true, characterData: true, subtree: true };
  const USER = /^(pointer|mouse|key|drag|focus|touch)|^(click|dblclick|auxclick|contextmenu|beforeinput|input|change|submit|reset|drop|blur|toggle|beforetoggle|select|copy|cut|paste|cancel|close|invalid|wheel|popstate|hashchange)$/;
  const PROMPT_MS = 35;
  const CONTROL_MS = { near: 250, again: 700, plain: 1100, turning: 5000 };
  const SLOW_MS = 500;

  // Time as the page had it: where a busy machine lets the page stand still, its timers stand
  // still too, and nothing follows from their silence.
  const MOST_MS = 60;
  let passed = 0;
  let looked = performance.now();
  const pass = () => {
    const now = performance.now();
    passed += Math.min(now - looked, MOST_MS);
    looked = now;
  };

  const places = new Map();
  let acted = 0;
  let acting = false;
  let quiet = true;
  let shadowed = false;

  const handling = () => {
    const event = win.event;
    return acted > 0 && event !== undefined && event !== null && event.isTrusted && USER.test(event.type);
  };
  const placeOf = (record) => (record.type === "characterData" ? record.target.parentNode ?? record.target : record.target);
  const SILENT = /^(SCRIPT|STYLE|LINK|META|NOSCRIPT|TEMPLATE)$/;
  const FOREIGN = /^(SCRIPT|STYLE|LINK|META|NOSCRIPT|TEMPLATE|IFRAME|INS|IMG)$/;
  const SHOWN = /(display|visibility)\s*:\s*[\w-]+/g;
  const shown = (style) => (style ?? "").match(SHOWN)?.join() ?? "";
  const said = (node) => node.nodeType !== 8 && !FOREIGN.test(node.nodeName) && (node.nodeType === 1 || node.data.trim() !== "");
  const silent = (record) => {
    if (record.target.nodeName === "TITLE") return false;
    if (SILENT.test(record.target.nodeName)) return true;
    if (record.target.nodeName === "HEAD") return true;
    return record.type === "attributes" && record.oldValue === record.target.getAttribute(record.attributeName);
  };
  const onlyLooks = (record) =>
    record.type === "attributes" && record.attributeName === "style" &&
    shown(record.oldValue) === shown(record.target.getAttribute("style"));
  // What takes the place of its like: the next picture of a carousel, another advertisement.
  const turning = (record, all) => {
    if (onlyLooks(record)) return true;
    if (record.type === "attributes") {
      return all.some((other) => other !== record && other.type === "attributes" &&
        other.attributeName === record.attributeName && other.target !== record.target &&
        other.target.parentNode === record.target.parentNode);
    }
    if (record.type === "characterData") return true;
    const nodes = all.filter((other) => other.type === "childList" && other.target === record.target);
    const added = nodes.flatMap((other) => [...other.addedNodes]).filter(said);
    const removed = nodes.flatMap((other) => [...other.removedNodes]).filter(said);
    return added.length === removed.length;
  };

  const note = (place, turns, at) => {
    let seen = places.get(place);
    if (!seen) places.set(place, seen = { before: false, turns: true, near: related(place), times: [], last: 0 });
    if (acted === 0) {
      seen.before = true;
      return;
    }
    seen.turns = seen.turns && turns;
    pass();
    seen.last = passed;
    if (seen.times.length === 0 || at - seen.times[seen.times.length - 1] > 10) seen.times.push(at);
    if (seen.times.length > 40) seen.times.shift();
  };
  const sort = (records, own = false) => {
    const telling = records.filter((record) => !silent(record));
    if (telling.length === 0) return;
    if (acted === 0) quiet = false;
    const at = performance.now();
    const certain = own && telling.find((record) => !places.get(placeOf(record))?.before || record.type !== "attributes");
    if (certain) {
      tell(certain.target.nodeName === "TITLE" ? "title" : "dom");
      return;
    }
    if (acting && shadowed && quiet && telling.some((record) => !onlyLooks(record))) tell("dom");
    for (const record of telling) note(placeOf(record), turning(record, telling), at);
    if (acted > 0) wake();
  };

  // own, open (not decided yet) or by itself; with `last` nothing stays open.
  const verdict = (seen, last) => {
    const { times } = seen;
    if (seen.before || times.length === 0) return "itself";
    const gaps = times.slice(1).map((time, at) => time - times[at]);
    const widest = Math.max(0, ...gaps);
    if (widest >= SLOW_MS) return "itself";
    const still = passed - seen.last;
    if (times.length === 1) {
      const prompt = times[0] - acted < PROMPT_MS;
      const control = seen.near || (prompt && !seen.turns) ? CONTROL_MS.near : seen.turns ? CONTROL_MS.turning : CONTROL_MS.plain;
      return still >= control ? "own" : "open";
    }
    if (still >= Math.max(CONTROL_MS.again, 3 * widest)) return "own";
    return last && times.length > 3 ? "itself" : "open";
  };

  const observer = new MutationObserver((records) => sort(records, handling()));
  return {
    start: () => {
      for (const root of roots) observer.observe(root, WHAT);
    },
    stop: () => observer.disconnect(),
    // From here on changes may be the act's; what was there before is not.
    begin: (inShadow) => {
      sort(observer.takeRecords());
      if (acted === 0) acted = performance.now();
      acting = true;
      shadowed = inShadow;
    },
    // The act's own task is over.
    end: () => {
      sort(observer.takeRecords());
      acting = false;
    },
    afresh: () => {
      quiet = true;
    },
    began: () => acted,
    scrolled: (place) => {
      if (acted > 0) note(place, true, performance.now());
    },
    // `own`: one change at least is the act's; `open`: that may still turn out.
    judge: (last) => {
      sort(observer.takeRecords());
      pass();
      const found = [...places.values()].map((seen) => verdict(seen, last));
      return { own: found.includes("own"), open: found.includes("open"), any: [...places.values()].some((seen) => seen.times.length > 0) };
    },
  };
}
