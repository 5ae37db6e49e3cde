// The box that the thumb of a slider moves in: the nearest one around it that is much longer.
(element) => {
  const thumb = element.getBoundingClientRect();
  for (let at = element.parentElement, up = 0; at && up < 4; at = at.parentElement, up += 1) {
    const box = at.getBoundingClientRect();
    if (Math.max(box.width, box.height) >= 3 * Math.max(thumb.width, thumb.height)) {
      return { width: box.width - thumb.width, height: box.height - thumb.height };
    }
  }
  return { width: thumb.width, height: thumb.height };
}
