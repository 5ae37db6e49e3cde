/** What scrolls, and how much of it is out of sight. */

const SCROLLS = new Set(['auto', 'scroll', 'overlay']);

/** The scroll area that the element is, null where it does not scroll. */
function areaOf(el, tag, overflow) {
  if (!SCROLLS.has(overflow)) return null;
  if (el.scrollHeight <= el.clientHeight + 4 && el.scrollWidth <= el.clientWidth + 4) return null;
  if (el.clientHeight < 20 || el.clientWidth < 20) return null;
  if (tag === 'html' || (tag === 'body' && getComputedStyle(document.documentElement).overflowY === 'visible')) return null;
  return { el, node: null, page: false };
}

const ROWS = 4, LOOKED_AT = 400;

/** Whether most of the list's place is kept free for rows that are made as it scrolls. */
function keepsRoom(list, visible) {
  if (list.kids.length < ROWS || list.cut) return false;
  const rows = list.kids.filter((kid) => kid.text || kid.candidate);
  if (rows.length < ROWS || rows.filter((row) => row.tag === rows[0].tag).length < rows.length * 0.8) return false;
  let top = Infinity, bottom = -Infinity;
  for (const row of rows) {
    const r = row.el.getBoundingClientRect();
    if (r.height > 0) { top = Math.min(top, r.top); bottom = Math.max(bottom, r.bottom); }
  }
  const room = Math.max(list.el.offsetHeight, list.el.scrollHeight), taken = bottom - top;
  return taken > 0 && room > taken * 1.6 && room - taken > visible * 0.5;
}

/** Whether the area says that it has more rows than are there. */
function countsMore(node) {
  const counted = node.el.matches('[aria-rowcount],[aria-setsize]') ? node.el : node.el.querySelector('[aria-rowcount],[aria-setsize]');
  if (!counted) return false;
  const said = +(attr(counted, 'aria-rowcount') || attr(counted, 'aria-setsize'));
  const there = counted.hasAttribute('aria-rowcount') ? counted.querySelectorAll('[role=row],tr').length : counted.parentElement.childElementCount;
  return said > there + 1;
}

function isVirtual(node, height, visible, page) {
  if (!node || height < visible * 1.2) return false;
  if (!page && countsMore(node)) return true;
  const queue = [node];
  for (let at = 0; at < queue.length && at < LOOKED_AT; at++) {
    if (keepsRoom(queue[at], visible)) return true;
    for (const kid of queue[at].kids) if (kid.kids.length && !kid.scrolls) queue.push(kid);
  }
  return false;
}

function describeArea(area) {
  const el = area.el, box = area.page ? { x: 0, y: 0, width: innerWidth, height: innerHeight } : boxOf(el);
  const height = area.page ? innerHeight : el.clientHeight, width = area.page ? innerWidth : el.clientWidth;
  const left = area.page ? scrollX : el.scrollLeft, top = area.page ? scrollY : el.scrollTop;
  return { frame: 0, page: area.page,
    name: area.page ? '' : cut(clean([attr(el, 'aria-label'), attr(el, 'id'), attr(el, 'class')].join(' ')), 120),
    above: Math.max(0, top), below: Math.max(0, el.scrollHeight - height - top),
    left: Math.max(0, left), right: Math.max(0, el.scrollWidth - width - left),
    virtual: isVirtual(area.node, el.scrollHeight, height, area.page), box };
}
