/** What people see of why a gateway is not heard: the door of `silence/` for pages and API. Types only. */

/** What a silence comes from, in words of which a person knows where to go. */
export type SilenceCause =
  /** It said that it stops: somebody stopped it, or its machine was shut down. */
  | "stopped"
  /** The hub itself does not reach its broker, or no gateway does. */
  | "hub"
  /** The broker does not let it in: user, password. */
  | "credentials"
  /** The broker and it do not agree on an encrypted connection: certificate, date, authority. */
  | "certificate"
  /** Its machine and the way to the hub are there, its program is not. */
  | "program"
  /** The way between both. */
  | "network"
  /** No power, or a machine that stands still. */
  | "power";

/** Something that was seen, and when, by the hub's clock. */
export type SilenceClue =
  /** Its last beat said so. */
  | { readonly kind: "said that it stops"; readonly atUs: number }
  /** Since then this hub has had no connection to its broker, and hears nobody. */
  | { readonly kind: "hub cut off"; readonly atUs: number }
  /** This hub was started after its last beat: what was in between nobody heard. */
  | { readonly kind: "hub listens since"; readonly atUs: number }
  /** No beat of it has ever come, as of one that is read from sticks alone. */
  | { readonly kind: "never heard" }
  /** Connections under its name that the broker refused, of those that are noted. `atUs`: the last of them. */
  | {
      readonly kind: "refused";
      readonly atUs: number;
      readonly count: number;
      readonly reason: string;
      readonly address: string;
    }
  /** Connections from its address that ended while encryption was agreed on. */
  | {
      readonly kind: "not encrypted";
      readonly atUs: number;
      readonly count: number;
      readonly address: string;
    }
  /** Connections from its address over which nothing came: one direction of the way is cut. */
  | {
      readonly kind: "said nothing";
      readonly atUs: number;
      readonly count: number;
      readonly address: string;
    }
  /** Connections from its address, where other gateways come from, too, that ended before they said a name. */
  | {
      readonly kind: "nameless";
      readonly atUs: number;
      readonly count: number;
      readonly address: string;
    }
  /** A connection under its name that was let in after its last beat, and over which no beat came. */
  | { readonly kind: "let in"; readonly atUs: number; readonly address: string }
  /** Its last connection is open at the broker. `atUs`: its last beat. */
  | { readonly kind: "open"; readonly atUs: number; readonly address: string }
  /** The broker heard nothing over its last connection any more, asked, and gave it up. */
  | { readonly kind: "given up"; readonly atUs: number; readonly address: string }
  /** Its last connection was closed from its side. */
  | { readonly kind: "closed"; readonly atUs: number; readonly address: string }
  /** Its last connection was broken off, by its machine or by something in between. */
  | { readonly kind: "broken off"; readonly atUs: number; readonly address: string }
  /** The broker ended its last connection for another reason, in the words of the broker. */
  | { readonly kind: "ended by the broker"; readonly atUs: number; readonly reason: string }
  /** Of the others at its plant so many fell silent within a minute of it. */
  | { readonly kind: "together"; readonly count: number; readonly of: number }
  /** So many others at its plant are heard now. */
  | { readonly kind: "others heard"; readonly count: number }
  /** No other gateway of its plant was heard lately. */
  | { readonly kind: "no others" }
  /** All that were heard, at several plants, fell silent within a minute. */
  | { readonly kind: "all together"; readonly count: number; readonly plants: number }
  /** The broker does not answer what became of connections. */
  | { readonly kind: "broker not asked"; readonly why: string }
  /** The broker was asked, and knows no connection under its name. */
  | { readonly kind: "no connection known" };

/** `GET /api/gateways/:gateway/silence`. */
export interface Silence {
  readonly state: "heard" | "silent" | "sleeping";
  readonly sinceUs: number;
  /** First part of the site of the gateway, "" where it has named none. */
  readonly plant: string;
  /** What the clues speak for, the likeliest first; several where they do not tell them apart, none where they say nothing. */
  readonly likely: readonly SilenceCause[];
  /** Whom it concerns, as far as the clues say. */
  readonly where?: "this gateway" | "its plant" | "the hub";
  /** What was looked at and seen, the weightiest first; empty while it is heard. */
  readonly clues: readonly SilenceClue[];
}
