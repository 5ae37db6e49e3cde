// Whether the choice shows: on the trigger, its surroundings or the option itself.
// `argument`: { wanted, option (its element), limit (ms) }.
(trigger, argument, ranking) => {
  const { fold } = ranking("");
  const wanted = fold(argument.name);
  const holds = () => {
    if (!trigger.isConnected) return true;
    const texts = [trigger.value, trigger.innerText, trigger.getAttribute("aria-label"), trigger.getAttribute("aria-valuetext")];
    const box = trigger.closest("[data-value],[role=combobox],[class*=select i],[class*=dropdown i],label") ?? trigger.parentElement;
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
