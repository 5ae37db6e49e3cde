/** What an element makes of its surroundings for those within it: layers, columns, groups, areas. */

const GROUPING = /^(group|radiogroup|region|form|tabpanel|listbox|menu|tablist|toolbar)$/;
const MARKS = new Set(['legend', 'fieldset', 'caption']);
const SECTIONS = new Set(['section', 'article', 'form']);

function layerOf(el, tag, role, cs, position, ctx) {
  const declared = tag === 'dialog' || role === 'dialog' || role === 'alertdialog';
  const floats = position === 'fixed' || ((position === 'absolute' || position === 'sticky') && +cs.zIndex >= 100);
  if (!declared && (!floats || ctx.layer)) return null;
  const modal = attr(el, 'aria-modal') === 'true' || (tag === 'dialog' && el.matches(':modal'));
  const box = boxOf(el);
  if (box.width < 2 || box.height < 2) return declared ? { modal, box, share: 0 } : null;
  const w = Math.min(box.x + box.width, innerWidth) - Math.max(box.x, 0), h = Math.min(box.y + box.height, innerHeight) - Math.max(box.y, 0);
  if (w <= 0 || h <= 0) return null;
  return { modal: modal || declared, box, share: (w * h) / (innerWidth * innerHeight) };
}

function columnsOf(table) {
  const row = table.tHead && table.tHead.rows.length ? table.tHead.rows[table.tHead.rows.length - 1] : table.rows[0];
  if (!row || ![...row.cells].some((cell) => cell.localName === 'th')) return null;
  const names = [];
  for (const cell of row.cells) for (let i = 0; i < (cell.colSpan || 1); i++) names.push(cut(clean(cell.textContent), 60));
  return names;
}

/** Whether an absolute or fixed element is there for screen readers only, or off the page. */
function unseen(el, cs) {
  if (el.offsetWidth <= 1 && el.offsetHeight <= 1) return cs.clip !== 'auto' || cs.clipPath !== 'none' || cs.overflow === 'hidden';
  return offPage(el);
}

/** What the element's children see around them: the same object where nothing differs. */
function contextFor(el, tag, role, cs, look, ctx, layer) {
  const opacity = look.opacity;
  const cursor = look.cursor, srOnly = ctx.srOnly || (look.position === 'absolute' || look.position === 'fixed' ? unseen(el, cs) : false);
  const region = regionOf(el, tag, role, ctx);
  const more = {};
  let differs = opacity !== ctx.opacity || srOnly !== ctx.srOnly || cursor !== ctx.cursor || region !== ctx.region;
  const set = (name, value) => { more[name] = value; differs = true; };
  if (HEADING.test(tag)) set('level', +tag[1]);
  else if (role === 'heading') set('level', +attr(el, 'aria-level') || 2);
  if (tag === 'label' && el.control) set('ownLabel', true);
  if (cs.backgroundImage !== 'none') set('background', '');
  else if (cs.backgroundColor !== CLEAR) set('background', cs.backgroundColor);
  if (layer) set('layer', cut(nameOf(el, tag, '') || plainText(el) || attr(el, 'class') || 'layer', 160));
  if (tag === 'fieldset' || GROUPING.test(role)) {
    const legend = nameOf(el, tag, '');
    if (legend && legend.length < 160) set('group', ctx.group && ctx.group.length < 80 ? legend + ' · ' + ctx.group : legend);
  }
  if (tag === 'table') { set('columns', columnsOf(el)); set('column', ''); }
  if (tag === 'td' && ctx.columns) set('column', ctx.columns[el.cellIndex] || '');
  if (look.position === 'fixed') { set('area', -1); set('clip', null); }
  return differs ? { ...ctx, opacity, srOnly, cursor, region, ...more } : ctx;
}

function enterArea(el, tag, overflow, node, ctx) {
  const area = areaOf(el, tag, overflow);
  if (!area) return ctx;
  area.node = node;
  node.scrolls = true;
  areas.push(area);
  return { ...ctx, area: areas.length - 1, clip: boxOf(el) };
}

function isMark(el, tag, role) {
  return role === 'heading' || MARKS.has(tag) ||
    ((SECTIONS.has(tag) || role === 'region') && (el.id || attr(el, 'aria-label') || attr(el, 'aria-labelledby'))) ||
    draggingOf(el) > 0;
}
