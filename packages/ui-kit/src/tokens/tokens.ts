/** The shape of `tokens.json`, the only place where a colour or a type size is written down (ux-guide 3.2, 3.3). */

/** One colour for each theme: light, dark, glare. */
export type ThemeColours = readonly [light: string, dark: string, glare: string];

export interface AlarmColours {
  readonly fill: ThemeColours;
  readonly glyph: ThemeColours;
  readonly text: ThemeColours;
}

export interface Pen {
  readonly light: string;
  readonly dark: string;
  /** Lengths of stroke and gap, px; empty for a solid line. */
  readonly dash: readonly number[];
  /** Width of the stroke, px. */
  readonly width: number;
}

/** Size and line height, px at the browser's default of 16 px for one rem. */
export type TypeStep = readonly [size: number, line: number];

export interface Tokens {
  readonly themes: readonly ["light", "dark", "glare"];
  readonly ground: Readonly<Record<string, ThemeColours>>;
  readonly line: Readonly<Record<string, ThemeColours>>;
  readonly ink: Readonly<Record<string, ThemeColours>>;
  readonly other: Readonly<Record<string, ThemeColours>>;
  readonly alarm: Readonly<Record<string, AlarmColours>>;
  readonly pens: readonly Pen[];
  readonly type: Readonly<Record<"touch" | "phone" | "desk", Readonly<Record<string, TypeStep>>>>;
}

/** In `glare`, pens are the light column, 2 px wide (ux-guide 3.2). */
export const glarePenWidth = 2;

/** The tokens as CSS: custom properties for each theme and density, in the layer `tokens`. */
export function tokensToCss(tokens: Tokens): string {
  const blocks = tokens.themes.map((theme, index) => {
    const selector =
      theme === "light" ? `:root,\n  [data-theme="light"]` : `[data-theme="${theme}"]`;
    return block(selector, [
      `color-scheme: ${theme === "dark" ? "dark" : "light"}`,
      ...colourLines(tokens, index),
      ...penLines(tokens.pens, theme),
    ]);
  });
  return [
    "/* Generated from tokens.json by generate.ts. Change the JSON, then: npm run tokens -w packages/ui-kit */",
    "@layer tokens {",
    ...blocks,
    block(`:root,\n  [data-density="touch"]`, typeLines(tokens.type.touch)),
    block(`[data-density="desk"]`, typeLines(tokens.type.desk)),
    `  @media (max-width: 599px) {\n${block(`[data-density="touch"]`, typeLines(tokens.type.phone)).replace(/^/gm, "  ")}\n  }`,
    "}",
    "",
  ].join("\n");
}

function block(selector: string, lines: readonly string[]): string {
  return `  ${selector} {\n${lines.map((line) => `    ${line};`).join("\n")}\n  }`;
}

function colourLines(tokens: Tokens, theme: number): string[] {
  const lines: string[] = [];
  for (const group of [tokens.ground, tokens.line, tokens.ink, tokens.other]) {
    for (const [name, colours] of Object.entries(group)) lines.push(line(name, colours, theme));
  }
  for (const [name, colours] of Object.entries(tokens.alarm)) {
    lines.push(line(name, colours.fill, theme));
    lines.push(line(`${name}-glyph`, colours.glyph, theme));
    lines.push(line(`${name}-text`, colours.text, theme));
  }
  return lines;
}

function line(name: string, colours: ThemeColours, theme: number): string {
  return `--${name}: ${(colours[theme] ?? colours[0]).toLowerCase()}`;
}

function penLines(pens: readonly Pen[], theme: Tokens["themes"][number]): string[] {
  return pens.flatMap((pen, index) => [
    `--pen-${index + 1}: ${(theme === "dark" ? pen.dark : pen.light).toLowerCase()}`,
    `--pen-${index + 1}-width: ${theme === "glare" ? glarePenWidth : pen.width}`,
  ]);
}

function typeLines(steps: Readonly<Record<string, TypeStep>>): string[] {
  return Object.entries(steps).flatMap(([name, [size, lineHeight]]) => [
    `--${name}-size: ${size / 16}rem`,
    `--${name}-line: ${lineHeight / 16}rem`,
  ]);
}
