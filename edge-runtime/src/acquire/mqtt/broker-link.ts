/** One connection to a broker, over the `mqtt` library: no reconnecting, acknowledgements in our own hands. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { race } from "@millwright/kit";
import type { IClientOptions, IConnackPacket, MqttClient } from "mqtt";

import { readBrokerCredentials } from "../../broker-credentials.ts";
import { judgeBrokerTrouble } from "../../broker-trouble.ts";
import type { DriverContext } from "../driver.ts";
import { DeviceUnreachable, SettingsRefused } from "../faults.ts";
import type { BrokerSettings } from "./settings.ts";

export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  /** For `acknowledge`; present with QoS 1. */
  readonly messageId?: number;
}

export interface BrokerLink {
  readonly version: 5 | 4;
  /** The broker remembered us: what was sent in between comes now. */
  readonly sessionPresent: boolean;
  /** Wall time of the last packet of the broker, µs: until then its word on others holds. */
  readonly lastHeardUs: number;
  /** False once the connection is gone: it does not come back. */
  readonly connected: boolean;
  /** Subscribes with QoS 1. Returns the filters that the broker refused. */
  subscribe(filters: readonly string[]): Promise<readonly string[]>;
  /** @param expiresS MQTT 5: the broker gives it to nobody later */
  publish(
    topic: string,
    payload: Uint8Array,
    qos: 0 | 1,
    retain: boolean,
    expiresS?: number,
  ): Promise<void>;
  acknowledge(messageId: number): void;
  /** Takes back a subscription that the broker kept from earlier settings. */
  forget(filter: string): void;
  /** Says goodbye and closes; the broker keeps the session. */
  end(): Promise<void>;
  /** Closes without a word. May come twice. */
  close(): void;
}

export interface BrokerLinkOptions {
  readonly settings: BrokerSettings;
  readonly context: DriverContext;
  /** How many unacknowledged messages the broker may send (MQTT 5). */
  readonly receiveMax: number;
  /** What the broker says for us when we vanish. */
  readonly will?: { readonly topic: string; readonly payload: Uint8Array };
  /** A session of its own that ends with the connection, for browsing. */
  readonly temporary?: boolean;
  readonly onMessage: (message: BrokerMessage, link: BrokerLink) => void;
  /**
   * Called once, when the connection is gone for another reason than `end` and `close`.
   *
   * @param heardUs wall time of the last packet of the broker, µs: a dead link is found out up to two keep-alives later
   */
  readonly onLost: (cause: Error | undefined, heardUs: number) => void;
}

export async function openBrokerLink(
  options: BrokerLinkOptions,
  signal: AbortSignal,
): Promise<BrokerLink> {
  signal.throwIfAborted();
  const { settings, context } = options;
  const base = await clientOptions(options);
  // Loaded when a broker is used only: it takes 40 ms and 10 MB.
  const { connect } = await import("./library.ts");
  const attempt = (version: 5 | 4): Promise<BrokerLink> =>
    connectOnce(
      options,
      () => connect(settings.url, withVersion(base, version, options)),
      version,
      signal,
    );
  if (settings.version === "3.1.1") return attempt(4);
  try {
    return await attempt(5);
  } catch (failure) {
    if (settings.version === "5" || !(failure instanceof VersionRefused)) {
      throw failure instanceof VersionRefused
        ? new SettingsRefused(
            context.device,
            "the broker does not speak MQTT 5",
            "Set version to 3.1.1 or auto.",
          )
        : failure;
    }
    return attempt(4);
  }
}

/** The library's own way to acknowledge. It has no public one; `mqtt` is pinned, and tests prove what we rely on. */
interface Acknowledging {
  _sendPacket(packet: { readonly cmd: "puback"; readonly messageId: number }): void;
}

/** The broker does not speak this version of MQTT. */
class VersionRefused extends Error {}

async function clientOptions({
  settings,
  context,
  will,
  temporary,
}: BrokerLinkOptions): Promise<IClientOptions> {
  const credentials = await readBrokerCredentials(settings);
  if ("kind" in credentials) {
    throw new SettingsRefused(context.device, credentials.reason, credentials.hint);
  }
  return {
    clientId:
      temporary === true ? `millwright-browse-${randomId()}` : await clientIdOf(settings, context),
    clean: temporary === true,
    // The supervisor reconnects, with back-off and an entry in the ledger.
    reconnectPeriod: 0,
    resubscribe: false,
    connectTimeout: settings.connectTimeoutMs,
    keepalive: settings.keepAliveSeconds,
    ...credentials,
    ...(will === undefined
      ? {}
      : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } }),
  };
}

function withVersion(
  base: IClientOptions,
  version: 5 | 4,
  { settings, receiveMax, temporary }: BrokerLinkOptions,
): IClientOptions {
  if (version === 4) return { ...base, protocolVersion: 4 };
  return {
    ...base,
    protocolVersion: 5,
    properties: {
      sessionExpiryInterval: temporary === true ? 0 : settings.sessionExpiryHours * 3_600,
      receiveMaximum: Math.max(1, Math.min(65_535, receiveMax)),
    },
  };
}

