/** One connection to a broker, over the `mqtt` library: it does not come back, and it can prove what the broker has. */
import { race } from "@millwright/kit";
import { connect, type IClientOptions, type MqttClient } from "mqtt";

import type { BrokerAddress } from "../../broker-address.ts";
import { readBrokerCredentials } from "../../broker-credentials.ts";
import { judgeBrokerTrouble, type BrokerTrouble } from "../../broker-trouble.ts";

/** With the client id made. */
export type BrokerSettings = BrokerAddress & { readonly clientId: string };

export interface BrokerSession {
  /** Aborted once the connection is gone, with why. */
  readonly gone: AbortSignal;
  /** QoS 0, as Sparkplug asks (6.4); in order. Without effect on a connection that is gone. */
  publish(topic: string, payload: Uint8Array): void;
  /**
   * Resolves once the broker has had everything that was published before: it answers a ping after it has read what
   * came before it on the same connection (MQTT 3.1.1, 4.6). Rejects when the connection is gone.
   */
  prove(): Promise<void>;
  /** Says goodbye: the broker keeps the will for itself. */
  end(): Promise<void>;
  /** Closes without a word. */
  close(): void;
}

export interface BrokerOptions {
  readonly settings: BrokerSettings;
  /** What the broker says for us when we vanish, with QoS 1. */
  readonly will: { readonly topic: string; readonly payload: Uint8Array };
  readonly subscriptions: readonly string[];
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
}

/** The broker cannot be used now. `hint` says what a person may do. */
export class BrokerAway extends Error {
  readonly hint: string;

  /** What kind of trouble it is: each is said once. */
  readonly kind: BrokerTrouble["kind"];

  /** @param trouble its words hold the cause in themselves */
  constructor({ what, hint, kind }: BrokerTrouble) {
    super(what);
    this.hint = hint;
    this.kind = kind;
  }
}

/** Why a connection is gone that this side has ended. */
export const ended = new Error("ended by this side");

/** Rejects with `BrokerAway`, or with the reason of `signal`. */
export async function openBroker(
  options: BrokerOptions,
  signal: AbortSignal,
): Promise<BrokerSession> {
  const { settings, subscriptions, onMessage } = options;
  const clientOptions = await toClientOptions(options);
  signal.throwIfAborted();
  const client = connect(settings.url, clientOptions);
  const gone = new AbortController();
  let lastError: Error | undefined;
  let endedHere = false;
  client.on("error", (error) => {
    lastError = error;
  });
  client.on("close", () => {
    gone.abort(endedHere ? ended : away(lastError, settings));
  });
  client.on("message", onMessage);
  const pings = countPings(client);
  const session: BrokerSession = {
    gone: gone.signal,
    publish(topic, payload) {
      if (gone.signal.aborted) return;
      client.publish(topic, Buffer.from(payload), { qos: 0, retain: false });
    },
    async prove() {
      gone.signal.throwIfAborted();
      await race(pings.answered(), gone.signal);
    },
    async end() {
      endedHere = true;
      await client.endAsync(false).catch(() => undefined);
    },
    close() {
      endedHere = true;
      client.end(true);
    },
  };
  try {
    const either = AbortSignal.any([signal, gone.signal]);
    await race(new Promise<void>((resolve) => client.once("connect", () => resolve())), either);
    // With QoS 1, so that a command is not lost on the way (6.4.2).
    const granted = await race(client.subscribeAsync([...subscriptions], { qos: 1 }), either);
    const refused = granted.filter(({ qos }) => qos >= 128).map(({ topic }) => topic);
    if (refused.length > 0) {
      throw new BrokerAway({
        kind: "refused",
        what: `the broker does not let us read ${refused.join(", ")}`,
        hint: "Ask whoever keeps the broker for the right to read these topics.",
      });
    }
    return session;
  } catch (failure) {
    client.end(true);
    if (signal.aborted) throw failure;
    throw failure instanceof BrokerAway ? failure : away(lastError ?? failure, settings);
  }
}

async function toClientOptions({ settings, will }: BrokerOptions): Promise<IClientOptions> {
  const { clientId, keepAliveSeconds, connectTimeoutMs } = settings;
  const credentials = await readBrokerCredentials(settings);
  if ("kind" in credentials) {
    const { reason, hint } = credentials;
    throw new BrokerAway({ kind: "refused", what: reason, hint });
  }
  return {
    clientId,
    // Sparkplug 3.0, 5.4: nothing of an earlier connection counts. Any broker speaks 3.1.1, and nothing newer is needed.
    clean: true,
    protocolVersion: 4,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    connectTimeout: connectTimeoutMs,
    keepalive: keepAliveSeconds,
    ...credentials,
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: false },
  };
}

/** The library pings for itself, too: each answer belongs to the oldest ping that has none. */
function countPings(client: MqttClient): { answered(): Promise<void> } {
  let [sent, received] = [0, 0];
  let waiting: { readonly number: number; readonly resolve: () => void }[] = [];
  client.on("packetsend", ({ cmd }) => {
    if (cmd === "pingreq") sent++;
  });
  client.on("packetreceive", ({ cmd }) => {
    if (cmd !== "pingresp") return;
    received++;
    for (const { number, resolve } of waiting) if (number <= received) resolve();
    waiting = waiting.filter(({ number }) => number > received);
  });
  return {
    answered() {
      client.sendPing();
      const number = sent;
      return new Promise((resolve) => {
        waiting.push({ number, resolve });
      });
    },
  };
}

function away(failure: unknown, { url }: BrokerSettings): BrokerAway {
  return new BrokerAway(judgeBrokerTrouble(failure, url));
}
