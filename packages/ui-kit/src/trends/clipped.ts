import type uPlot from "uplot";

/** Draws within a part of the canvas, px, all of the plot when nothing else is said; what is set there for drawing ends with it. */
export function clipped(
  { ctx, bbox }: Pick<uPlot, "ctx" | "bbox">,
  draw: () => void,
  { left, top, width, height }: uPlot.BBox = bbox,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  draw();
  ctx.restore();
}
