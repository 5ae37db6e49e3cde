/** What an element is and can do: state, options, hints, region, drag and drop. */

const ROLES = new Set(['button', 'link', 'checkbox', 'radio', 'switch', 'tab', 'menuitem',
  'menuitemcheckbox', 'menuitemradio', 'option', 'combobox', 'listbox', 'textbox', 'searchbox',
  'spinbutton', 'slider', 'treeitem', 'gridcell']);
const REGIONS = { nav: 'nav', header: 'header', footer: 'footer', aside: 'aside', main: 'main',
  navigation: 'nav', banner: 'header', contentinfo: 'footer', complementary: 'aside',
  search: 'search' };
const REGION_WORDS = [[/(?:^|\s)(?:site-?)?(?:foot(?:er)?|ft|fuss)(?:\s|$)/i, 'footer'],
  [/(?:^|\s)(?:nav(?:bar|igation)?|menubar|topbar)(?:\s|$)/i, 'nav'],
  [/(?:^|\s)(?:side-?bar|aside|related|similar|recommend(?:ed|ations)?)(?:\s|$)/i, 'aside']];
const HANDLERS = ['onclick', 'ng-click', '@click', 'v-on:click', 'data-action', 'jsaction'];
const FOCUS_ONLY = /^(dialog|alertdialog|tabpanel|main|region|group)$/;
const OFF = /(^|[\s_-])(is-)?(disabled|dis|inactive)($|[\s_-])/i;
const DRAGGED = /(^|[\s_-])(draggable|sortable-item|ui-sortable-handle|drag-?handle)($|[\s_-])/i;
const DROPPED_ON = /(^|[\s_-])(droppable|sortable|drop-?(zone|target|area))($|[\s_-])/i;

function ariaFlag(el, name) {
  const v = el.getAttribute(name);
  if (v === null) return null;
  return v === 'true' || (name === 'aria-current' && v && v !== 'false') ? true : v === 'false' ? false : v === 'mixed' ? true : null;
}

function hasHandler(el) {
  if (typeof el.onclick === 'function' || typeof el.onmousedown === 'function') return true;
  if (el.hasAttributes() && HANDLERS.some((name) => el.hasAttribute(name))) return true;
  for (const key of Object.keys(el)) {
    if (key === '__onclick' || key === '_click') return true;
    if (key.startsWith('__reactProps$') && el[key] && typeof el[key].onClick === 'function') return true;
    if (key.startsWith('jQuery') && el[key] && el[key].events && (el[key].events.click || el[key].events.mousedown)) return true;
  }
  const jq = window.jQuery;
  if (jq && typeof jq._data === 'function') {
    const events = jq._data(el, 'events');
    if (events && (events.click || events.mousedown)) return true;
  }
  return false;
}

function isInteractive(el, tag, role, cursor, ctx) {
  switch (tag) {
    case 'a': case 'area': if (el.hasAttribute('href')) return true; break;
    case 'button': case 'select': case 'textarea': case 'summary': return true;
    case 'input': return el.type !== 'hidden';
    case 'label': if (el.control) return false; break;
    case 'iframe': case 'frame': case 'body': case 'html': return false;
  }
  if (el.isContentEditable) return !(el.parentElement && el.parentElement.isContentEditable);
  if (ROLES.has(role)) return true;
  const tabindex = el.getAttribute('tabindex');
  if (tabindex !== null && +tabindex >= 0 && !FOCUS_ONLY.test(role)) return true;
  if (cursor === 'pointer' && ctx.cursor !== 'pointer') return true;
  if (ctx.ownLabel) return false;
  return hasHandler(el);
}

function listOf(el, tag) {
  const id = attr(el, 'aria-controls') || attr(el, 'aria-owns') || attr(el, 'list');
  const list = id && el.getRootNode().getElementById ? el.getRootNode().getElementById(id.split(' ')[0]) : null;
  if (list || (tag === 'a' && !attr(el, 'aria-haspopup'))) return list;
  const next = el.nextElementSibling;
  if (!next || (next.childElementCount < 2 && next.querySelectorAll('li,[role=option]').length < 2) || next.matches('form,fieldset,article,section,table,input,select')) return null;
  const cs = getComputedStyle(next);
  return cs.display === 'none' || cs.visibility === 'hidden' || cs.position === 'absolute' ? next : null;
}

function optionsOf(el, tag, seen) {
  if (tag === 'select') return [...el.options].slice(0, 300).map((o) => clean(o.label || o.text) + (o.disabled ? '\u0000' : ''));
  const list = listOf(el, tag);
  if (!list || list.childElementCount > 300 || list.querySelector('input,select,textarea,form')) return [];
  if (list.offsetHeight > 0 && getComputedStyle(list).visibility === 'visible') seen.open = true;
  const items = list.querySelectorAll('[role=option],[role^=menuitem],option,li');
  const from = items.length ? [...items] : [...list.children];
  return from.slice(0, 300).map((item) => cut(clean(item.textContent || item.value), 80)).filter(Boolean);
}

