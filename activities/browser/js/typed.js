// The fields of a document that a person could type a short text into, and what is said around them.
// Answers JSON: a list in page order. `group` tells fields apart that stand in different containers.
() => {
  const FIELDS = "input:not([type]),input[type=text],input[type=tel],input[type=number],input[type=password],input[type='']";
  const clean = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const shown = (node) => {
    const box = node.getBoundingClientRect();
    return box.width >= 1 && box.height >= 1 && getComputedStyle(node).visibility === "visible";
  };
  const roots = [document];
  for (let at = 0; at < roots.length && at < 200; at += 1) {
    const walker = document.createTreeWalker(roots[at], NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) if (node.shadowRoot) roots.push(node.shadowRoot);
  }
  const said = (root, ids) => (ids ?? "").split(/\s+/).filter(Boolean).map((id) => root.getElementById?.(id)?.innerText ?? "");
  // The smallest container that says more than the field's own label.
  const around = (field) => {
    let at = field.parentElement ?? field.getRootNode().host;
    for (let step = 0; at && step < 8; step += 1) {
      const lines = (at.innerText ?? "").split(/\n+/).map(clean).filter(Boolean);
      if (lines.join(" ").length >= 60 || at.localName === "body" || at.localName === "dialog") return { at, lines };
      at = at.parentElement ?? at.getRootNode().host;
    }
    return { at, lines: at ? (at.innerText ?? "").split(/\n+/).map(clean).filter(Boolean) : [] };
  };
  const containers = [];
  const found = [];
  for (const root of roots) {
    for (const field of root.querySelectorAll(FIELDS)) {
      if (found.length >= 50) break;
      if (!shown(field) || field.readOnly) continue;
      const { at, lines } = around(field);
      if (!containers.includes(at)) containers.push(at);
      const labels = [...(field.labels ?? [])].map((label) => label.innerText);
      found.push({
        type: field.type,
        completion: field.getAttribute("autocomplete") ?? "",
        mode: field.getAttribute("inputmode") ?? "",
        pattern: (field.getAttribute("pattern") ?? "").slice(0, 100),
        limit: field.maxLength > 0 ? field.maxLength : 0,
        names: [field.getAttribute("name") ?? "", field.id].map((name) => name.slice(0, 100)),
        labels: [...labels, ...said(root, field.getAttribute("aria-labelledby")), field.getAttribute("aria-label"),
          field.getAttribute("placeholder"), field.getAttribute("title")].map((text) => clean(text).slice(0, 200)).filter(Boolean).slice(0, 6),
        group: containers.indexOf(at),
        nearby: lines.slice(0, 20).map((line) => line.slice(0, 200)),
      });
    }
  }
  return JSON.stringify(found);
}
