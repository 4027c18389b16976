/** One connection to a broker, over the `mqtt` library: it does not come back, and it can prove what the broker has. */
import { readFile } from "node:fs/promises";

import { messageChain, race } from "@millwright/kit";
import { connect, type IClientOptions, type MqttClient } from "mqtt";

import type { BrokerAddress } from "../../broker-address.ts";

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

  constructor(why: string, hint: string, options?: ErrorOptions) {
    super(why, options);
    this.hint = hint;
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
    const why = lastError === undefined ? "the connection was closed" : messageChain(lastError);
    gone.abort(endedHere ? ended : new Error(why, { cause: lastError }));
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
      throw new BrokerAway(
        `the broker does not let us read ${refused.join(", ")}`,
        "Ask whoever keeps the broker for the right to read these topics.",
      );
    }
    return session;
  } catch (failure) {
    client.end(true);
    if (signal.aborted) throw failure;
    throw failure instanceof BrokerAway ? failure : toBrokerAway(lastError ?? failure, settings);
  }
}

async function toClientOptions({ settings, will }: BrokerOptions): Promise<IClientOptions> {
  const { clientId, user, passwordFile, caFile, keepAliveSeconds, connectTimeoutMs } = settings;
  const password = passwordFile === undefined ? undefined : await read(passwordFile);
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
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password: password.trimEnd() }),
    ...(caFile === undefined ? {} : { ca: await read(caFile) }),
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: false },
  };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new BrokerAway(
      `${file} cannot be read`,
      `Check that ${file} is there and that the gateway may read it.`,
      { cause },
    );
  }
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

/** CONNACK codes of MQTT 3.1.1, 3.2.2.3. */
const refusalCodes: readonly unknown[] = [2, 4, 5];

function toBrokerAway(cause: unknown, { url }: BrokerSettings): BrokerAway {
  const why = messageChain(cause);
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (refusalCodes.includes(code)) {
    const hint = "Check user, password file and client id, and what the broker allows them.";
    return new BrokerAway(why, hint, { cause });
  }
  if (typeof code === "string" && /CERT|SSL|TLS|SELF_SIGNED|ISSUER/.test(code)) {
    const hint = "Give the certificate of the authority that signed the broker's as caFile.";
    return new BrokerAway(`the certificate of the broker is not trusted (${why})`, hint, { cause });
  }
  const { host } = new URL(url);
  const hint = `Check that the broker at ${host} runs and that the network between is up.`;
  return new BrokerAway(why, hint, { cause });
}
