import type { CapturePoint } from "./capture.ts";
import type { DeviceStatus, GatewayClockWord } from "./link.ts";
import type { TagKind } from "./tag.ts";
import type { ValueType } from "./scalar.ts";

/**
 * What both pages receive: one server-sent-event stream for each visible page. First a `snapshot`, then `change` with
 * a sequence that rises by one with every event, `state` when devices or links change, `news` when something else
 * happened, and a `beat` each second. A page
 * that sees a gap in the sequence opens the stream anew.
 */
export interface LiveTag {
  readonly id: string;
  readonly name: string;
  readonly device: string;
  readonly asset: string;
  readonly unit: string;
  readonly type: ValueType;
  readonly kind: TagKind;
  readonly decimals: number;
  readonly expectedMs: number;
  /** Normal range; null where none is stated (JSON has no NaN). */
  readonly low: number | null;
  readonly high: number | null;
  readonly texts: Readonly<Record<string, string>>;
}

/**
 * One current value. `value` is a string for 64-bit integers, text, bytes (base64) and for "NaN", "Infinity",
 * "-Infinity"; null when nothing was ever received.
 */
export interface LiveValue {
  /** Tag id. */
  readonly t: string;
  readonly v: number | string | boolean | null;
  /** OPC UA status code. */
  readonly s: number;
  /** Measured, µs. */
  readonly m: number;
  /** Received by the gateway, µs. */
  readonly r: number;
  /** Last proof that it still holds, µs by the gateway's clock. */
  readonly c: number;
  /** Last change of value or status, µs: "unchanged since". */
  readonly u: number;
}

/** Gateway to hub, in the words of both pages. */
export interface HubLink {
  /** `off`: no hub is set; at a hub: the gateway said that it stops. */
  readonly state: "in sync" | "behind" | "unreachable" | "off";
  readonly sinceUs: number;
  readonly waitingFrames: number;
  readonly waitingSamples: number;
  readonly behindMs: number;
  /** Another gateway with this name has started later: a person has to stop one of them, or give it another name. */
  readonly fenced?: true;
  /** Seconds until the gateway's buffer is full at the rates of now; absent while that is not known or never comes. */
  readonly roomS?: number;
}

export interface LiveSnapshot {
  readonly seq: number;
  /** The server's clock, µs: ages are computed against it, not against the browser's. */
  readonly nowUs: number;
  readonly values: readonly LiveValue[];
  readonly devices: readonly DeviceStatus[];
  readonly hub: HubLink;
}

export interface LiveChange {
  readonly seq: number;
  readonly nowUs: number;
  readonly values: readonly LiveValue[];
}

export interface LiveState {
  readonly seq: number;
  readonly nowUs: number;
  readonly devices: readonly DeviceStatus[];
  readonly hub: HubLink;
}

/** Something happened that is no value: the page asks for what it shows of these topics. */
export interface LiveNews {
  readonly seq: number;
  readonly nowUs: number;
  /** "alarms" */
  readonly topics: readonly string[];
}

/** `confirmed` repeats, for each device that proves all of its values at once, the time of the last proof. */
export interface LiveBeat {
  readonly seq: number;
  readonly nowUs: number;
  readonly confirmed: Readonly<Record<string, number>>;
  /** Absent while it is as it was told last. Left out by gateways and hubs of before. */
  readonly hub?: HubLink;
}

/** `GET /api/gateway` of the HMI and one element of `GET /api/gateways` of the hub's asset page. */
export interface GatewayPage {
  readonly gateway: string;
  readonly name: string;
  readonly site: string;
  readonly software: string;
  readonly tags: readonly LiveTag[];
  /** Tag ids for the overview, in the order of the settings; at most 12 for each asset. */
  readonly overview: readonly string[];
  /** Tag ids of the sparklines, at most 6. */
  readonly sparklines: readonly string[];
  /** What captures are taken of; absent where none are. */
  readonly captures?: readonly CapturePoint[];
  /** Bound on loss at a power cut, ms; absent where a gateway of an older version has not told its hub. */
  readonly commitEveryMs?: number;
  /** Of the gateway's key, for comparing with what the hub has pinned; absent on the hub's pages. */
  readonly fingerprint?: string;
}

/** Over the last ten seconds, as the gateway measures them. */
export interface SampleRates {
  /** Samples that came from devices. */
  readonly acquiredPerS: number;
  /** Samples that the hub's broker took; absent where no hub is set. */
  readonly toldPerS?: number;
}

