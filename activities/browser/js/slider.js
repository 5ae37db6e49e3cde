// How a slider stands. Returns { native, now, least, most, step, said, upright }: `said` is its
// value in words, numbers are null where it tells none.
(element) => {
  const number = (text) => (text === null || text === "" || Number.isNaN(Number(text)) ? null : Number(text));
  if (element.nodeName === "INPUT") {
    const least = number(element.min) ?? 0;
    return {
      native: true, now: Number(element.value), least, most: number(element.max) ?? 100,
      step: element.step === "any" ? null : number(element.step) ?? 1, said: element.value,
      upright: element.getAttribute("orient") === "vertical" || /vertical/.test(getComputedStyle(element).writingMode),
    };
  }
  return {
    native: false, now: number(element.getAttribute("aria-valuenow")), least: number(element.getAttribute("aria-valuemin")),
    most: number(element.getAttribute("aria-valuemax")), step: null,
    said: (element.getAttribute("aria-valuetext") ?? "").trim(),
    upright: element.getAttribute("aria-orientation") === "vertical",
  };
}
