/** Writing to the page only what differs: most values are painted again with the text they already have. */

export function writeText(element: Element | null, text: string): void {
  if (element !== null && element.textContent !== text) element.textContent = text;
}

export function writeData(element: HTMLElement | null, name: string, value: string): void {
  if (element !== null && element.dataset[name] !== value) element.dataset[name] = value;
}

export function writeTransform(element: HTMLElement | null, transform: string): void {
  if (element !== null && element.style.transform !== transform)
    element.style.transform = transform;
}
