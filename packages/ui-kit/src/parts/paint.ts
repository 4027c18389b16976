/** Writing to the page only what differs: most values are painted again with the text they already have. */

export function writeText(element: Element | null, text: string): void {
  if (element === null) return;
  const first = element.firstChild;
  // Changing the text of a node costs a third of putting another in its place, which is styled anew.
  if (first instanceof Text) {
    if (first.data !== text) first.data = text;
  } else if (text !== "") {
    element.textContent = text;
  }
}

export function writeData(element: HTMLElement | null, name: string, value: string): void {
  if (element !== null && element.dataset[name] !== value) element.dataset[name] = value;
}

export function writeTransform(element: HTMLElement | null, transform: string): void {
  if (element !== null && element.style.transform !== transform)
    element.style.transform = transform;
}
