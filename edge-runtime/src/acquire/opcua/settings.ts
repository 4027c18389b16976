import * as z from "zod";

import type { Shown } from "../../shown-settings.ts";

/** Who we are to the server. A password is read from a file, so that settings can be shown and copied. */
export type OpcuaUser =
  | { readonly kind: "anonymous" }
  | { readonly kind: "password"; readonly name: string; readonly passwordFile: string }
  | { readonly kind: "certificate"; readonly certificateFile: string; readonly keyFile: string };

/** What a person writes under `connection` of an OPC UA device. */
export interface OpcuaSettings {
  /** `opc.tcp://host:port/path`. We connect to exactly this host, whatever addresses the server publishes of itself. */
  readonly url: string;
  /** The second server of a redundant pair (non-transparent, OPC 10000-4, 6.6.2.4): we hold to both, and report from one. */
  readonly redundantUrl?: string | undefined;
  /** Plain text has to be asked for in words; it is shown as a badge on every screen of the device. */
  readonly security: "sign-and-encrypt" | "sign" | "none-i-accept-plain-text";
  readonly policy: "Basic256Sha256" | "Aes128_Sha256_RsaOaep" | "Aes256_Sha256_RsaPss";
  readonly user: OpcuaUser;
  /** How often the server sends what it sampled; the latency of a value is this and a little more. */
  readonly publishingMs: number;
  /** The server's queues hold so much, so that a break of this length costs nothing. */
  readonly bridgeSeconds: number;
  /** The longest silence of a healthy server. */
  readonly keepAliveMs: number;
  /** How long the server keeps our subscription while we are away. */
  readonly lifetimeMinutes: number;
  /** A server that does not answer a request in this time is taken as gone. */
  readonly requestTimeoutMs: number;
  /** Fill holes that no queue bridged from the server's history (HistoryRead). */
  readonly history: boolean;
}

const user: z.ZodType<OpcuaUser> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("anonymous") }),
  z.strictObject({
    kind: z.literal("password"),
    name: z.string().min(1),
    passwordFile: z.string().min(1),
  }),
  z.strictObject({
    kind: z.literal("certificate"),
    certificateFile: z.string().min(1),
    keyFile: z.string().min(1),
  }),
]);

const url = z
  .string()
  .refine(isOpcTcpUrl, "write it as opc.tcp://host:port/path, for example opc.tcp://10.0.0.5:4840");

const connection = z.strictObject({
  url,
  redundantUrl: url.optional(),
  security: z
    .enum(["sign-and-encrypt", "sign", "none-i-accept-plain-text"])
    .default("sign-and-encrypt"),
  // The policies of the 2017 security profiles; the older ones rest on SHA-1 and are not offered.
  policy: z
    .enum(["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"])
    .default("Basic256Sha256"),
  user: user.default({ kind: "anonymous" }),
  // Below 50 ms common controllers revise it anyway; above a minute a keep-alive says more than a value.
  publishingMs: z.int().min(50).max(60_000).default(500),
  // A minute bridges a switch that restarts; an hour at 100 ms is 36,000 values an item, more than servers grant.
  bridgeSeconds: z.int().min(1).max(3_600).default(60),
  // Field practice 22: within 5 s. Below 100 ms it would be traffic without news.
  keepAliveMs: z.int().min(100).max(5_000).default(5_000),
  // Field practice 22: at least 10 minutes, so that a restart of ours finds the subscription alive.
  lifetimeMinutes: z.int().min(10).max(1_440).default(10),
  // The library raises anything below 5 s to 5 s.
  requestTimeoutMs: z.int().min(5_000).max(120_000).default(10_000),
  history: z.boolean().default(false),
});

export const opcuaSettings: z.ZodType<OpcuaSettings> = connection.refine(
  (settings) => settings.url !== settings.redundantUrl,
  { path: ["redundantUrl"], message: "is the same server as url" },
);

export const opcuaShown: Shown<OpcuaSettings> = {
  url: "plain",
  redundantUrl: "plain",
  security: "plain",
  policy: "plain",
  user: {
    kind: "plain",
    name: "is-set",
    passwordFile: "is-set",
    certificateFile: "is-set",
    keyFile: "is-set",
  },
  publishingMs: "plain",
  bridgeSeconds: "plain",
  keepAliveMs: "plain",
  lifetimeMinutes: "plain",
  requestTimeoutMs: "plain",
  history: "plain",
};

function isOpcTcpUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url?.protocol === "opc.tcp:" &&
    url.hostname !== "" &&
    url.username === "" &&
    url.password === ""
  );
}

/** Host and port of the address that the person typed; 4840 is the port registered for OPC UA. */
export function hostOf(settings: OpcuaSettings): { readonly host: string; readonly port: number } {
  const url = new URL(settings.url);
  return { host: url.hostname, port: url.port === "" ? 4840 : Number(url.port) };
}
