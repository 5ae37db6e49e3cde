/** Words of the page: cleaned text, accessible names, roles. Needs `shadowOf`. */

const SKIP = new Set(['script', 'style', 'noscript', 'template', 'head', 'meta', 'link', 'base',
  'title', 'param', 'source', 'track', 'datalist', 'optgroup', 'option', 'path', 'defs']);
const HEADING = /^h[1-6]$/;
const UNEVEN = /[^\S ]|  /;

function clean(text) {
  if (!text) return '';
  return UNEVEN.test(text) ? text.replace(/\s+/g, ' ').trim() : text.trim();
}

/** At most `max` units of the text, never half a character at the end. */
const cut = (text, max) => (text.length > max ? text.slice(0, max).replace(/[\ud800-\udbff]$/, '') : text);
const attr = (el, name) => el.getAttribute(name) || '';
const str = (v) => (typeof v === 'string' ? v : '');

function childNodes(el) {
  const shadow = shadowOf(el);
  if (shadow) return shadow.childNodes;
  if (el.localName === 'slot') {
    const assigned = el.assignedNodes({ flatten: true });
    return assigned.length ? assigned : el.childNodes;
  }
  return el.childNodes;
}

function byIds(el, ids) {
  const root = el.getRootNode();
  return ids.split(/\s+/).map((id) => {
    const other = id && root.getElementById ? root.getElementById(id) : null;
    return other && other !== el ? plainText(other) : '';
  }).filter(Boolean).join(' ');
}

function plainText(el, depth = 0) {
  let text = '';
  for (const node of childNodes(el)) {
    if (node.nodeType === 3) text += node.data;
    else if (node.nodeType === 1) {
      const tag = node.localName;
      if (SKIP.has(tag) || tag === 'select' || tag === 'textarea') continue;
      if (attr(node, 'aria-hidden') === 'true') continue;
      const label = attr(node, 'aria-label');
      if (label) text += ' ' + label + ' ';
      else if (tag === 'img') text += ' ' + attr(node, 'alt') + ' ';
      else if (depth < 12) text += ' ' + plainText(node, depth + 1) + ' ';
    }
    if (text.length > 600) break;
  }
  return clean(text);
}

function inputRole(type) {
  switch (type) {
    case 'checkbox': return 'checkbox';
    case 'radio': return 'radio';
    case 'range': return 'slider';
    case 'number': return 'spinbutton';
    case 'search': return 'searchbox';
    case 'submit': case 'button': case 'reset': case 'image': return 'button';
    default: return 'textbox';
  }
}

function roleOf(el, tag) {
  const role = attr(el, 'role').split(' ')[0];
  if (role && role !== 'presentation' && role !== 'none') return role;
  switch (tag) {
    case 'a': case 'area': return el.hasAttribute('href') ? 'link' : 'generic';
    case 'button': case 'summary': return 'button';
    case 'textarea': return 'textbox';
    case 'select': return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
    case 'img': return 'img';
    case 'fieldset': return 'group';
    case 'label': return 'label';
    case 'input': return inputRole(el.type);
    default: return HEADING.test(tag) ? 'heading' : el.isContentEditable ? 'textbox' : 'generic';
  }
}

function iconName(el) {
  const icon = el.firstElementChild && el.querySelector('svg title, svg[aria-label], use, i[class], img[alt], img[src], svg[class], span[class*=icon], em[class*=icon], span[class*=fa-]');
  if (!icon) return '';
  if (icon.localName === 'title') return clean(icon.textContent);
  return [attr(icon, 'aria-label'), attr(icon, 'alt'), attr(icon, 'href') || attr(icon, 'xlink:href'),
    attr(icon, 'class'), icon.localName === 'img' ? cut(attr(icon, 'src').replace(/^data:.*/, ''), 60) : ''].join(' ');
}

function labelText(el) {
  const labels = el.labels;
  if (!labels || !labels.length) return '';
  return [...labels].map((label) => plainText(label)).filter(Boolean).join(' ');
}

const NAMED_BY_TITLE = /^(region|group|dialog|radiogroup|listbox|menu|tablist|form|table|list|combobox|textbox|searchbox)$/;

function controlName(el, tag) {
  if (tag === 'input' && (el.type === 'submit' || el.type === 'button' || el.type === 'reset')) {
    return clean(el.value) || attr(el, 'title') || (el.type === 'submit' ? 'Submit' : el.type === 'reset' ? 'Reset' : '');
  }
  if (tag === 'input' && el.type === 'image') return attr(el, 'alt') || attr(el, 'title') || 'Submit';
  return labelText(el) || clean(attr(el, 'title') || attr(el, 'placeholder'));
}

/** The accessible name, in the order of accname; `text` is the visible text where it is known. */
function nameOf(el, tag, text) {
  const ids = attr(el, 'aria-labelledby');
  const referred = ids ? byIds(el, ids) : '';
  if (referred) return referred;
  const label = clean(attr(el, 'aria-label'));
  if (label) return label;
  if (tag === 'input' || tag === 'textarea' || tag === 'select' || tag === 'meter') return controlName(el, tag);
  if (el.isContentEditable) {
    return clean(attr(el, 'title') || attr(el, 'aria-placeholder') || attr(el, 'data-placeholder') || attr(el, 'placeholder'));
  }
  if (tag === 'fieldset') {
    const legend = el.querySelector('legend');
    if (legend) return plainText(legend);
  }
  if (NAMED_BY_TITLE.test(attr(el, 'role'))) return clean(attr(el, 'title'));
  if (text) return text;
  const plain = plainText(el);
  if (plain) return plain;
  const svgTitle = el.querySelector('svg title');
  if (svgTitle) return clean(svgTitle.textContent);
  return clean(attr(el, 'title') || attr(el, 'alt'));
}
