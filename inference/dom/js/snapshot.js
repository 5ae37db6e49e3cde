/**
 * One pass over a frame: what is visible and can be acted on, with the words around it.
 *
 * `given.frames` are the elements of child frames, for `given.roots` and `given.without` see
 * roots.js. Returns {json, nodes, areas, pictures, suspects, roots, kinds}: `json` is a FrameView
 * (inference/observation.py), `nodes[ref]` the DOM element of each of its elements, `areas` and
 * `pictures` those of its areas and pictures. Touches nothing in the page.
 */
const MAX_ELEMENTS = 3000, MAX_NODES = 20000, MAX_NOTICES = 4000, LONG = 420;
const LONG_LIST = 40, LIST_HEAD = 24, LIST_TAIL = 4;
const AD = /^(ad|ads|advert|advertisement|sponsored|promoted|anzeige|werbung|gesponsert|annonce|publicité|patrocinado|paid|featured partner)\b.{0,24}$/i;
const AD_CLASS = /^(sponsored|promoted|advert(isement)?|ads?|ad-?(slot|unit|box|card|item|banner)|werbung|anzeige)$/i;
const PASSING = /(^|[-_])(active|selected|first|last|odd|even|open|on|hover|current)$/;
const TITLED = /(^|[-_])(title|heading|head|hd|header|caption|legend)/i;
const NO_HEAD = new Set(['label', 'td', 'th', 'dt', 'dd', 'option', 'a', 'button', 'b', 'strong', 'em', 'font']);
const INLINE = new Set(['inline', 'contents', 'ruby']);
const CONTROLS = new Set(['input', 'textarea', 'select']);
const PICTURES = new Set(['img', 'canvas']);
const NO_CLASSES = [];

const found = [], notices = [], layers = [], forms = [], pending = [], areas = [], pictures = [], frames = [];
const crowded = document.getElementsByTagName('*').length > MAX_NODES;
const bodySize = document.body ? parseFloat(getComputedStyle(document.body).fontSize) : 16;
let count = 0, lastText = '', truncated = false;

function classesOf(el) {
  if (!el.hasAttribute('class')) return NO_CLASSES;
  return [...el.classList].slice(0, 6).filter((c) => c.length < 40 && !PASSING.test(c));
}

function newNode(el, tag, parent) {
  const node = { el, tag, classes: classesOf(el), kids: [], text: '', long: false, record: null, parent, heading: false,
    headed: false, head: '', block: -2, ad: false, adOwn: false, cut: false, candidate: null, display: '', nth: 0, path: '', tags: null, lost: false, unread: false, scrolls: false };
  node.adOwn = node.classes.some((c) => AD_CLASS.test(c));
  return node;
}

/** Where the candidate is: its own box, or that of the label or drawing that stands for it; null: unseen. */
function placeOf(el, tag, role, cs, ctx, interactive) {
  const box = boxOf(el), seeThrough = ctx.opacity < 0.05, tiny = box.width < 3 || box.height < 3;
  let place = { target: el, box };
  if (tiny || seeThrough || ctx.srOnly) {
    const ticks = tag === 'input' && (role === 'checkbox' || role === 'radio');
    const label = (ticks || (tag === 'input' && el.type === 'file')) && el.labels && el.labels[0];
    const host = label && boxOf(label);
    if (label && host.width > 2 && host.height > 2 && getComputedStyle(label).visibility === 'visible') place = { target: label, box: host };
    else if (tiny && interactive && cs.display === 'inline' && el.firstElementChild) place.box = boxOf(el.firstElementChild);
    else if (!(seeThrough && !tiny && ticks)) return null;
    if (place.box.width < 3 || place.box.height < 3) return null;
  }
  const at = place.box;
  return at.x + at.width + scrollX <= 0 || at.y + at.height + scrollY <= 0 ? null : place;
}

function candidate(el, tag, role, cs, ctx, heading, node, interactive) {
  const place = placeOf(el, tag, role, cs, ctx, interactive);
  if (!place) return null;
  const level = HEADING.test(tag) ? +tag[1] : role === 'heading' ? +attr(el, 'aria-level') || 2 : ctx.level;
  const c = { el, tag, role, cs, ctx, heading, node, interactive, level, target: place.target, box: place.box,
    before: cut(lastText, 120), after: '', head: '', records: NO_CLASSES, leads: false };
  node.candidate = c;
  found.push(c);
  return c;
}

