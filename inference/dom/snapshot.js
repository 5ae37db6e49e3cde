/**
 * One pass over a frame: what is visible and can be acted on, with the words around it.
 *
 * Returns {json, nodes}: `json` is a FrameView (inference/observation.py), `nodes[ref]` the DOM
 * element of each of its elements. Touches nothing in the page. Needs `mantisRecords`.
 */
function mantisSnapshot() {
  const MAX_ELEMENTS = 3000, MAX_NODES = 20000, LONG = 420;
  const SKIP = new Set(['script', 'style', 'noscript', 'template', 'head', 'meta', 'link', 'base',
    'title', 'param', 'source', 'track', 'datalist', 'optgroup', 'option', 'path', 'defs']);
  const ROLES = new Set(['button', 'link', 'checkbox', 'radio', 'switch', 'tab', 'menuitem',
    'menuitemcheckbox', 'menuitemradio', 'option', 'combobox', 'listbox', 'textbox', 'searchbox',
    'spinbutton', 'slider', 'treeitem', 'gridcell']);
  const HEADING = /^h[1-6]$/;
  const REGIONS = { nav: 'nav', header: 'header', footer: 'footer', aside: 'aside', main: 'main',
    navigation: 'nav', banner: 'header', contentinfo: 'footer', complementary: 'aside',
    search: 'search' };
  const REGION_WORDS = [[/^(site-?)?(foot(er)?|ft|fuss)$/, 'footer'], [/^(nav(bar|igation)?|menubar|topbar)$/, 'nav'],
    [/^(side-?bar|aside|related|similar|recommend(ed|ations)?)$/, 'aside']];
  const AD = /^(ad|ads|advert|advertisement|sponsored|promoted|anzeige|werbung|gesponsert|annonce|publicité|patrocinado|paid|featured partner)\b.{0,24}$/i;
  const AD_CLASS = /^(sponsored|promoted|advert(isement)?|ads?|ad-?(slot|unit|box|card|item|banner)|werbung|anzeige)$/i;
  const NO_HEAD = new Set(['label', 'td', 'th', 'dt', 'dd', 'option', 'a', 'button', 'b', 'strong', 'em', 'font']);
  const INLINE = new Set(['inline', 'contents', 'ruby']);
  const nodes = [], elements = [], blocks = [], notices = [], layers = [], forms = [], pending = [];
  const view = { w: innerWidth, h: innerHeight };
  let count = 0, lastText = '', truncated = false;

  const clean = (text) => (text || '').replace(/\s+/g, ' ').trim();
  const cut = (text, max) => (text.length > max ? text.slice(0, max) : text);
  const attr = (el, name) => el.getAttribute(name) || '';
  const str = (v) => (typeof v === 'string' ? v : '');

  function childNodes(el) {
    if (el.shadowRoot) return el.shadowRoot.childNodes;
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
      case 'input':
        switch (el.type) {
          case 'checkbox': return 'checkbox';
          case 'radio': return 'radio';
          case 'range': return 'slider';
          case 'number': return 'spinbutton';
          case 'search': return 'searchbox';
          case 'submit': case 'button': case 'reset': case 'image': return 'button';
          default: return 'textbox';
        }
      default: return HEADING.test(tag) ? 'heading' : el.isContentEditable ? 'textbox' : 'generic';
    }
  }

  function iconName(el) {
    const icon = el.querySelector && el.querySelector('svg title, svg[aria-label], use, i[class], img[alt], img[src], svg[class]');
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

  function nameOf(el, tag, text) {
    const ids = attr(el, 'aria-labelledby');
    const referred = ids ? byIds(el, ids) : '';
    if (referred) return referred;
    const label = clean(attr(el, 'aria-label'));
    if (label) return label;
    if (tag === 'input' || tag === 'textarea' || tag === 'select' || tag === 'button' || tag === 'meter') {
      if (tag === 'input' && ['submit', 'button', 'reset'].includes(el.type)) {
        return clean(el.value) || attr(el, 'title') || (el.type === 'submit' ? 'Submit' : el.type === 'reset' ? 'Reset' : '');
      }
      if (tag === 'input' && el.type === 'image') return attr(el, 'alt') || attr(el, 'title') || 'Submit';
      const own = tag === 'button' ? '' : labelText(el);
      if (own) return own;
      if (tag !== 'button') return clean(attr(el, 'title') || attr(el, 'placeholder'));
    }
    if (el.isContentEditable) {
      return clean(attr(el, 'title') || attr(el, 'aria-placeholder') || attr(el, 'data-placeholder') || attr(el, 'placeholder'));
    }
    if (tag === 'fieldset') {
      const legend = el.querySelector('legend');
      if (legend) return plainText(legend);
    }
    const role = attr(el, 'role');
    if (/^(region|group|dialog|radiogroup|listbox|menu|tablist|form|table|list|combobox|textbox|searchbox)$/.test(role)) return clean(attr(el, 'title'));
    if (text) return text;
    const plain = plainText(el);
    if (plain) return plain;
    const svgTitle = el.querySelector && el.querySelector('svg title');
    if (svgTitle) return clean(svgTitle.textContent);
    return clean(attr(el, 'title') || attr(el, 'alt'));
  }

  function ariaFlag(el, name) {
    const v = el.getAttribute(name);
    return v === 'true' || (name === 'aria-current' && v && v !== 'false') ? true : v === 'false' ? false : v === 'mixed' ? true : null;
  }

  function hasHandler(el) {
    if (typeof el.onclick === 'function' || typeof el.onmousedown === 'function') return true;
    if (el.hasAttribute('onclick') || el.hasAttribute('ng-click') || el.hasAttribute('@click') ||
      el.hasAttribute('v-on:click') || el.hasAttribute('data-action') || el.hasAttribute('jsaction')) return true;
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

  function isInteractive(el, tag, role, cs, ctx) {
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
    if (tabindex !== null && +tabindex >= 0 && !/^(dialog|alertdialog|tabpanel|main|region|group)$/.test(role)) return true;
    if (cs.cursor === 'pointer' && ctx.cursor !== 'pointer') return true;
    if (ctx.ownLabel) return false;
    return hasHandler(el);
  }

  function optionsOf(el, tag, seen) {
    if (tag === 'select') return [...el.options].slice(0, 300).map((o) => clean(o.label || o.text) + (o.disabled ? '\u0000' : ''));
    const listId = attr(el, 'aria-controls') || attr(el, 'aria-owns') || attr(el, 'list');
    let list = listId && el.getRootNode().getElementById ? el.getRootNode().getElementById(listId.split(' ')[0]) : null;
    if (!list && (tag !== 'a' || attr(el, 'aria-haspopup'))) {
      const next = el.nextElementSibling;
      if (next && next.childElementCount >= 2 && !next.matches('form,fieldset,article,section,table,input,select')) {
        const cs = getComputedStyle(next);
        if (cs.display === 'none' || cs.visibility === 'hidden' || cs.position === 'absolute') list = next;
      }
    }
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

  function hintsOf(el) {
    const parts = [attr(el, 'id'), attr(el, 'name'), attr(el, 'class')];
    for (const a of el.attributes) {
      if (a.name.startsWith('data-') && a.value.length < 40) parts.push(a.name === 'data-testid' || a.name === 'data-test-id' ? a.value : a.name.slice(5) + ' ' + a.value);
    }
    parts.push(attr(el, 'autocomplete'), attr(el, 'rel').split(/\s+/).filter(Boolean).map((r) => 'rel-' + r).join(' '), attr(el, 'title'));
    return cut(clean(parts.join(' ') + ' ' + iconName(el)), 240);
  }

  function regionOf(el, tag, ctx) {
    const role = attr(el, 'role');
    if (REGIONS[role]) return REGIONS[role];
    if (REGIONS[tag]) {
      if ((tag === 'header' || tag === 'footer') && ctx.region && ctx.region !== 'main') return ctx.region;
      if ((tag === 'header' || tag === 'footer') && el.closest('article,section,main,li,form,dialog')) return ctx.region;
      return REGIONS[tag];
    }
    for (const word of (attr(el, 'id') + ' ' + attr(el, 'class')).toLowerCase().split(/\s+/)) {
      for (const [pattern, region] of REGION_WORDS) if (pattern.test(word)) return region;
    }
    return ctx.region;
  }

  function visibleBox(el) {
    const r = el.getBoundingClientRect();
    return { x: r.x, y: r.y, width: r.width, height: r.height };
  }

  function within(outer, inner) {
    for (let n = inner; n; n = n.parentNode || n.host) if (n === outer) return true;
    return false;
  }

  function isCovered(el, box) {
    const x = Math.min(Math.max(box.x + box.width / 2, 0), view.w - 1);
    const y = Math.min(Math.max(box.y + box.height / 2, 0), view.h - 1);
    if (box.y > view.h || box.x > view.w || box.x + box.width < 0 || box.y + box.height < 0) return false;
    let hit = document.elementFromPoint(x, y);
    while (hit && hit.shadowRoot) {
      const deeper = hit.shadowRoot.elementFromPoint(x, y);
      if (!deeper || deeper === hit) break;
      hit = deeper;
    }
    if (!hit) return false;
    if (within(el, hit) || within(hit, el)) return false;
    if (el.labels) for (const label of el.labels) if (within(label, hit)) return false;
    const host = el.getRootNode().host;
    return !(host && within(host, hit));
  }

  function disabledOf(el, cs) {
    if (el.disabled === true || attr(el, 'aria-disabled') === 'true') return true;
    if (el.matches(':disabled')) return true;
    if (el.closest('[inert],[aria-disabled=true]')) return true;
    return /(^|[\s_-])(is-)?(disabled|dis|inactive)($|[\s_-])/i.test(attr(el, 'class')) && cs.cursor !== 'pointer';
  }

  function layerOf(el, tag, cs, ctx) {
    const role = attr(el, 'role');
    const modal = attr(el, 'aria-modal') === 'true' || (tag === 'dialog' && el.matches(':modal'));
    const declared = tag === 'dialog' || role === 'dialog' || role === 'alertdialog';
    const floats = cs.position === 'fixed' || ((cs.position === 'absolute' || cs.position === 'sticky') && +cs.zIndex >= 100);
    if (!declared && !floats) return null;
    if (!declared && ctx.layer) return null;
    const r = el.getBoundingClientRect();
    if (r.width < 2 || r.height < 2) return declared ? { modal, box: visibleBox(el), share: 0 } : null;
    const w = Math.min(r.right, view.w) - Math.max(r.left, 0), h = Math.min(r.bottom, view.h) - Math.max(r.top, 0);
    if (w <= 0 || h <= 0) return null;
    return { modal: modal || declared, box: visibleBox(el), share: (w * h) / (view.w * view.h) };
  }

  function newNode(el, tag) {
    const classes = el.classList ? [...el.classList].slice(0, 6).filter((c) => c.length < 40 && !/(^|[-_])(active|selected|first|last|odd|even|open|on|hover|current)$/.test(c)) : [];
    return { el, tag, classes, kids: [], text: '', long: false, record: null, parent: null, heading: false, block: -2, ad: false, title: '', titleWeight: -1 };
  }

  function candidate(el, tag, role, cs, ctx, node, interactive) {
    if (elements.length >= MAX_ELEMENTS) { truncated = true; return null; }
    let target = el, box = visibleBox(el);
    const seeThrough = ctx.opacity < 0.05 || +cs.opacity < 0.05;
    const tiny = box.width < 3 || box.height < 3;
    if (tiny || seeThrough || ctx.srOnly) {
      const label = (tag === 'input' && (role === 'checkbox' || role === 'radio' || el.type === 'file')) && el.labels && el.labels[0];
      const host = label && visibleBox(label);
      if (label && host.width > 2 && host.height > 2 && getComputedStyle(label).visibility === 'visible') { target = label; box = host; }
      else if (tiny && interactive && node.kids.length === 0 && cs.display === 'inline' && el.firstElementChild) box = visibleBox(el.firstElementChild);
      else if (seeThrough && !tiny && tag === 'input' && (role === 'checkbox' || role === 'radio')) { /* a transparent input over its drawing */ }
      else return null;
      if (box.width < 3 || box.height < 3) return null;
    }
    if (box.x + box.width + scrollX <= 0 || box.y + box.height + scrollY <= 0) return null;
    const form = el.form || (el.closest && el.closest('form'));
    let formIndex = form ? forms.indexOf(form) : -1;
    if (form && formIndex < 0) { formIndex = forms.length; forms.push(form); }
    const seen = { open: false };
    const options = interactive ? optionsOf(el, tag, seen) : [];
    const record = {
      ref: elements.length, frame: 0, tag, role,
      type: tag === 'input' || tag === 'button' ? str(el.type) : attr(el, 'contenteditable') ? 'editable' : attr(el, 'aria-haspopup'),
      name: '', text: '', value: valueOf(el, tag),
      placeholder: attr(el, 'placeholder') || attr(el, 'aria-placeholder'), description: '',
      hints: hintsOf(el), href: tag === 'a' || tag === 'area' ? str(el.href) : attr(el, 'data-href') || attr(el, 'href'),
      before: cut(lastText, 120), after: '', column: ctx.column, heading: cut(ctx.heading, 120), group: cut(ctx.group, 160),
      region: ctx.region, layer: ctx.layer, form: formIndex, block: -1, records: [],
      options,
      checked: tag === 'input' && (role === 'checkbox' || role === 'radio') ? el.checked : ariaFlag(el, 'aria-checked') ?? ariaFlag(el, 'aria-pressed'),
      expanded: tag === 'summary' ? !!(el.parentElement && el.parentElement.open) : ariaFlag(el, 'aria-expanded') ?? (seen.open || null),
      selected: ariaFlag(el, 'aria-selected') ?? ariaFlag(el, 'aria-current'),
      disabled: disabledOf(el, cs), readonly: el.readOnly === true || attr(el, 'aria-readonly') === 'true',
      covered: interactive && isCovered(target, box), interactive,
      level: HEADING.test(tag) ? +tag[1] : role === 'heading' ? +attr(el, 'aria-level') || 2 : ctx.level,
      weight: parseFloat(cs.fontSize) * (parseInt(cs.fontWeight) >= 600 ? 1.3 : 1), box,
    };
    const described = attr(el, 'aria-describedby');
    if (described) record.description = cut(byIds(el, described), 160);
    elements.push(record);
    nodes.push(target);
    node.candidate = record;
    return record;
  }

  function addText(node, text) {
    if (node.long || !text) return;
    node.text += text;
    if (node.text.length > LONG * 3) { node.text = node.text.slice(0, LONG * 3); node.long = true; }
  }

  function columnsOf(table) {
    const row = table.tHead && table.tHead.rows.length ? table.tHead.rows[table.tHead.rows.length - 1] : table.rows[0];
    if (!row || ![...row.cells].some((cell) => cell.localName === 'th')) return null;
    const names = [];
    for (const cell of row.cells) for (let i = 0; i < (cell.colSpan || 1); i++) names.push(cut(clean(cell.textContent), 60));
    return names;
  }

  function walk(el, parent, ctx) {
    const tag = el.localName;
    if (SKIP.has(tag) || ++count > MAX_NODES) { if (count > MAX_NODES) truncated = true; return null; }
    const cs = getComputedStyle(el);
    if (cs.display === 'none') return null;
    const opacity = ctx.opacity * +cs.opacity;
    const shown = cs.visibility === 'visible';
    let srOnly = ctx.srOnly;
    if (!srOnly && cs.position === 'absolute' && (cs.clip !== 'auto' || cs.clipPath !== 'none' || cs.overflow === 'hidden') &&
      el.offsetWidth <= 1 && el.offsetHeight <= 1) srOnly = true;
    if (cs.overflow === 'hidden' && cs.display !== 'inline' && cs.display !== 'contents' && (el.offsetHeight === 0 || el.offsetWidth === 0)) return null;
    const node = newNode(el, tag);
    node.parent = parent;
    const role = roleOf(el, tag);
    const kid = { ...ctx, opacity, srOnly, cursor: cs.cursor, region: regionOf(el, tag, ctx) };
    if (HEADING.test(tag) || role === 'heading') kid.level = HEADING.test(tag) ? +tag[1] : +attr(el, 'aria-level') || 2;
    node.adOwn = node.classes.some((c) => AD_CLASS.test(c));
    if (tag === 'label' && el.control) kid.ownLabel = true;
    const layer = shown && opacity > 0.05 && tag !== 'body' && tag !== 'html' ? layerOf(el, tag, cs, ctx) : null;
    let layerSlot = null;
    if (layer) {
      layerSlot = layer;
      const name = nameOf(el, tag, '') || plainText(el);
      kid.layer = cut(name || attr(el, 'class') || 'layer', 160);
    }
    if (tag === 'fieldset' || /^(group|radiogroup|region|form|tabpanel|listbox|menu|tablist|toolbar)$/.test(role)) {
      const legend = nameOf(el, tag, '');
      if (legend && legend.length < 160) kid.group = ctx.group && ctx.group.length < 80 ? legend + ' · ' + ctx.group : legend;
    }
    if (tag === 'table') { kid.columns = columnsOf(el); kid.column = ''; }
    if (tag === 'td' && ctx.columns) kid.column = ctx.columns[el.cellIndex] || '';
    const interactive = shown && isInteractive(el, tag, role, cs, ctx);
    const landmark = !interactive && shown && (role === 'heading' || tag === 'legend' || tag === 'fieldset' || tag === 'caption' ||
      ((tag === 'section' || tag === 'article' || tag === 'form' || role === 'region') && (el.id || attr(el, 'aria-label') || attr(el, 'aria-labelledby'))));
    let record = null;
    if (interactive || landmark) record = candidate(el, tag, role, cs, kid, node, interactive);
    if (parent) parent.kids.push(node);
    if (tag === 'input' || tag === 'textarea' || tag === 'select') {
      finish(el, tag, node, record);
      return node;
    }
    const leafVisible = shown && opacity > 0.05 && !srOnly;
    let own = '';
    for (const child of childNodes(el)) {
      if (child.nodeType === 3) {
        const text = child.data;
        if (/\S/.test(text)) {
          if (leafVisible) { addText(node, text); own += text; speak(clean(text)); }
        } else if (node.text) addText(node, ' ');
      } else if (child.nodeType === 1) {
        const sub = walk(child, node, kid);
        if (sub) {
          addText(node, INLINE.has(sub.display) && !sub.candidate ? sub.text : ' ' + sub.text + ' ');
          if (sub.ad) node.ad = true;
          const inHead = sub.head;
          if (inHead) { kid.heading = inHead; if (!node.head) node.head = inHead; }
        } else if (child.localName === 'br') addText(node, ' ');
      }
    }
    node.display = cs.display;
    finish(el, tag, node, record);
    node.text = clean(node.text);
    const length = node.text.length;
    if (HEADING.test(tag) || role === 'heading') { node.head = cut(node.text, 120); node.heading = true; }
    else if (!node.head && !interactive && !NO_HEAD.has(tag) && length > 2 && length < 60 && node.kids.length <= 1 && own.trim() && !/:$/.test(node.text) &&
      (parseInt(cs.fontWeight) >= 600 || /(^|[-_])(title|heading|head|hd|header|caption|legend)/i.test(attr(el, 'class'))) && !ctx.ownLabel && ctx.cursor !== 'pointer') node.head = node.text;
    if (length > 160 && node.head && !HEADING.test(tag)) node.head = '';
    if (shown && own && AD.test(clean(own)) && clean(own).length < 32 && !interactive) node.ad = true;
    if (leafVisible && own && clean(own).length > 1) note(el, tag, role, node, ctx, kid);
    if (layerSlot) {
      layers.push({ text: cut(node.text, 400), hints: cut(hintsOf(el), 120), modal: layerSlot.modal, share: layerSlot.share, box: layerSlot.box });
    }
    return node;
  }

  function note(el, tag, role, node, ctx, kid) {
    if (notices.length >= 1500) return;
    const inline = ['b', 'strong', 'i', 'em', 'span', 'font', 'a', 'small'].includes(tag);
    if (inline && ctx.noted) return;
    notices.push({ kind: role === 'generic' ? tag : role, text: cut(node.text, 240),
      hints: cut(attr(el, 'id') + ' ' + attr(el, 'class') + ' ' + ctx.trail, 120), layer: kid.layer, box: visibleBox(el) });
  }

  function speak(text) {
    if (!text) return;
    lastText = text;
    while (pending.length) pending.pop().after = cut(text, 120);
  }

  function finish(el, tag, node, record) {
    if (!record) return;
    const text = clean(node.text);
    record.text = cut(text, 240);
    record.name = cut(nameOf(el, tag, record.interactive || record.level || tag === 'legend' || tag === 'caption' ? text : node.head || ' ').trim(), 240);
    pending.push(record);
    if (pending.length > 12) pending.shift();
  }

  function blockOf(node) {
    for (let up = node.parent; up; up = up.parent) {
      if (up.tag === 'body' || up.long || up.text.length > LONG * 2) return -1;
      if (up.kids.length < 2 && up.parent) continue;
      if (up.block === -2) {
        up.block = blocks.length;
        blocks.push({ parent: -1, text: cut(up.text, LONG * 2) });
        blocks[up.block].parent = blockOf(up);
      }
      return up.block;
    }
    return -1;
  }

  const body = document.body || document.documentElement;
  const top = { opacity: 1, srOnly: false, cursor: 'auto', region: '', layer: '', heading: '', group: '', column: '', columns: null, ownLabel: false, level: 0, trail: '', noted: false };
  const root = body ? walk(body, null, top) : null;
  const groups = root ? mantisRecords(root) : [];
  const described = groups.map((group) => {
    const first = group.nodes[0];
    return { tag: first.tag, region: '', heading: '', frame: 0, records: group.nodes.map((n) => ({
      text: cut(n.text, LONG * 2), title: '', sponsored: n.ad || n.adOwn, box: visibleBox(n.el) })) };
  });
  (function link(node, records) {
    if (!node) return;
    let mine = records;
    if (node.record) mine = [node.record, ...records];
    const c = node.candidate;
    if (c) {
      c.records = mine;
      c.block = blockOf(node);
      for (const r of mine) {
        const group = described[r.group];
        if (!group.region) group.region = c.region;
        if (!group.heading && c.heading) group.heading = c.heading;
      }
    }
    for (const kid of node.kids) link(kid, mine);
  })(root, []);
  groups.forEach((group, index) => group.nodes.forEach((n, ordinal) => {
    const head = (function find(node) {
      if (node.heading || (node.candidate && node.candidate.level)) return node.text;
      for (const kid of node.kids) { const t = find(kid); if (t) return t; }
      return '';
    })(n);
    described[index].records[ordinal].title = cut(head, 160);
  }));
  const json = JSON.stringify({
    url: location.href, title: document.title, language: attr(document.documentElement, 'lang'),
    width: view.w, height: view.h, scroll_x: scrollX, scroll_y: scrollY,
    page_height: Math.max(document.documentElement.scrollHeight, body ? body.scrollHeight : 0),
    elements, blocks, groups: described, notices, layers, truncated,
  });
  return { json, nodes };
}
