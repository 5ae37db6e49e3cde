// Reads the visible content of one frame as plain data (see inference/content.py for the shape).
// Called with the handles of the child frames' elements; an emitted iframe names its place in them.
// Needs inference/dom/js/{roots,shown}.js around it.
(frames) => {
  const SKIP = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "HEAD", "OBJECT", "EMBED", "DATALIST"]);
  const OPAQUE = new Set(["svg", "SVG", "CANVAS", "VIDEO", "AUDIO", "IMG", "IFRAME", "FRAME", "SELECT", "TEXTAREA", "INPUT", "PROGRESS", "METER"]);
  const BLOCK = 1, STRIKE = 2, BOLD = 4, SR = 8, FIXED = 16, CURSOR = 32;
  const NAMES = ["role", "id", "name", "type", "placeholder", "rel", "itemprop", "itemtype", "slot", "for", "datetime", "headers", "scope", "property", "typeof", "rowspan"];
  const STATES = ["checked", "selected", "pressed", "expanded", "current", "disabled", "invalid", "modal", "haspopup"];
  const nodes = [];
  const view = document.defaultView;
  const squash = (s) => s.replace(/\s+/g, " ");
  // At most `n` units of a text, never half a character at the end.
  const clip = (s, n) => (s.length > n ? s.slice(0, n).replace(/[\ud800-\udbff]$/, "") : s);
  const MOST_NODES = 40000, MOST_VISITS = 200000, MOST_CHARACTERS = 2000000;
  let pendingSpace = false, visits = 0, characters = 0, complete = true;

  // Whether there is room for one more node; a page beyond it is reported as not complete.
  const room = () => {
    visits += 1;
    const left = nodes.length < MOST_NODES && visits <= MOST_VISITS && characters < MOST_CHARACTERS;
    complete = complete && left;
    return left;
  };

  const named = (el) => {
    const label = el.getAttribute("aria-label");
    if (label && label.trim()) return label.trim();
    const ids = el.getAttribute("aria-labelledby");
    if (ids) {
      const root = el.getRootNode();
      const text = ids.split(/\s+/).map((id) => {
        const other = root.getElementById ? root.getElementById(id) : null;
        return other ? other.textContent : "";
      }).join(" ");
      if (text.trim()) return squash(text).trim();
    }
    if (el.tagName === "svg") {
      const title = el.querySelector("title");
      return title ? squash(title.textContent).trim() : "";
    }
    return (el.getAttribute("alt") || el.getAttribute("title") || "").trim();
  };

  const labelOf = (el) => {
    if (!el.labels || !el.labels.length) return "";
    return squash([...el.labels].map((l) => {
      const copy = l.cloneNode(true);
      copy.querySelectorAll("select,textarea,option,button,script,style").forEach((x) => x.remove());
      return copy.textContent;
    }).join(" ")).trim();
  };

  const valueOf = (el) => {
    switch (el.tagName) {
      case "SELECT": return [...el.selectedOptions].map((o) => squash(o.textContent).trim()).join(", ");
      case "TEXTAREA": return el.value;
      case "OUTPUT": return el.value;
      case "METER": case "PROGRESS": return el.hasAttribute("value") ? String(el.value) : "";
      case "INPUT":
        return ["password", "file"].includes(el.type) ? "" : el.value;
    }
    return el.getAttribute("aria-valuetext") || el.getAttribute("aria-valuenow") || "";
  };

  const attributes = (el) => {
    const out = {};
    for (const name of NAMES) {
      const value = el.getAttribute(name);
      if (value) out[name] = clip(value.trim(), 120);
    }
    for (const state of STATES) {
      const value = el.getAttribute("aria-" + state);
      if (value !== null) out[state] = value;
    }
    for (const name of ["data-testid", "data-test-id", "data-test", "data-qa", "data-label", "data-title", "data-field"]) {
      const value = el.getAttribute(name);
      if (value) out[name.startsWith("data-test") || name === "data-qa" ? "testid" : name] = clip(value, 120);
    }
    if (el.isContentEditable) out.editable = "true";
    if (el.hasAttribute("itemscope")) out.itemscope = "true";
    const content = el.getAttribute("content");
    if (content !== null && (out.itemprop || out.property)) out.content = clip(content, 2000);
    if (el.tagName === "INPUT" || el.tagName === "SELECT" || el.tagName === "TEXTAREA" || el.tagName === "BUTTON") {
      if (el.disabled) out.disabled = "true";
      const label = labelOf(el);
      if (label) out.label = clip(label, 200);
      if (el.type === "checkbox" || el.type === "radio") out.checked = String(el.checked);
      if (el.readOnly) out.readonly = "true";
      if (el.required) out.required = "true";
    }
    if ((el.tagName === "A" || el.tagName === "AREA" || el.tagName === "LINK") && el.hasAttribute("href")) out.href = clip(String(el.href), 2000);
    if (el.tagName === "IMG") out.src = clip(el.currentSrc || el.src || "", 1000);
    if (el.tagName === "DETAILS") out.expanded = String(el.open);
    if (el.tagName === "DIALOG" && el.matches(":modal")) out.modal = "true";
    const value = valueOf(el);
    if (value) out.value = clip(value, 4000);
    const span = el.getAttribute("colspan");
    if (span && span !== "1") out.colspan = span;
    return out;
  };

  const text = (node, parent, sr) => {
    const raw = squash(node.data);
    if (raw === " ") { pendingSpace = true; return; }
    if (!raw) return;
    characters += Math.min(raw.length, 8000);
    nodes.push([parent, "#text", (pendingSpace && raw[0] !== " " ? " " : "") + clip(raw, 8000), "", {}, 0, 0, 0, 0, sr ? SR : 0, 0]);
    pendingSpace = false;
  };

  const kids = (el) => {
    if (el.tagName === "DETAILS" && !el.open) return [...el.children].filter((child) => child.tagName === "SUMMARY");
    const shadow = shadowOf(el);
    if (shadow) return shadow.childNodes;
    if (el.tagName === "SLOT" && el.assignedNodes) {
      const assigned = el.assignedNodes();
      if (assigned.length) return assigned;
    }
    return el.childNodes;
  };

  const meta = (el, parent) => {
    if ((el.tagName !== "META" && el.tagName !== "LINK") || !(el.hasAttribute("itemprop") || el.hasAttribute("property"))) return;
    nodes.push([parent, el.tagName.toLowerCase(), "", "", attributes(el), 0, 0, 0, 0, SR, 0]);
  };

  // Gives true for an element that is not laid out at all, because no slot takes it.
  const walk = (el, parent, sr, depth, ground) => {
    if (!room()) return;
    if (el.nodeType === 3) return void text(el, parent, sr);
    if (el.nodeType !== 1 || SKIP.has(el.tagName) || depth > 400) return;
    if (el.tagName === "BR") { nodes.push([parent, "br", "", "", {}, 0, 0, 0, 0, 0, 0]); pendingSpace = false; return; }
    if (el.tagName === "META" || el.tagName === "LINK") return meta(el, parent);
    const style = view.getComputedStyle(el);
    if (style.display === "") return true;
    const contents = style.display === "contents";
    if (style.display === "none" || style.visibility !== "visible") return;
    if (!contents && !el.checkVisibility()) return;
    const box = el.getBoundingClientRect();
    const control = el.tagName === "INPUT" || el.tagName === "SELECT" || el.tagName === "TEXTAREA";
    let quiet = sr;
    if (!contents && !control) {
      if (+style.opacity < 0.05) return;
      const clipped = style.overflowX !== "visible" || style.clip !== "auto" || style.clipPath !== "none";
      const tiny = box.width <= 1 && box.height <= 1;
      if (clipped && tiny) quiet = true;
      else if (clipped && (box.height < 1 || box.width < 1)) return;
      if (box.right + view.scrollX < 0 || box.bottom + view.scrollY < -1000) quiet = true;
      if (style.position === "fixed" && (box.left >= view.innerWidth || box.right <= 0) && box.width > 0) return;
    }
    const block = !/^(inline|contents)/.test(style.display);
    let flags = 0;
    if (block) flags |= BLOCK;
    if (style.textDecorationLine.includes("line-through")) flags |= STRIKE;
    if (parseInt(style.fontWeight, 10) >= 600) flags |= BOLD;
    if (quiet) flags |= SR;
    if (style.position === "fixed" || style.position === "sticky") flags |= FIXED;
    if (style.cursor === "pointer") flags |= CURSOR;
    const attrs = attributes(el);
    if (block) pendingSpace = false;
    const index = nodes.length;
    if (el.tagName === "IFRAME" || el.tagName === "FRAME") {
      const place = frames.indexOf(el);
      if (place >= 0) attrs.frame = String(place);
    }
    const cls = typeof el.className === "string" ? el.className : (el.getAttribute("class") || "");
    nodes.push([parent, el.tagName.toLowerCase(), clip(named(el), 300), clip(cls.trim(), 200), attrs,
      Math.round(box.left), Math.round(box.top), Math.round(box.width), Math.round(box.height), flags, Math.round(parseFloat(style.fontSize) || 0)]);
    if (!OPAQUE.has(el.tagName)) inside(el, index, quiet, depth, style, style.backgroundImage !== "none" ? "" : style.backgroundColor !== CLEAR ? style.backgroundColor : ground);
    if (block) pendingSpace = false;
  };

  // The children; text that people can't read for its colour or size is quiet, too.
  const inside = (el, index, quiet, depth, style, ground) => {
    let lost = false, mute = quiet ? true : null;
    for (const child of kids(el)) {
      if (mute === null && child.nodeType === 3 && /\S/.test(child.data)) mute = unreadable(el, style, ground);
      lost = walk(child, index, child.nodeType === 3 ? mute === true : quiet, depth + 1, ground) || lost;
      if (!complete) break;
    }
    suspect(el, el.localName, style, nodes.length === index + 1, lost);
  };

  if (document.body) walk(document.body, -1, false, 0, "rgb(255, 255, 255)");
  const canonical = document.querySelector("link[rel~='canonical']");
  const og = {};
  for (const tag of document.querySelectorAll("meta[property], meta[name]")) {
    const key = (tag.getAttribute("property") || tag.getAttribute("name")).toLowerCase();
    if (/^(og:|product:|article:|twitter:|description$|author$)/.test(key) && !(key in og)) og[key] = clip(tag.content || "", 2000);
  }
  return JSON.stringify({
    url: clip(location.href, 4000),
    canonical: canonical ? clip(canonical.href, 4000) : "",
    title: clip(document.title, 4000),
    lang: document.documentElement.lang || "",
    json_ld: [...document.querySelectorAll("script[type='application/ld+json']")].slice(0, 50).map((s) => clip(s.textContent, 200000)),
    meta: og,
    nodes,
    width: view.innerWidth,
    height: view.innerHeight,
    complete,
  });
}
