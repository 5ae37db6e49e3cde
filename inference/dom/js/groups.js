/** Blocks and record groups of the walked tree, and which of its candidates are taken. */

const MOST_BLOCKS = 4000, NEAR = 1.0;
const led = new Set();

function pathOf(node) {
  if (node.path) return node.path;
  const id = node.el.id, test = testIdOf(node.el);
  if (steady(id)) node.path = '#' + id;
  else if (steady(test)) node.path = '@' + test;
  else if (!node.parent) node.path = node.tag;
  else node.path = pathOf(node.parent) + '>' + node.tag + (node.nth > 1 ? '.' + node.nth : '');
  return node.path;
}

/** Whether a name in the markup reads like one that its authors chose, not one that was counted out. */
function steady(name) {
  return typeof name === 'string' && /^[a-z][\w-]{0,39}$/i.test(name) && !/\d\d|[0-9a-f]{8,}/i.test(name);
}

function blockOf(node, blocks) {
  for (let up = node.parent; up; up = up.parent) {
    if (up.tag === 'body' || up.long || up.text.length > LONG * 2) return -1;
    if (up.kids.length < 2 && up.parent) continue;
    if (up.block === -2) {
      if (blocks.length >= MOST_BLOCKS) return -1;
      up.block = blocks.length;
      blocks.push({ parent: -1, text: cut(up.text, LONG * 2) });
      blocks[up.block].parent = blockOf(up, blocks);
    }
    return up.block;
  }
  return -1;
}

/** Gives every candidate its records, the innermost first, and marks the first of each record. */
function link(node, records, described) {
  let mine = records;
  if (node.record) mine = [node.record, ...records];
  const c = node.candidate;
  if (c) {
    c.records = mine;
    for (const r of mine) {
      const group = described[r.group];
      if (!group.region) group.region = c.ctx.region;
      if (!group.heading && c.heading) group.heading = cut(c.heading, 120);
      if (c.interactive && !led.has(r)) { led.add(r); c.leads = true; }
      if (c.interactive && c.level > 0) c.leads = true;
    }
  }
  for (const kid of node.kids) link(kid, mine, described);
}

function titleIn(node) {
  if (!node.headed) return '';
  if (node.heading || (node.candidate && node.candidate.level)) return node.text;
  for (const kid of node.kids) { const text = titleIn(kid); if (text) return text; }
  return '';
}

function describeGroup(group) {
  return { tag: group.nodes[0].tag, region: '', heading: '', frame: 0, whole: !group.nodes[0].parent.cut,
    records: group.nodes.map((n) => ({ text: cut(n.text, LONG * 2), title: cut(titleIn(n), 160),
      sponsored: n.ad || n.adOwn, box: boxOf(n.el) })) };
}

/** How soon a candidate is taken: in view, then single controls, then titles of records, then the rest. */
function rankOf(c) {
  const near = c.box.y + c.box.height > -innerHeight * NEAR && c.box.y < innerHeight * (1 + NEAR);
  if (c.interactive && (near || c.ctx.layer)) return 0;
  if (!c.records.length) return c.interactive ? 1 : 3;
  if (c.leads) return 2;
  return c.interactive ? 4 : 5;
}

/** The `most` useful ones, in their order. */
function chosen(all, most, rank) {
  if (all.length <= most) return all;
  const ranked = all.map((one, at) => [rank(one), at]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return ranked.slice(0, most).map(([, at]) => at).sort((a, b) => a - b).map((at) => all[at]);
}
