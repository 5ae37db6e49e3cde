// What a document holds that another browser needs to show it again: fields, scroll, storage.
// `options`: { storage, most: { fields, text, session, local, database, records } }; sizes in characters.
// Answers JSON. What is larger than it may be is left out whole and named in `over`.
async (options) => {
  const most = options.most;
  const over = [];
  const tried = (work, instead) => {
    try {
      return work();
    } catch {
      return instead;
    }
  };

  // ---- fields -------------------------------------------------------------------------------
  const FIELDS = 'input,textarea,select,[contenteditable=""],[contenteditable=true],[contenteditable=plaintext-only]';
  const SKIPPED = /^(hidden|file|button|submit|reset|image)$/;
  const roots = [document];
  for (let at = 0; at < roots.length && at < 200; at += 1) {
    const walker = document.createTreeWalker(roots[at], NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) if (node.shadowRoot) roots.push(node.shadowRoot);
  }
  const said = (root, ids) => (ids ?? "").split(/\s+/).filter(Boolean)
    .map((id) => root.getElementById?.(id)?.textContent ?? "");
  const whole = (text) => (text.toWellFormed ? text.toWellFormed() : text);
  const labelled = (field) => {
    const own = [...(field.labels ?? [])].map((label) => label.textContent ?? "");
    const by = said(field.getRootNode(), field.getAttribute("aria-labelledby"));
    const shown = ["aria-label", "placeholder", "title"].map((name) => field.getAttribute(name) ?? "");
    return [...own, ...by, ...shown].map((text) => text.trim().replace(/\s+/g, " ").slice(0, 100)).map(whole).filter(Boolean).slice(0, 4);
  };
  const initial = (select) => {
    const marked = [...select.options].filter((option) => option.defaultSelected);
    return select.multiple || marked.length > 0 ? marked.slice(select.multiple ? 0 : -1) : [...select.options].slice(0, 1);
  };
  const held = (field, kind) => {
    if (kind === "rich") {
      const value = field.innerText;
      return value.trim() ? { value } : null;
    }
    if (kind === "checkbox" || kind === "radio") {
      if (!field.checked && (kind === "radio" || !field.defaultChecked)) return null;
      return { checked: field.checked, option: field.value };
    }
    if (kind === "select") {
      const chosen = [...field.selectedOptions];
      const first = initial(field);
      if (chosen.length === first.length && chosen.every((option) => first.includes(option))) return null;
      return { chosen: chosen.map((option) => option.value) };
    }
    return field.value || field.value !== field.defaultValue ? { value: field.value } : null;
  };
  const fields = [];
  let place = -1;
  let room = most.text;
  for (const root of roots) {
    for (const field of root.querySelectorAll(FIELDS)) {
      const input = field.localName === "input";
      const kind = input ? field.type : field.localName === "textarea" || field.localName === "select" ? field.localName : "rich";
      if (SKIPPED.test(kind)) continue;
      if (kind === "rich" && field.parentElement?.closest("[contenteditable]")?.isContentEditable) continue;
      place += 1;
      const holds = held(field, kind);
      if (holds === null) continue;
      room -= (holds.value ?? "").length;
      if (room < 0 || fields.length >= most.fields) {
        over.push("fields");
        break;
      }
      fields.push({
        type: kind,
        id: field.id.slice(0, 200),
        name: (field.getAttribute("name") ?? "").slice(0, 200),
        place,
        ...holds,
        labels: labelled(field),
        completion: field.getAttribute("autocomplete") ?? "",
        mode: field.getAttribute("inputmode") ?? "",
        limit: field.maxLength > 0 ? field.maxLength : 0,
      });
    }
    if (over.length > 0) break;
  }

  // ---- storage ------------------------------------------------------------------------------
  const entries = (storage, limit, name) => {
    const found = [];
    let size = 0;
    for (let at = 0; at < storage.length; at += 1) {
      const key = storage.key(at);
      const value = storage.getItem(key) ?? "";
      size += key.length + value.length;
      if (size > limit) {
        over.push(name);
        return [];
      }
      found.push({ name: key, value });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  };

  // Values of IndexedDB that JSON can't carry are written as the driver's `set_storage_state` reads them.
  const VIEWS = { i8: Int8Array, ui8: Uint8Array, ui8c: Uint8ClampedArray, i16: Int16Array, ui16: Uint16Array, i32: Int32Array,
    ui32: Uint32Array, f32: Float32Array, f64: Float64Array, bi64: BigInt64Array, bui64: BigUint64Array };
  const base64 = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  };
  const plain = (value, depth = 0) => {
    if (value === null || typeof value === "string" || typeof value === "boolean") return true;
    if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
    if (typeof value !== "object" || depth > 100) return false;
    if (Array.isArray(value)) return value.every((item) => plain(item, depth + 1));
    return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every((item) => plain(item, depth + 1));
  };
  const encoder = () => {
    const seen = new Map();
    let last = 0;
    const encode = (value) => {
      if (value === undefined) return { v: "undefined" };
      if (value === null) return { v: "null" };
      if (typeof value === "number") {
        if (Object.is(value, -0)) return { v: "-0" };
        return Number.isFinite(value) ? value : { v: String(value) };
      }
      if (typeof value === "boolean" || typeof value === "string") return value;
      if (typeof value === "bigint") return { bi: value.toString() };
      if (typeof value !== "object") throw new TypeError("can't be kept");
      if (value instanceof Date) return { d: value.toJSON() };
      if (value instanceof RegExp) return { r: { p: value.source, f: value.flags } };
      if (value instanceof ArrayBuffer) return { ab: { b: base64(new Uint8Array(value)) } };
      for (const [k, view] of Object.entries(VIEWS)) {
        if (value instanceof view) return { ta: { b: base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)), k } };
      }
      if (seen.has(value)) return { ref: seen.get(value) };
      const id = (last += 1);
      seen.set(value, id);
      if (Array.isArray(value)) return { a: value.map(encode), id };
      if (value instanceof Map) return { m: [...value].map(([k, v]) => ({ k: encode(k), v: encode(v) })), id };
      if (value instanceof Set) return { s: [...value].map(encode), id };
      if (Object.getPrototypeOf(value) !== Object.prototype) throw new TypeError("can't be kept");
      return { o: Object.entries(value).map(([k, v]) => ({ k, v: encode(v) })), id };
    };
    return encode;
  };
  const record = (name, value) => (plain(value) ? { [name]: value } : { [`${name}Encoded`]: encoder()(value) });
  const answered = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error);
    setTimeout(reject, 500);
  });
  const pathOf = (path) => (Array.isArray(path) ? { keyPathArray: [...path] } : typeof path === "string" ? { keyPath: path } : {});
  const BATCH = 200;
  const recordsOf = async (store, budget) => {
    const records = [];
    let after = null;
    for (;;) {
      const range = after === null ? null : IDBKeyRange.lowerBound(after, true);
      const [keys, values] = await Promise.all([answered(store.getAllKeys(range, BATCH)), answered(store.getAll(range, BATCH))]);
      for (const [at, value] of values.entries()) {
        const one = { ...(store.keyPath === null ? record("key", keys[at]) : {}), ...record("value", value) };
        budget.text -= JSON.stringify(one).length;
        budget.records -= 1;
        if (budget.text < 0 || budget.records < 0) throw new RangeError("too large");
        records.push(one);
      }
      if (values.length < BATCH) return records;
      after = keys[keys.length - 1];
    }
  };
  const databaseOf = async ({ name, version }, budget) => {
    const database = await answered(indexedDB.open(name));
    try {
      const stores = [];
      const names = [...database.objectStoreNames];
      const transaction = names.length > 0 ? database.transaction(names, "readonly") : null;
      for (const named of names) {
        const store = transaction.objectStore(named);
        const indexes = [...store.indexNames].map((one) => store.index(one))
          .map((index) => ({ name: index.name, ...pathOf(index.keyPath), multiEntry: index.multiEntry, unique: index.unique }));
        stores.push({ name: named, autoIncrement: store.autoIncrement, ...pathOf(store.keyPath), indexes, records: await recordsOf(store, budget) });
      }
      return { name, version, stores };
    } finally {
      database.close();
    }
  };
  const databases = async () => {
    const found = [];
    let budget = { text: most.database, records: most.records };
    for (const one of await indexedDB.databases()) {
      const left = { ...budget };
      try {
        found.push(await databaseOf(one, left));
        budget = left;
      } catch {
        over.push(`database ${one.name}`.slice(0, 100));
      }
    }
    return found;
  };

  const kept = { origin: "null", session: [], local: [], databases: [] };
  if (options.storage) {
    kept.origin = self.origin;
    kept.session = tried(() => entries(sessionStorage, most.session, "session storage"), []);
    kept.local = tried(() => entries(localStorage, most.local, "local storage"), []);
    kept.databases = await databases().catch(() => []);
  }
  const status = performance.getEntriesByType("navigation")[0]?.responseStatus ?? 0;
  const text = JSON.stringify({ ...kept, status, x: Math.round(scrollX), y: Math.round(scrollY), fields, over });
  // Half a character, as texts that were cut hold, is no Unicode.
  return text.replace(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, "$1\ufffd");
}