function addText(node, text) {
  if (node.long || !text) return;
  node.text += text;
  if (node.text.length > LONG * 3) { node.text = cut(node.text, LONG * 3); node.long = true; }
}

function speak(text) {
  if (!text) return;
  if (/[\p{L}\p{N}]/u.test(text)) lastText = text;
  while (pending.length) pending.pop().after = cut(text, 120);
}

/** Whether a child of a long list is far from the view, so that a crowded page can do without it. */
function far(el, at, total) {
  if (at < LIST_HEAD || at >= total - LIST_TAIL) return false;
  const r = el.getBoundingClientRect();
  return r.height > 0 && (r.bottom < -innerHeight || r.top > innerHeight * 2);
}

function walk(el, parent, ctx, heading) {
  const tag = el.localName;
  if (SKIP.has(tag)) return null;
  if (++count > MAX_NODES * 2) { truncated = true; return null; }
  const cs = getComputedStyle(el), display = cs.display;
  if (display === 'none') return null;
  if (display === '') { if (parent) parent.lost = true; return null; }
  const overflow = cs.overflowY;
  if (overflow === 'hidden' && display !== 'inline' && display !== 'contents' &&
    (el.offsetHeight === 0 || el.offsetWidth === 0) && cs.overflowX === 'hidden') return null;
  const opacity = cs.opacity, shown = cs.visibility === 'visible', role = roleOf(el, tag), node = newNode(el, tag, parent);
  const look = { position: cs.position, cursor: cs.cursor, opacity: opacity === '1' ? ctx.opacity : ctx.opacity * +opacity };
  const layer = shown && tag !== 'body' && tag !== 'html' && look.opacity > 0.05 ? layerOf(el, tag, role, cs, look.position, ctx) : null;
  let kid = contextFor(el, tag, role, cs, look, ctx, layer);
  const interactive = shown && isInteractive(el, tag, role, look.cursor, ctx);
  let c = null;
  if (interactive || (shown && isMark(el, tag, role))) c = candidate(el, tag, role, cs, kid, heading, node, interactive);
  if (parent) {
    parent.kids.push(node);
    const tags = parent.tags || (parent.tags = {});
    node.nth = tags[tag] = (tags[tag] || 0) + 1;
  }
  if (shown && PICTURES.has(tag)) picture(el, tag, kid);
  if (tag === 'iframe' || tag === 'frame') frame(el, shown && kid.opacity > 0.05);
  if (CONTROLS.has(tag)) {
    if (c) finish(c);
    return node;
  }
  if (overflow !== 'visible') kid = enterArea(el, tag, overflow, node, kid);
  const own = shown ? walkInside(el, node, kid, heading, cs) : walkInside(el, node, kid, heading, null);
  node.display = display;
  if (c) { c.head = node.head; finish(c); }
  settle(el, tag, role, cs, ctx, node, own, shown && !interactive);
  if (!c && own && headline(el, node, cs)) place(el, tag, role, cs, kid, heading, node);
  suspect(el, tag, cs, !node.kids.length && !node.text, node.lost);
  if (shown && kid.opacity > 0.05 && !kid.srOnly && own && clean(own).length > 1) notices.push({ el, kind: role === 'generic' ? tag : role, node, ctx: kid });
  if (layer) layers.push({ text: cut(node.text, 400), hints: cut(hintsOf(el), 120), modal: layer.modal, share: layer.share, box: layer.box });
  return node;
}

