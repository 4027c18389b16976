import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import {
  contrastOf,
  luminanceOf,
  okLabDistance,
  toOkLab,
  toRgb,
  type OkLab,
  type Rgb,
} from "./colour.ts";
import { tokensToCss, type Tokens } from "./tokens.ts";

const tokens = JSON.parse(readFileSync(new URL("tokens.json", import.meta.url), "utf8")) as Tokens;

/** Lowest contrast of `inks` on every ground, with its name, for one theme. */
function lowest(
  inks: Readonly<Record<string, readonly string[]>>,
  theme: number,
): { readonly pair: string; readonly ratio: number } {
  let found = { pair: "", ratio: Infinity };
  for (const [ink, colours] of Object.entries(inks)) {
    for (const [ground, grounds] of Object.entries(tokens.ground)) {
      const ratio = contrastOf(colours[theme] ?? "", grounds[theme] ?? "");
      if (ratio < found.ratio) found = { pair: `${ink} on ${ground}`, ratio };
    }
  }
  return found;
}

/** How near `colour` comes to what an edge of one pen over another is painted with: any mixture of their sRGB values. */
function nearest(one: Rgb, other: Rgb, colour: OkLab): number {
  const steps = Array.from({ length: 65 }, (_, step) => step / 64);
  const mixed = (share: number): Rgb => [
    one[0] * share + other[0] * (1 - share),
    one[1] * share + other[1] * (1 - share),
    one[2] * share + other[2] * (1 - share),
  ];
  return Math.min(...steps.map((share) => okLabDistance(toOkLab(mixed(share)), colour)));
}

describe("X9: the facts behind the colour table", () => {
  test("the stylesheet in the repository is the one that the JSON gives", () => {
    const stored = readFileSync(new URL("tokens.css", import.meta.url), "utf8");
    assert.equal(stored, tokensToCss(tokens), "run: npm run tokens -w packages/ui-kit");
  });

  for (const [theme, name] of tokens.themes.entries()) {
    test(`every ink and every alarm text can be read on every ground in ${name}`, (context) => {
      const texts = Object.fromEntries(
        Object.entries(tokens.alarm).map(([alarm, colours]) => [`${alarm} text`, colours.text]),
      );
      const found = lowest({ ...tokens.ink, ...texts }, theme);
      context.diagnostic(`X9 ${name}: lowest text ${found.pair} ${found.ratio.toFixed(2)} : 1`);
      assert.ok(found.ratio >= 4.5, `${found.pair} has only ${found.ratio.toFixed(2)} : 1`);
    });

    test(`the border of what can be pressed is seen on every ground in ${name}`, (context) => {
      const found = lowest({ control: tokens.line["control"] ?? [] }, theme);
      context.diagnostic(`X9 ${name}: lowest ${found.pair} ${found.ratio.toFixed(2)} : 1`);
      assert.ok(found.ratio >= 3, `${found.pair} has only ${found.ratio.toFixed(2)} : 1`);
    });

    test(`every alarm glyph is read on its fill in ${name}`, () => {
      for (const [alarm, colours] of Object.entries(tokens.alarm)) {
        const ratio = contrastOf(colours.glyph[theme] ?? "", colours.fill[theme] ?? "");
        assert.ok(ratio >= 5, `${alarm} has only ${ratio.toFixed(2)} : 1`);
      }
    });

    test(`no pen is taken for an alarm, and every pen is seen on a chart, in ${name}`, () => {
      for (const [index, pen] of tokens.pens.entries()) {
        const colour = name === "dark" ? pen.dark : pen.light;
        const ground = tokens.ground["raised"]?.[theme] ?? "";
        assert.ok(contrastOf(colour, ground) >= 4, `pen ${index + 1} on raised`);
        for (const [alarm, colours] of Object.entries(tokens.alarm)) {
          const fill = toOkLab(toRgb(colours.fill[theme] ?? ""));
          const distance = okLabDistance(toOkLab(toRgb(colour)), fill);
          assert.ok(distance >= 0.08, `pen ${index + 1} is ${distance.toFixed(3)} from ${alarm}`);
        }
      }
    });
  }

  for (const [theme, name] of tokens.themes.entries()) {
    test(`where two pens cross, no pixel between them is taken for an alarm in ${name}`, () => {
      const colours = tokens.pens.map((pen) => toRgb(name === "dark" ? pen.dark : pen.light));
      for (const [one, first] of colours.entries()) {
        for (const [other, second] of colours.entries()) {
          for (const [alarm, { fill }] of Object.entries(tokens.alarm)) {
            const distance = nearest(first, second, toOkLab(toRgb(fill[theme] ?? "")));
            const pens = `pens ${one + 1} and ${other + 1} mix to ${distance.toFixed(3)} from ${alarm}`;
            // 0.05 is what is taken for it (X6); the rest is what rounding to a screen's colours may take.
            assert.ok(distance >= 0.055, pens);
          }
        }
      }
    });
  }

  test("the order of alarm priorities survives greyscale in the light theme", () => {
    const steps = ["p1", "p2", "p3"].map((alarm) =>
      luminanceOf(toRgb(tokens.alarm[alarm]?.fill[0] ?? "")),
    );
    const [first = 0, second = 0, third = 0] = steps;
    assert.ok((second + 0.05) / (first + 0.05) >= 1.8);
    assert.ok((third + 0.05) / (second + 0.05) >= 1.8);
  });
});
