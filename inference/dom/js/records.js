/**
 * Repeated siblings: the records of a page (results, rows, cards, comments).
 *
 * A node is {el: Element, tag, classes: string[], kids: node[], text: string}; `kids` are the
 * visible element children in the flattened tree. Sets `node.record = {group, ordinal}` on the
 * root of each record and returns the groups, [{nodes: node[]}], in document order. On a page
 * with very many of them, those within records are left out.
 */
const MOST_GROUPS = 1500, COMPARED = 24;

function mantisRecords(root) {
  const groups = [];
  const SKIP = new Set(['option', 'br', 'hr', 'th', 'td', 'b', 'i', 'em', 'strong', 'small', 'path',
    'col', 'colgroup', 'thead', 'tfoot', 'legend', 'label', 'input', 'dt', 'dd', 'svg']);

  function skeleton(node) {
    if (node.skeleton) return node.skeleton;
    const parts = new Set();
    for (const kid of node.kids) {
      const key = kid.tag + (kid.classes[0] ? '.' + kid.classes[0] : '');
      parts.add(key);
      for (const grand of kid.kids) {
        parts.add(key + '>' + grand.tag + (grand.classes[0] ? '.' + grand.classes[0] : ''));
      }
    }
    node.skeleton = parts;
    return parts;
  }

  function alike(a, b) {
    const x = skeleton(a), y = skeleton(b);
    if (!x.size && !y.size) return true;
    let common = 0;
    for (const part of x) if (y.has(part)) common++;
    return common / Math.max(1, x.size + y.size - common) >= 0.4;
  }

  function bucketsOf(kids) {
    const counts = new Map();
    for (const kid of kids) {
      for (const name of kid.classes) {
        const key = kid.tag + '.' + name;
        counts.set(key, (counts.get(key) || 0) + 1);
      }
    }
    const buckets = new Map();
    for (const kid of kids) {
      if (SKIP.has(kid.tag)) continue;
      let best = '', most = 1;
      for (const name of kid.classes) {
        const count = counts.get(kid.tag + '.' + name);
        if (count > most) { most = count; best = name; }
      }
      const key = kid.tag + '.' + best;
      if (!buckets.has(key)) buckets.set(key, []);
      buckets.get(key).push(kid);
    }
    return buckets;
  }

  function clusters(bucket, named) {
    const found = [];
    for (const node of bucket) {
      const near = found.length > COMPARED ? found.slice(-COMPARED) : found;
      const home = near.find((cluster) => alike(cluster[0], node) ||
        alike(cluster[cluster.length - 1], node) || (named && cluster.length > 2 &&
          cluster.slice(0, 4).some((other) => alike(other, node))));
      if (home) home.push(node); else found.push([node]);
    }
    if (named && found.length > 1) {
      const main = found.reduce((a, b) => (b.length > a.length ? b : a));
      if (main.length >= 3) return [bucket];
    }
    return found;
  }

  function visit(node, inside) {
    if (node.kids.length > 1 && !(inside && groups.length >= MOST_GROUPS)) {
      for (const [key, bucket] of bucketsOf(node.kids)) {
        if (bucket.length < 2) continue;
        const named = !key.endsWith('.');
        const custom = key.includes('-');
        for (const cluster of named || custom ? clusters(bucket, true) : clusters(bucket, false)) {
          const useful = cluster.filter((item) => (item.text.length > 1 || item.candidate) && !item.heading);
          if (useful.length < 2) continue;
          const group = groups.length;
          useful.forEach((item, ordinal) => {
            if (!item.record) item.record = { group, ordinal };
          });
          groups.push({ nodes: useful });
        }
      }
    }
    for (const kid of node.kids) visit(kid, inside || kid.record !== null);
  }

  visit(root, false);
  return groups;
}
