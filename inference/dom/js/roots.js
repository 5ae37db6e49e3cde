/**
 * Shadow roots: the closed ones that are known (`given.roots`), and where others may be: elements
 * that take room while nothing in them is seen. `given.without` are kinds of elements that were
 * found to have none.
 */

const HOSTS = new Set(['article', 'aside', 'blockquote', 'body', 'div', 'footer', 'h1', 'h2', 'h3',
  'h4', 'h5', 'h6', 'header', 'main', 'nav', 'p', 'section', 'span']);
const OF_A_KIND = 2, OF_A_KNOWN_KIND = 200, MOST_SUSPECTS = 40;

const closed = new Map((given.roots || []).map((root) => [root.host, root]));
const shadowOf = (el) => el.shadowRoot || (closed.size ? closed.get(el) || null : null);
const suspects = [];

const without = new Set(given.without || []);

/** What tells elements of one make: the tag of custom ones, else id and classes, too. */
const kindOf = (el) => (el.localName.includes('-') ? el.localName :
  [el.localName, el.id && '#' + el.id, el.getAttribute('class') || ''].filter(Boolean).join(' '));

/**
 * Notes the element where it may hold a closed root. `empty`: nothing in it is seen; `lost`: a child
 * of its own is not laid out at all.
 */
function suspect(el, tag, cs, empty, lost) {
  const custom = tag.includes('-');
  if ((!custom && !HOSTS.has(tag)) || shadowOf(el)) return;
  if (!custom && !lost && (!empty || cs.backgroundImage !== 'none' || el.offsetWidth < 8 || el.offsetHeight < 8)) return;
  suspects.push(el);
}

/** A few of each kind of suspects; all of the kinds that are known to hold closed roots, none of those without. */
function sampled() {
  const known = new Set([...closed.keys()].map(kindOf)), counts = new Map(), taken = [];
  for (const el of suspects) {
    const kind = kindOf(el), count = counts.get(kind) || 0;
    if (without.has(kind)) continue;
    if (count >= (known.has(kind) ? OF_A_KNOWN_KIND : OF_A_KIND) || (!known.has(kind) && taken.length >= MOST_SUSPECTS)) continue;
    counts.set(kind, count + 1);
    taken.push(el);
  }
  return taken;
}

/** The kinds of the suspects that are named well enough to be known again. */
const kindsOf = (taken) => [...new Set(taken.map(kindOf))].filter((kind) => /[-\s]/.test(kind));