/**
 * What a certificate is for. `page`: the gateway's own over HTTPS. `opcua-application`: shown to the server of a device, and
 * `opcua-user` with it. `broker-client`: shown to a broker. `broker-authority`, `hub-authority`: by whom theirs must be signed.
 */
export type CertificateUse =
  | "page"
  | "opcua-application"
  | "opcua-user"
  | "broker-client"
  | "broker-authority"
  | "hub-authority";

/** Until when one of the gateway's certificates holds. */
export interface CertificateEnd {
  readonly use: CertificateUse;
  /** Of a device; "publish" for the broker that the gateway publishes to; absent for those of the whole gateway. */
  readonly device?: string;
  readonly notAfterUs: number;
  /** What a person should do about it, in words; absent as long as there is time. */
  readonly due?: string;
}

/** `GET /api/counters` of the HMI: counts since the start of the runtime, for the page of the gateway and for programs. */
export interface GatewayCounters {
  /** Samples that are neither kept nor explained. Must be 0. */
  readonly unexplained: number;
  /** Whether the gateway's own clock is disciplined; "unknown" where the system does not say. */
  readonly clock: GatewayClockWord;
  /** Samples that the hub's broker took, each as often as it was sent; absent where no hub is set. */
  readonly told?: number;
  /** Absent in the first second. */
  readonly rates?: SampleRates;
  /** The first to end first; absent where there are none. */
  readonly certificates?: readonly CertificateEnd[];
  readonly journal: {
    /** Samples offered, committed, refused at a bound, and rejected because they fit into no frame. */
    readonly received: number;
    readonly sent: number;
    readonly dropped: number;
    readonly failed: number;
    readonly commitP50Ms: number;
    readonly commitP99Ms: number;
    /** Written to the medium. */
    readonly bytesWritten: number;
    /** In use by the file and its log, and what they may use at most. */
    readonly journalBytes: number;
    readonly bytesMax: number;
    /** Samples are refused because the file is full, and nothing in it may be let go. */
    readonly full: boolean;
    /** What was wrong with the file when this run began; absent from a gateway that does not look. */
    readonly found?: {
      /** Pages in which a byte had changed: as they were again; and in which more had. */
      readonly mendedPages: readonly number[];
      readonly damagedPages: readonly number[];
      /** The file could not be put right: it lies here, and the journal has begun anew. */
      readonly movedTo?: string;
    };
  };
  /** Readings that were due, came, and are known to be lost, for each device. */
  readonly devices: readonly {
    readonly device: string;
    readonly due: number;
    readonly read: number;
    readonly lost: number;
    readonly unexplained: number;
  }[];
}

/** `GET /api/gateways/:gateway/key` of the hub: fingerprints for people to compare, "" where there is none. */
export interface GatewayKeyView {
  /** Believed for sticks that are signed with it, and since when, µs. */
  readonly pinned: string;
  readonly pinnedUs: number;
  /** What the gateway has shown since, when it is another one. */
  readonly shown: string;
  readonly shownUs: number;
  /** The hub's own. */
  readonly hub: string;
}

/** `reporting`: beats come. `behind`: oldest unstored live or critical frame is older than 10 s. `silent`: no beat for 3 intervals of 10 s. `sleeping`: it said that it stops. */
export type Presence = "reporting" | "behind" | "silent" | "sleeping";

/** One row of the console's list of gateways, `GET /api/gateways`. */
export interface GatewayRow {
  readonly gateway: string;
  readonly name: string;
  readonly site: string;
  readonly presence: Presence;
  readonly sinceUs: number;
  readonly lastBeatUs: number;
  readonly waitingSamples: number;
  readonly behindMs: number;
  readonly devices: readonly DeviceStatus[];
  readonly tagCount: number;
  readonly storedSamples: number;
  readonly unexplained: number;
  readonly quarantined: number;
  readonly hmi: string;
  /** As the gateway says it; "" before its first hello. */
  readonly software: string;
  /**
   * What the gateway says of its own clock, and how far that was ahead of the hub's with the last beat, less the way of the
   * beat, ms. Absent where it has not said.
   */
  readonly clock?: { readonly state: GatewayClockWord; readonly aheadMs: number };
  /** Another gateway has this name and was heard in the last half minute: a person has to stop one of the two. */
  readonly copy?: GatewayCopy;
}

/** The one of two gateways with one name that was started before the other. */
export interface GatewayCopy {
  /** First heard by this hub. */
  readonly sinceUs: number;
  /** Where its page is; "" where this hub has not heard its hello. */
  readonly hmi: string;
}
