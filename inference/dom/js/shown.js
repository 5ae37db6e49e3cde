/** Whether people can see it: covered, clipped, or in the colour of what lies behind. Needs `shadowOf`. */

function boxOf(el) {
  const r = el.getBoundingClientRect();
  return { x: r.x, y: r.y, width: r.width, height: r.height };
}

function within(outer, inner) {
  for (let n = inner; n; n = n.parentNode || n.host) if (n === outer) return true;
  return false;
}

function deepestAt(x, y) {
  let hit = document.elementFromPoint(x, y);
  for (let shadow = hit && shadowOf(hit); shadow; shadow = shadowOf(hit)) {
    const deeper = shadow.elementFromPoint(x, y);
    if (!deeper || deeper === hit || !shadow.contains(deeper)) break;
    hit = deeper;
  }
  return hit;
}

/** Whether something lies over the middle of the box; what is scrolled out of its area isn't covered. */
function isCovered(el, box, clip) {
  if (box.y > innerHeight || box.x > innerWidth || box.x + box.width < 0 || box.y + box.height < 0) return false;
  const x = Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1);
  const y = Math.min(Math.max(box.y + box.height / 2, 0), innerHeight - 1);
  if (clip && (x < clip.x || y < clip.y || x > clip.x + clip.width || y > clip.y + clip.height)) return false;
  const hit = deepestAt(x, y);
  if (!hit) return false;
  if (within(el, hit) || within(hit, el)) return false;
  if (el.labels) for (const label of el.labels) if (within(label, hit)) return false;
  const host = el.getRootNode().host;
  return !(host && within(host, hit));
}

const CLEAR = 'rgba(0, 0, 0, 0)';
const alike = new Map();

function channels(colour) {
  const parts = colour.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
  return parts ? [+parts[1], +parts[2], +parts[3], parts[4] === undefined ? 1 : +parts[4]] : null;
}

/** Whether text of this colour can't be told from the background (both as computed). */
function sameColour(colour, background) {
  const key = colour + background;
  let same = alike.get(key);
  if (same === undefined) {
    const a = channels(colour), b = channels(background);
    same = !!a && (a[3] < 0.06 || (!!b && b[3] > 0.9 &&
      Math.abs(a[0] - b[0]) * a[3] + Math.abs(a[1] - b[1]) * a[3] + Math.abs(a[2] - b[2]) * a[3] < 24));
    alike.set(key, same);
  }
  return same;
}

const paints = (cs) => cs.backgroundColor !== CLEAR || cs.backgroundImage !== 'none';

/** Whether anything but the backgrounds of its ancestors is painted around the box. */
function paintedBehind(el, box) {
  const touches = (other) => {
    const r = other.getBoundingClientRect();
    return r.width > 0 && r.x < box.x + box.width && r.right > box.x && r.y < box.y + box.height && r.bottom > box.y;
  };
  for (let at = el, depth = 0; at && depth < 8; at = at.parentElement || at.getRootNode().host, depth++) {
    for (const part of ['::before', '::after']) {
      const cs = getComputedStyle(at, part);
      if (cs.content !== 'none' && cs.content !== 'normal' && paints(cs)) return true;
    }
    const around = at.parentElement ? at.parentElement.children : [];
    for (let i = 0; i < around.length && i < 40; i++) {
      if (around[i] !== at && touches(around[i]) && (paints(getComputedStyle(around[i])) ||
        around[i].matches('img,video,canvas,svg,picture,iframe') || around[i].querySelector('img,video,canvas,svg,iframe'))) return true;
    }
  }
  return false;
}

/** Whether people can't read the element's own text: its colour, or next to no size. */
function unreadable(el, cs, background) {
  const colour = cs.webkitTextFillColor;
  if (parseFloat(cs.fontSize) < 3) return true;
  if (!sameColour(colour, background)) return false;
  if (cs.webkitBackgroundClip === 'text' || cs.textShadow !== 'none' || parseFloat(cs.webkitTextStrokeWidth) > 0) return false;
  return !paintedBehind(el, boxOf(el));
}

/** Whether an absolute or fixed element lies wholly where nobody can scroll to. */
function offPage(el) {
  const r = el.getBoundingClientRect();
  return r.width > 0 && (r.right + scrollX <= 0 || r.bottom + scrollY <= 0);
}
