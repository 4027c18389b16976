/** What is measured inside a page. Each function runs in the browser and uses nothing from outside itself. */

export interface TextProblem {
  readonly kind: "scroll" | "clipped" | "overlap";
  readonly text: string;
}

/**
 * The box test of X2: no sideways scroll, no text cut off, no two texts over each other. The navigation that stays in
 * view lies over the page by design, so it is compared with itself only.
 */
export function findTextProblems(): TextProblem[] {
  const problems: TextProblem[] = [];
  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth + 1) {
    problems.push({ kind: "scroll", text: `${root.scrollWidth} > ${window.innerWidth}` });
  }
  const found: { text: string; box: DOMRect; layer: Element | null; well: Element | null }[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const parent = node.parentElement;
    const text = (node.nodeValue ?? "").trim();
    if (parent === null || text === "" || parent.closest("noscript, .hidden-text") !== null)
      continue;
    const style = getComputedStyle(parent);
    if (style.visibility === "hidden" || style.opacity === "0") continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const well = parent.closest(".table-well, .table-window");
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      found.push({ text, box, layer: parent.closest("body > div > nav"), well });
      for (let up: Element | null = parent; up !== null && up !== well; up = up.parentElement) {
        const outer = getComputedStyle(up);
        // `contain: content` clips as overflow does.
        if (outer.overflowX === "visible" && !outer.contain.includes("content")) continue;
        const edge = up.getBoundingClientRect();
        const out =
          box.left < edge.left - 1 ||
          box.right > edge.right + 1 ||
          box.top < edge.top - 3 ||
          box.bottom > edge.bottom + 3;
        if (out && up !== root && up !== document.body) problems.push({ kind: "clipped", text });
      }
      if (well === null && (box.right > root.clientWidth + 1 || box.left < -1)) {
        problems.push({ kind: "clipped", text });
      }
    }
  }
  for (const [index, one] of found.entries()) {
    for (const other of found.slice(index + 1)) {
      if (one.layer !== other.layer || one.well !== other.well) continue;
      const width =
        Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const height =
        Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      // Boxes of lines overlap by their leading; letters do not.
      if (width > 1 && height > 5) {
        problems.push({ kind: "overlap", text: `${one.text} | ${other.text}` });
      }
    }
  }
  return problems;
}

/** X4: everything that can be pressed is large enough and far enough from the next. */
export function findSmallTargets(leastPx: number): string[] {
  const problems: string[] = [];
  const targets = [...document.querySelectorAll("a[href], button, input, select")].map(
    (element) => ({
      name: element.textContent.trim().slice(0, 40) || element.tagName,
      layer: element.closest("nav"),
      box: element.getBoundingClientRect(),
    }),
  );
  for (const [index, one] of targets.entries()) {
    if (one.box.width < leastPx - 0.5 || one.box.height < leastPx - 0.5) {
      problems.push(`${one.name}: ${one.box.width.toFixed(0)}x${one.box.height.toFixed(0)}`);
    }
    for (const other of targets.slice(index + 1)) {
      if (one.layer !== other.layer) continue;
      const x = Math.max(one.box.left, other.box.left) - Math.min(one.box.right, other.box.right);
      const y = Math.max(one.box.top, other.box.top) - Math.min(one.box.bottom, other.box.bottom);
      if (Math.max(x, y) < 7.5)
        problems.push(`${one.name} and ${other.name} are ${Math.max(x, y).toFixed(1)} apart`);
    }
  }
  return problems;
}

/** Installed before the page's own script: knows the live streams that have not yet said how everything is now. */
export function watchStreams(): void {
  const silent = new Set<EventSource>();
  (window as unknown as { silentStreams: typeof silent }).silentStreams = silent;
  window.EventSource = class extends EventSource {
    constructor(address: string | URL, options?: EventSourceInit) {
      super(address, options);
      silent.add(this);
      // What each stream begins with: values of a gateway, or the list of a hub. One that fails says so on the page.
      for (const first of ["snapshot", "gateways", "error"]) {
        this.addEventListener(first, () => silent.delete(this), { once: true });
      }
    }
    override close(): void {
      silent.delete(this);
      super.close();
    }
  };
}

/** Installed before the page's own script: notes when the first digits of a live value stand on the screen. */
export function watchFirstValue(): void {
  const state = window as unknown as {
    firstValueMs?: number;
    firstValueWrittenMs?: number;
    longTasksMs?: number;
  };
  state.longTasksMs = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // Total blocking time counts what lies beyond 50 ms of each long task.
      state.longTasksMs = (state.longTasksMs ?? 0) + Math.max(0, entry.duration - 50);
    }
  }).observe({ type: "longtask", buffered: true });
  const isThere = (): boolean =>
    [...document.querySelectorAll(".digits")].some((one) => /\d/.test(one.textContent));
  // What the page asks for once the value is written is not what it needed for it, however late the next frame comes.
  const writes = new MutationObserver(() => {
    if (!isThere()) return;
    state.firstValueWrittenMs = performance.now();
    writes.disconnect();
  });
  writes.observe(document, { subtree: true, childList: true, characterData: true });
  const look = (): void => {
    if (isThere()) state.firstValueMs = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