/** The children, in the order they are seen; gives the element's own text. */
function walkInside(el, node, kid, heading, cs) {
  const visible = cs !== null && kid.opacity > 0.05 && !kid.srOnly;
  const children = childNodes(el), thin = crowded && el.childElementCount > LONG_LIST;
  let own = '', at = -1, readable = null, above = heading;
  const folded = el.localName === 'details' && !el.open;
  for (const child of children) {
    if (folded && child.localName !== 'summary') continue;
    if (child.nodeType === 3) {
      const text = child.data;
      if (!/\S/.test(text)) { if (node.text) addText(node, ' '); continue; }
      if (!visible) continue;
      if (readable === null) readable = !unreadable(el, cs, kid.background);
      if (readable) { addText(node, text); own += text; speak(clean(text)); } else node.unread = true;
    } else if (child.nodeType === 1) {
      if (thin && far(child, ++at, el.childElementCount)) { node.cut = truncated = true; continue; }
      const sub = walk(child, node, kid, above);
      if (!sub) { if (child.localName === 'br') addText(node, ' '); continue; }
      addText(node, INLINE.has(sub.display) && !sub.candidate ? sub.text : ' ' + sub.text + ' ');
      if (sub.ad) node.ad = true;
      if (sub.headed) node.headed = true;
      if (sub.head) { above = sub.head; if (!node.head) node.head = sub.head; }
    }
  }
  return own;
}

/** What is known of a node once its children are: its text, its head, whether it is an ad. */
function settle(el, tag, role, cs, ctx, node, own, plain) {
  node.text = clean(node.text);
  const length = node.text.length;
  if (HEADING.test(tag) || role === 'heading') { node.head = cut(node.text, 120); node.heading = true; }
  else if (!node.head && length > 2 && length < 60 && plain && !NO_HEAD.has(tag) && node.kids.length <= 1 && own.trim() && !/:$/.test(node.text) &&
    !ctx.ownLabel && ctx.cursor !== 'pointer' &&
    (parseInt(cs.fontWeight) >= 600 || TITLED.test(attr(el, 'class')))) node.head = node.text;
  if (length > 160 && node.head && !HEADING.test(tag)) node.head = '';
  if (node.heading || (node.candidate && node.candidate.level)) node.headed = true;
  if (own && own.length < 64 && plain && clean(own).length < 32 && AD.test(clean(own))) node.ad = true;
}

/** Whether an element that is no heading by its markup is drawn as one: large, on a line of its own, with more below. */
function headline(el, node, cs) {
  if (!node.head || node.head !== node.text || node.kids.length || INLINE.has(node.display) || !/\p{L}{2}/u.test(node.text)) return false;
  return !!el.nextElementSibling && parseFloat(cs.fontSize) >= 1.25 * bodySize;
}

/** Takes an element as a place on the page; it is no part of records and groups. */
function place(el, tag, role, cs, ctx, heading, node) {
  const c = candidate(el, tag, role, cs, ctx, heading, node, false);
  node.candidate = null;
  if (!c) return;
  c.before = '';
  c.head = node.head;
  finish(c);
}

function finish(c) {
  pending.push(c);
  if (pending.length > 12) pending.shift();
}

function picture(el, tag, ctx) {
  const box = boxOf(el);
  if (box.width < 24 || box.height < 12 || ctx.opacity < 0.05 || ctx.srOnly) return;
  if (box.x >= innerWidth || box.y >= innerHeight || box.x + box.width <= 0 || box.y + box.height <= 0) return;
  pictures.push({ el, kind: tag, name: cut(nameOf(el, tag, ' ').trim(), 120), box });
}

function frame(el, shown) {
  const place = (given.frames || []).indexOf(el), box = el.getBoundingClientRect();
  if (place < 0 || !shown || box.width < 3 || box.height < 3) return;
  const cs = getComputedStyle(el), scale = el.offsetWidth ? box.width / el.offsetWidth : 1;
  frames.push({ place, scale, x: box.x + (el.clientLeft + parseFloat(cs.paddingLeft)) * scale,
    y: box.y + (el.clientTop + parseFloat(cs.paddingTop)) * scale });
}

