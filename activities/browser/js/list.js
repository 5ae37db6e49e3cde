// The container of an open list of options that scrolls, null where none does.
(trigger) => {
  const doc = trigger.ownerDocument;
  const win = doc.defaultView;
  const scrolls = (node) =>
    /auto|scroll|overlay/.test(win.getComputedStyle(node).overflowY) && node.scrollHeight - node.clientHeight > 4;
  const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && node.clientHeight > 0;
  const around = (node) => {
    for (let at = node; at && at !== doc.body && at !== doc.documentElement; at = at.assignedSlot ?? at.parentElement ?? at.getRootNode().host) {
      if (scrolls(at) && visible(at)) return at;
    }
    return null;
  };
  const root = trigger.getRootNode();
  const ids = ["aria-controls", "aria-owns"].flatMap((name) => (trigger.getAttribute(name) ?? "").split(/\s+/)).filter(Boolean);
  const owned = ids.map((id) => root.getElementById?.(id) ?? doc.getElementById(id)).filter(Boolean);
  for (const list of owned) {
    const found = [list, ...list.querySelectorAll("*")].find((node) => scrolls(node) && visible(node)) ?? around(list);
    if (found) return found;
  }
  const ROLES = "[role=option],[role=menuitemradio],[role=menuitem],[role=treeitem]";
  const option = [...trigger.querySelectorAll(ROLES), ...root.querySelectorAll(ROLES), ...doc.querySelectorAll(ROLES)].find(visible);
  if (option) return around(option);
  const at = trigger.getBoundingClientRect();
  const near = (node) => {
    const box = node.getBoundingClientRect();
    return Math.abs(box.left - at.left) + Math.min(Math.abs(box.top - at.bottom), Math.abs(box.bottom - at.top));
  };
  const lists = [...doc.querySelectorAll("ul,ol,div,[role=listbox]")]
    .filter((node) => !node.contains(trigger) && scrolls(node) && visible(node) && near(node) < 200);
  return lists.sort((a, b) => near(a) - near(b))[0] ?? null;
}
