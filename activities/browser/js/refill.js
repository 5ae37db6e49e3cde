// Puts values back into the fields of a document, as its user left them, so that the page's own state follows.
// Nothing that the page does about it may leave the document: `guard` holds back submits and navigations.
// The function answers an object for the driver's handle: fill(fields) → { put, missing }; scroll(x, y); free().
() => {
  const FIELDS = 'input,textarea,select,[contenteditable=""],[contenteditable=true],[contenteditable=plaintext-only]';
  const SKIPPED = /^(hidden|file|button|submit|reset|image)$/;
  const kindOf = (field) => {
    if (field.localName === "input") return field.type;
    return field.localName === "textarea" || field.localName === "select" ? field.localName : "rich";
  };

  // ---- guard ----------------------------------------------------------------------------------
  const stop = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const stay = (event) => {
    if (!event.destination.sameDocument && event.cancelable) event.preventDefault();
  };
  const form = HTMLFormElement.prototype;
  const own = { submit: form.submit, requestSubmit: form.requestSubmit, open: window.open };
  window.addEventListener("submit", stop, true);
  window.navigation?.addEventListener("navigate", stay, true);
  form.submit = () => undefined;
  form.requestSubmit = () => undefined;
  window.open = () => null;
  const free = () => {
    window.removeEventListener("submit", stop, true);
    window.navigation?.removeEventListener("navigate", stay, true);
    form.submit = own.submit;
    form.requestSubmit = own.requestSubmit;
    window.open = own.open;
  };

  // ---- finding --------------------------------------------------------------------------------
  const all = () => {
    const roots = [document];
    for (let at = 0; at < roots.length && at < 200; at += 1) {
      const walker = document.createTreeWalker(roots[at], NodeFilter.SHOW_ELEMENT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) if (node.shadowRoot) roots.push(node.shadowRoot);
    }
    const found = [];
    for (const root of roots) {
      for (const field of root.querySelectorAll(FIELDS)) {
        if (SKIPPED.test(kindOf(field))) continue;
        if (kindOf(field) === "rich" && field.parentElement?.closest("[contenteditable]")?.isContentEditable) continue;
        found.push(field);
      }
    }
    return found;
  };
  const find = (fields, wanted) => {
    const alike = (field) => kindOf(field) === wanted.type && (!wanted.option || field.value === wanted.option);
    const named = (field) => (field.getAttribute("name") ?? "") === wanted.name;
    const there = fields[wanted.place];
    const same = (field) => alike(field) && named(field) && field.id === wanted.id;
    if (there && same(there)) return there;
    const exact = fields.filter(same);
    if (exact.length === 1) return exact[0];
    const byId = wanted.id ? fields.filter((field) => alike(field) && field.id === wanted.id) : [];
    if (byId.length === 1) return byId[0];
    const byName = wanted.name ? fields.filter((field) => alike(field) && named(field)) : [];
    if (byName.length === 1) return byName[0];
    // Made-up ids change with each load; its place among fields of its kind is what is left.
    return there && alike(there) && named(there) ? there : null;
  };

  // ---- filling --------------------------------------------------------------------------------
  const tell = (field, kind) => {
    const data = kind === "rich" ? null : field.value;
    field.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true, inputType: "insertText", data }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const setter = (field, name) => Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), name)?.set;
  const holds = (field, wanted) => {
    switch (wanted.type) {
      case "checkbox":
      case "radio":
        return field.checked === wanted.checked;
      case "select": {
        const chosen = [...field.selectedOptions].map((option) => option.value);
        return chosen.length === wanted.chosen.length && chosen.every((value, at) => value === wanted.chosen[at]);
      }
      case "rich":
        return field.innerText === wanted.value;
      default:
        return field.value === wanted.value;
    }
  };
  const put = (field, wanted) => {
    switch (wanted.type) {
      case "checkbox":
      case "radio":
        field.click();
        if (holds(field, wanted)) return;
        field.checked = wanted.checked;
        break;
      case "select": {
        if (!wanted.chosen.every((value) => [...field.options].some((option) => option.value === value))) return;
        const left = [...wanted.chosen];
        for (const option of field.options) {
          const at = left.indexOf(option.value);
          if (option.selected !== at >= 0) option.selected = at >= 0;
          if (at >= 0) left.splice(at, 1);
        }
        break;
      }
      case "rich":
        field.focus({ preventScroll: true });
        window.getSelection().selectAllChildren(field);
        if (document.execCommand("insertText", false, wanted.value) && holds(field, wanted)) {
          field.blur();
          return;
        }
        field.textContent = wanted.value;
        break;
      default: {
        const set = setter(field, "value");
        if (set) set.call(field, wanted.value);
        else field.value = wanted.value;
      }
    }
    tell(field, wanted.type);
  };
  const fill = (wanted) => {
    const fields = all();
    let missing = 0;
    let filled = 0;
    for (const one of wanted) {
      const field = find(fields, one);
      if (field && !holds(field, one) && !field.matches(":disabled")) {
        filled += 1;
        try {
          put(field, one);
        } catch {
          // A page's own handler failed, or the field takes no such value: seen below.
        }
      }
      if (!field || !holds(field, one)) missing += 1;
    }
    return { put: filled, missing };
  };
  const scroll = (x, y) => window.scrollTo({ left: x, top: y, behavior: "instant" });
  return { fill, scroll, free };
}
