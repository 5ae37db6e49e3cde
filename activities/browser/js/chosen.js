// Whether the choice shows: on the trigger, its surroundings or the option itself.
// `argument`: { name, option (its element), limit (ms), box (where the trigger was) }.
(trigger, argument, ranking) => {
  const { fold } = ranking("");
  const wanted = fold(argument.name);
  // Pages that draw anew put another control in the place of this one.
  const instead = () => {
    const { box } = argument;
    if (!box || trigger.ownerDocument.defaultView !== window.top) return null;
    return trigger.ownerDocument.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  };
  const holds = () => {
    const at = trigger.isConnected ? trigger : instead();
    if (at === null) return false;
    const texts = [at.value, at.innerText, at.getAttribute("aria-label"), at.getAttribute("aria-valuetext")];
    const box = at.closest("[data-value],[role=combobox],[class*=select i],[class*=dropdown i],label") ?? at.parentElement;
    if (box && !box.contains(argument.option)) texts.push(box.innerText);
    const inner = box ? box.querySelector("input,select") : null;
    if (inner) texts.push(inner.value);
    if (texts.some((text) => ` ${fold(text)} `.includes(` ${wanted} `))) return true;
    const option = argument.option;
    return option.isConnected && ["aria-selected", "aria-checked"].some((name) => option.getAttribute(name) === "true");
  };
  return new Promise((resolve) => {
    const until = performance.now() + argument.limit;
    const turn = () => {
      if (holds()) return resolve(true);
      if (performance.now() >= until) return resolve(false);
      setTimeout(turn, 30);
    };
    turn();
  });
}