/** The broker keeps messages by client id, so it must be the same after every restart (field practice 44). */
async function clientIdOf(settings: BrokerSettings, context: DriverContext): Promise<string> {
  if (settings.clientId !== undefined) return settings.clientId;
  const file = join(context.stateFolder, "mqtt-client-id");
  const kept = await readFile(file, "utf8").catch(() => "");
  if (/^millwright-[0-9a-f]{12}$/.test(kept)) return kept;
  const made = `millwright-${randomId()}`;
  await mkdir(context.stateFolder, { recursive: true });
  await writeFile(file, made);
  return made;
}

function randomId(): string {
  return randomUUID().replaceAll("-", "").slice(0, 12);
}

function connectOnce(
  options: BrokerLinkOptions,
  connect: () => MqttClient,
  version: 5 | 4,
  signal: AbortSignal,
): Promise<BrokerLink> {
  const { context, settings } = options;
  return new Promise((resolve, reject) => {
    const client = connect();
    let link: BrokerLink | undefined;
    let lastError: Error | undefined;
    let closedByUs = false;
    let lastHeardUs = context.clock.nowUs();
    const gone = new AbortController();

    const onAbort = (): void => {
      client.end(true);
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    };
    signal.addEventListener("abort", onAbort, { once: true });

    const make = (connack: IConnackPacket): BrokerLink => ({
      version,
      sessionPresent: connack.sessionPresent,
      get lastHeardUs() {
        return lastHeardUs;
      },
      get connected() {
        return client.connected && !gone.signal.aborted;
      },
      async subscribe(filters) {
        const refused: string[] = [];
        // Some brokers bound the size of one request; a hundred filters of usual length stay below 64 KiB.
        for (let at = 0; at < filters.length; at += 100) {
          const some = filters.slice(at, at + 100);
          // Retain handling 1: retained messages come with a new subscription, not with every reconnect.
          const granted = await client
            .subscribeAsync(some, version === 5 ? { qos: 1, rh: 1 } : { qos: 1 })
            .catch((failure: unknown) => {
              if (!client.connected) throw failure;
              return [];
            });
          const good = new Set(
            granted.filter((grant) => grant.qos < 128).map((grant) => grant.topic),
          );
          refused.push(...some.filter((filter) => !good.has(filter)));
        }
        return refused;
      },
      async publish(topic, payload, qos, retain, expiresS) {
        // The library would wait for a connection that comes later; this one has no later.
        gone.signal.throwIfAborted();
        const sent = client.publishAsync(topic, Buffer.from(payload), {
          qos,
          retain,
          ...(expiresS === undefined ? {} : { properties: { messageExpiryInterval: expiresS } }),
        });
        await race(sent, gone.signal);
      },
      acknowledge(messageId) {
        // After a loss the broker sends the message again to the next conversation; there is nobody to tell now.
        if (!client.connected) return;
        (client as unknown as Acknowledging)._sendPacket({ cmd: "puback", messageId });
      },
      forget(filter) {
        // Without effect on a connection that is gone; the next message of the topic asks again.
        client.unsubscribeAsync(filter).catch(() => undefined);
      },
      async end() {
        closedByUs = true;
        await client.endAsync(false).catch(() => undefined);
      },
      close() {
        closedByUs = true;
        client.end(true);
      },
    });

    // Called for each message before the library would acknowledge it. An error as answer makes the library go on
    // reading without an acknowledgement; ours follows after the commit (field practice 44, `ack-window.ts`).
    client.handleMessage = (packet, done) => {
      const { topic, payload, qos, retain, messageId } = packet;
      const held = qos === 1 && messageId !== undefined;
      if (link === undefined) return;
      options.onMessage(
        {
          topic,
          payload: typeof payload === "string" ? Buffer.from(payload) : payload,
          qos,
          retain,
          ...(held ? { messageId } : {}),
        },
        link,
      );
      done(held ? new Error("acknowledged later") : undefined);
    };
    client.on("packetreceive", () => {
      lastHeardUs = context.clock.nowUs();
    });
    client.on("connect", (connack) => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) return;
      link = make(connack);
      resolve(link);
    });
    client.on("disconnect", ({ reasonCode }) => {
      // MQTT 5.0, 3.14.2.1: 142, session taken over. Two clients of one id would go on throwing each other out.
      if (reasonCode === 142) {
        lastError = new Error("another client connected with the same client id");
      }
    });
    client.on("error", (error) => {
      lastError = error;
      if (link === undefined) {
        client.end(true);
        signal.removeEventListener("abort", onAbort);
        reject(toFault(error, context.device, settings));
      }
    });
    client.on("close", () => {
      gone.abort(new Error("the connection to the broker is lost"));
      signal.removeEventListener("abort", onAbort);
      if (link === undefined) reject(toFault(lastError, context.device, settings));
      else if (!closedByUs) options.onLost(lastError, lastHeardUs);
      closedByUs = true;
    });
  });
}

function toFault(error: Error | undefined, device: string, settings: BrokerSettings): Error {
  const { kind, what, hint } = judgeBrokerTrouble(error, settings.url);
  switch (kind) {
    case "version":
      return new VersionRefused();
    case "refused":
    case "untrusted":
      return new SettingsRefused(device, what, hint);
    case "away":
      return new DeviceUnreachable(device, { cause: new Error(what), hint });
  }
}