function elementOf(c, ref, blocks) {
  const { el, tag, role, cs, ctx, node } = c, seen = { open: false };
  const form = el.form || el.closest('form');
  let formIndex = form ? forms.indexOf(form) : -1;
  if (form && formIndex < 0) formIndex = forms.push(form) - 1;
  const options = c.interactive ? optionsOf(el, tag, seen) : [];
  const text = node.text, described = attr(el, 'aria-describedby');
  const dragging = draggingOf(el), draggable = (dragging & 1) > 0;
  const said = c.interactive || c.level || draggable || tag === 'legend' || tag === 'caption' ? text : c.head || ' ';
  return {
    ref, frame: 0, tag, role,
    type: tag === 'input' || tag === 'button' ? str(el.type) : attr(el, 'contenteditable') ? 'editable' : attr(el, 'aria-haspopup'),
    name: cut(nameOf(el, tag, said).trim(), 240), text: cut(text, 240), value: valueOf(el, tag),
    placeholder: attr(el, 'placeholder') || attr(el, 'aria-placeholder'),
    description: described ? cut(byIds(el, described), 160) : '',
    hints: hintsOf(el), href: tag === 'a' || tag === 'area' ? str(el.href) : attr(el, 'data-href') || attr(el, 'href'),
    before: c.before, after: c.after, column: ctx.column, heading: cut(c.heading, 120), group: cut(ctx.group, 160),
    region: ctx.region, layer: ctx.layer, form: formIndex, block: blockOf(node, blocks), records: c.records, options,
    checked: tag === 'input' && (role === 'checkbox' || role === 'radio') ? el.checked : ariaFlag(el, 'aria-checked') ?? ariaFlag(el, 'aria-pressed'),
    expanded: tag === 'summary' ? !!(el.parentElement && el.parentElement.open) : ariaFlag(el, 'aria-expanded') ?? (seen.open || null),
    selected: ariaFlag(el, 'aria-selected') ?? ariaFlag(el, 'aria-current'),
    disabled: disabledOf(el, cs), readonly: el.readOnly === true || attr(el, 'aria-readonly') === 'true',
    covered: c.interactive && isCovered(c.target, c.box, ctx.clip), interactive: c.interactive, level: c.level,
    weight: parseFloat(cs.fontSize) * (parseInt(cs.fontWeight) >= 600 ? 1.3 : 1), box: c.box,
    area: ctx.area, draggable, droppable: (dragging & 2) > 0, hidden: !!node.unread && !text,
    testid: testIdOf(el), path: cut(pathOf(node), 160),
  };
}

function noticeOf(one) {
  const { el, kind, node, ctx } = one;
  return { kind, text: cut(node.text, 240), hints: cut(attr(el, 'id') + ' ' + attr(el, 'class') + ' ', 120), layer: ctx.layer, box: boxOf(el) };
}

function mantisSnapshot() {
  const body = document.body || document.documentElement, scroller = document.scrollingElement;
  const scrolls = scroller && (scroller.scrollHeight > innerHeight + 4 || scroller.scrollWidth > innerWidth + 4);
  if (scrolls) areas.push({ el: scroller, node: null, page: true });
  const top = { opacity: 1, srOnly: false, cursor: 'auto', region: '', layer: '', group: '', column: '', columns: null,
    ownLabel: false, level: 0, background: 'rgb(255, 255, 255)', area: scrolls ? 0 : -1, clip: null };
  const root = body ? walk(body, null, top, '') : null;
  if (scrolls) areas[0].node = root;
  const groups = root ? mantisRecords(root) : [], described = groups.map(describeGroup), blocks = [];
  if (root) link(root, [], described);
  const taken = chosen(found, MAX_ELEMENTS, rankOf);
  const told = chosen(notices, MAX_NOTICES, (one) => (one.ctx.layer || inSight(one.el) ? 0 : 1));
  truncated = truncated || taken.length < found.length || told.length < notices.length;
  const elements = taken.map((c, ref) => elementOf(c, ref, blocks)), doubted = sampled();
  const json = JSON.stringify({
    url: location.href, title: document.title, language: attr(document.documentElement, 'lang'),
    width: innerWidth, height: innerHeight, scroll_x: scrollX, scroll_y: scrollY,
    page_height: Math.max(document.documentElement.scrollHeight, body ? body.scrollHeight : 0),
    elements, blocks, groups: described, notices: told.map(noticeOf), layers, truncated, areas: areas.map(describeArea),
    pictures: pictures.slice(0, 40).map(({ kind, name, box }) => ({ frame: 0, kind, name, box })), frames, suspects: doubted.length,
  });
  return { json, nodes: taken.map((c) => c.target), areas: areas.map((area) => area.el),
    pictures: pictures.map((one) => one.el), suspects: doubted, roots: given.roots || [], kinds: kindsOf(doubted) };
}

function inSight(el) {
  const r = el.getBoundingClientRect();
  return r.bottom > -innerHeight && r.top < innerHeight * 2;
}
