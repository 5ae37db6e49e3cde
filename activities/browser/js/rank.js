// How well a text names what is wanted: 0 exact … 5 contained, 9 not at all.
(wanted) => {
  const fold = (text) => (text ?? "").normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  const trim = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const asked = fold(wanted);
  const rank = (label, value) => {
    const name = fold(label);
    if (trim(label) === trim(wanted)) return 0;
    if (value !== undefined && value !== "" && value === wanted) return 1;
    if (asked === "") return 9;
    if (name === asked) return 2;
    if (value !== undefined && fold(value) === asked) return 3;
    if (name.startsWith(`${asked} `)) return 4;
    if (` ${name} `.includes(` ${asked} `)) return 5;
    return 9;
  };
  // The best of several; null where none fits, "ambiguous" where two fit only in part.
  const best = (items, textOf, valueOf) => {
    const ranked = items.map((item) => [rank(textOf(item), valueOf ? valueOf(item) : undefined), item]);
    const least = Math.min(9, ...ranked.map(([score]) => score));
    const first = ranked.filter(([score]) => score === least).map(([, item]) => item);
    if (least === 9) return null;
    if (least >= 4 && new Set(first.map((item) => fold(textOf(item)))).size > 1) return "ambiguous";
    return first[0];
  };
  return { rank, best, fold, trim };
}