function valueOf(el, tag) {
  if (tag === 'select') return el.selectedOptions.length ? clean([...el.selectedOptions].map((o) => o.text).join(', ')) : '';
  if (tag === 'input') return el.type === 'password' ? (el.value ? '***' : '') : cut(str(el.value), 200);
  if (tag === 'textarea') return cut(str(el.value), 400);
  if (el.isContentEditable) return cut(clean(el.textContent), 400);
  return clean(attr(el, 'aria-valuetext') || attr(el, 'aria-valuenow'));
}

/** A word for the drawing on an element that shows nothing else: the same drawing, the same word. */
function drawingOf(el) {
  const inner = el.childElementCount;
  if (!inner || inner > 3 || el.textContent.trim()) return '';
  const shapes = el.querySelectorAll('svg [d], svg [points]');
  if (!shapes.length) return '';
  let sum = 2166136261;
  for (const shape of [...shapes].slice(0, 20)) {
    for (const c of cut(attr(shape, 'd') || attr(shape, 'points'), 400)) sum = Math.imul(sum ^ c.charCodeAt(0), 16777619);
  }
  return 'drawn' + [...(sum >>> 0).toString(16)].map((digit) => 'ghijklmnopqrstuv'[parseInt(digit, 16)]).join('');
}

function hintsOf(el) {
  if (!el.hasAttributes()) return cut(clean(iconName(el) + ' ' + drawingOf(el)), 240);
  const parts = [attr(el, 'id'), attr(el, 'name'), attr(el, 'class')];
  for (const a of el.attributes) {
    if (a.name.startsWith('data-') && a.value.length < 40) parts.push(a.name === 'data-testid' || a.name === 'data-test-id' ? a.value : a.name.slice(5) + ' ' + a.value);
  }
  parts.push(attr(el, 'autocomplete'), attr(el, 'rel').split(/\s+/).filter(Boolean).map((r) => 'rel-' + r).join(' '), attr(el, 'title'));
  return cut(clean(parts.join(' ') + ' ' + iconName(el) + ' ' + drawingOf(el)), 240);
}

const testIdOf = (el) => cut(attr(el, 'data-testid') || attr(el, 'data-test-id') || attr(el, 'data-test') ||
  attr(el, 'data-qa') || attr(el, 'data-cy'), 80);

function regionOf(el, tag, role, ctx) {
  if (REGIONS[role]) return REGIONS[role];
  if (REGIONS[tag]) {
    if ((tag === 'header' || tag === 'footer') && ctx.region && ctx.region !== 'main') return ctx.region;
    if ((tag === 'header' || tag === 'footer') && el.closest('article,section,main,li,form,dialog')) return ctx.region;
    return REGIONS[tag];
  }
  if (!el.hasAttributes()) return ctx.region;
  const words = attr(el, 'id') + ' ' + attr(el, 'class');
  if (words.length > 1) for (const [pattern, region] of REGION_WORDS) if (pattern.test(words)) return region;
  return ctx.region;
}

function disabledOf(el, cs) {
  if (el.disabled === true || attr(el, 'aria-disabled') === 'true') return true;
  if (el.matches(':disabled')) return true;
  if (el.closest('[inert],[aria-disabled=true]')) return true;
  return OFF.test(attr(el, 'class')) && cs.cursor !== 'pointer';
}

/** Whether the markup declares that it can be dragged (bit 1), that something can be dropped on it (2). */
function draggingOf(el) {
  let bits = typeof el.ondragstart === 'function' ? 1 : 0;
  if (typeof el.ondrop === 'function' || typeof el.ondragover === 'function') bits |= 2;
  if (!el.hasAttributes()) return bits;
  for (const { name, value } of el.attributes) {
    if (name === 'class') bits |= (DRAGGED.test(value) ? 1 : 0) | (DROPPED_ON.test(value) ? 2 : 0);
    else if (name === 'draggable') bits |= value === 'true' ? 1 : 0;
    else if (name.startsWith('data-')) bits |= (name.includes('draggable') ? 1 : 0) | (name.includes('droppable') ? 2 : 0);
    else if (name === 'aria-grabbed') bits |= 1;
    else if (name === 'aria-dropeffect') bits |= value && value !== 'none' ? 2 : 0;
    else if (name === 'aria-roledescription') bits |= /^(draggable|sortable)/i.test(value) ? 1 : 0;
  }
  for (const key of Object.keys(el)) {
    if (!key.startsWith('__reactProps$')) continue;
    const props = el[key] || {};
    bits |= (typeof props.onDragStart === 'function' ? 1 : 0) | (typeof props.onDrop === 'function' ? 2 : 0);
  }
  return bits;
}
