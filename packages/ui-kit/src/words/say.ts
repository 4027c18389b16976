/** All text on a screen goes through message ids, so that a language is a file (ux-guide 10). */
import { decimalText, type Language } from "./language.ts";

export interface Catalogue<Id extends string> {
  readonly language: Language;
  /** `{name}` is replaced. For a message with a count, `id.one` and `id.other` hold the forms. */
  readonly texts: Readonly<Record<Id, string>>;
}

export type Say<Id extends string> = (id: Id, with_?: Readonly<Record<string, string>>) => string;

export function createSay<Id extends string>(catalogue: Catalogue<Id>): Say<Id> {
  return (id, values = {}) =>
    catalogue.texts[id].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** What a page says, in one language: `say` for texts, `sayCount` for those with a count. */
export interface Voice<Id extends string> {
  readonly say: Say<Id>;
  readonly sayCount: SayCount<Id>;
}

export type SayCount<Id extends string> = (
  id: Countable<Id>,
  count: number,
  values?: Readonly<Record<string, string>>,
) => string;

export function createVoice<Id extends string>(catalogue: Catalogue<Id>): Voice<Id> {
  return { say: createSay(catalogue), sayCount: createSayCount(catalogue) };
}

/** Ids that have a form for one and a form for others. */
export type Countable<Id extends string> = Id extends `${infer Base}.other` ? Base : never;

/** Chooses the form of a message after the plural rules of its language; `{count}` is the number, grouped. */
export function createSayCount<Id extends string>(catalogue: Catalogue<Id>): SayCount<Id> {
  const { language, texts } = catalogue;
  const say = createSay(catalogue);
  return (id, count, values = {}) => {
    const exact = `${id}.${language.formOf(count)}`;
    const form = exact in texts ? exact : `${id}.other`;
    return say(form as Id, { ...values, count: decimalText(language, count, 0, 4) });
  };
}
