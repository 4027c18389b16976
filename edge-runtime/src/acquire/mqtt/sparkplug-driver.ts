/**
 * Sparkplug B as a host application (Eclipse Sparkplug 3.0). Births tell names, aliases and types; data follow by
 * exception; a death makes everything stale. Values that do not change are proven by the life of their node.
 *
 * Births are not retained, so every conversation begins by asking for them, paced (field practice 48). We are not the
 * primary host unless told (field practice 47).
 */
import { isPrivate } from "../../broker-address.ts";
import { brokerCertificates } from "../../certificate-file.ts";
import type { Driver, DriverSession } from "../driver.ts";
import { DeviceUnreachable, LinkLost, SettingsRefused } from "../faults.ts";
import { AckWindow } from "./ack-window.ts";
import { browseBirths } from "./browse-births.ts";
import { openBrokerLink, type BrokerLink } from "./broker-link.ts";
import { Inbox } from "./inbox.ts";
import { brokerPlan, chargeSilence, heldMax311, session } from "./mqtt-driver.ts";
import { Notes } from "./notes.ts";
import { RebirthPacer } from "./rebirth-pacer.ts";
import {
  brokerQuestions,
  sparkplugSettings,
  sparkplugShown,
  type SparkplugSettings,
} from "./settings.ts";
import { commandTopic, filterOf, parseSparkplugAddress } from "./sparkplug-address.ts";
import { SparkplugHost } from "./sparkplug-host.ts";
import { loadSparkplugCodec } from "./sparkplug-payload.ts";
import { planCommand } from "./sparkplug-write.ts";
import { publishUnacknowledged } from "./topic-write.ts";

export type { SparkplugSettings } from "./settings.ts";

/** How often gaps, requests and proofs are looked after: well below the second in which screens show age. */
const tickMs = 250;

/** @param pacer shared by all conversations of the process */
export function createSparkplugDriver(pacer: RebirthPacer): Driver<SparkplugSettings> {
  return {
    protocol: "sparkplug",
    polled: false,
    settings: sparkplugSettings,
    shown: sparkplugShown,
    questions: brokerQuestions,
    line: ({ url }) => url,

    certificates: brokerCertificates,

    checkPoint(_settings, point) {
      const parsed = parseSparkplugAddress(point.address);
      if ("kind" in parsed) return parsed;
      const option = Object.entries(point.options).find(([, value]) => value !== "")?.[0];
      return option === undefined
        ? undefined
        : { kind: "refused", reason: `Sparkplug points have no option ${option}` };
    },

    plan(settings, points) {
      const nodes = new Set(points.map(({ address }) => address.split("/").slice(0, 2).join("/")));
      return [
        {
          severity: "info",
          text: `${nodes.size} edge nodes with ${points.length} tags at ${settings.url}`,
        },
        ...brokerPlan(settings),
        ...(settings.primaryHost
          ? [
              {
                severity: "warning" as const,
                text: `announces itself as primary host ${settings.hostId ?? ""}: no other application may use that name`,
              },
            ]
          : []),
      ];
    },

    async open(settings, points, context, signal, resume) {
      const codec = await loadSparkplugCodec();
      const notes = new Notes((text) => context.note(text));
      context.badge(isPrivate(settings) ? "" : "no encryption");
      const keyOf = (node: string): string => `${settings.url} ${node}`;
      const host = new SparkplugHost({
        points,
        context,
        codec,
        notes,
        reorderWaitMs: settings.reorderWaitMs,
        ask(node) {
          const everyMs = settings.rebirthEverySeconds * 1_000;
          pacer.want(keyOf(node), everyMs, context.clock.monotonicMs(), context.random);
        },
        born: (node) => pacer.forget(keyOf(node)),
      });

      let link: BrokerLink | undefined;
      let acks = new AckWindow(Infinity, () => undefined);
      let inbox = new Inbox(context, acks);
      const begin = (on: BrokerLink): void => {
        if (link !== undefined) return;
        link = on;
        acks = new AckWindow(on.version === 5 ? Infinity : heldMax311, (id) => on.acknowledge(id));
        inbox = new Inbox(context, acks);
        host.begin(acks, inbox);
      };
      const state = stateMessages(settings, Math.floor(context.clock.nowUs() / 1_000));
      const opened = await openBrokerLink(
        {
          settings,
          context,
          // A message of a node holds some tens of metrics; what passes the queue is dropped oldest first, and counted.
          receiveMax: Math.max(1, Math.floor(context.queueMax / 50)),
          ...(state === undefined ? {} : { will: { topic: state.topic, payload: state.offline } }),
          onMessage(message, on) {
            begin(on);
            host.receive(message, (filter) => on.forget(filter));
          },
          onLost(cause, heardUs) {
            host.over();
            // Nodes send their data with QoS 0 (Sparkplug 3.0, 6.4), and begin to count anew with the births that we ask for.
            chargeSilence(context, heardUs);
            inbox.fail(new LinkLost(context.device, cause ? { cause } : {}));
          },
        },
        signal,
      );
      begin(opened);
      try {
        const refused = await opened.subscribe(host.nodes.map(filterOf));
        if (refused.length > 0) {
          throw new SettingsRefused(
            context.device,
            `the broker does not let us read ${refused.join(", ")}`,
            "Ask whoever keeps the broker for the right to read these topics.",
          );
        }
        // Only now: a node that hears "online" publishes its births, and we must be there to hear them.
        if (state !== undefined) await opened.publish(state.topic, state.online, 1, true);
      } catch (failure) {
        opened.close();
        throw failure instanceof SettingsRefused
          ? failure
          : new DeviceUnreachable(context.device, { cause: failure });
      }

      const stopped = new AbortController();
      const ticking = (async () => {
        let provenUs = 0;
        // On a link that is gone nobody can be asked, and who was asked is not asked again for a while.
        while (!stopped.signal.aborted && opened.connected) {
          host.tick();
          // While the broker answers us, it would have told the death of a node: everything that lives is proven.
          if (opened.lastHeardUs > provenUs) {
            provenUs = opened.lastHeardUs;
            const living = host.livingPoints();
            if (living.length > 0) context.proven(provenUs, living);
          }
          const nowMs = context.clock.monotonicMs();
          const keys = new Map(host.nodes.map((node) => [keyOf(node), node]));
          for (const key of pacer.due(keys.keys(), nowMs)) {
            const request = codec.rebirthRequest(Math.floor(context.clock.nowUs() / 1_000));
            await opened
              .publish(commandTopic(keys.get(key) ?? ""), request, 0, false)
              .catch(() => undefined);
          }
          await context.clock.sleep(tickMs, stopped.signal).catch(() => undefined);
        }
      })();

      const write: DriverSession["write"] = async (at, value, until) => {
        const address = points[at]?.address ?? "";
        const nowMs = Math.floor(context.clock.nowUs() / 1_000);
        const command = planCommand(address, host.bornType(address), value, nowMs, codec);
        if ("kind" in command) return command;
        if (until.aborted)
          return { kind: "refused", reason: "it was taken back; nothing was sent" };
        return await publishUnacknowledged(opened, command.topic, command.payload);
      };
      // The broker remembers for us, by the client id; but not what nodes send with QoS 0, as all their data.
      const own = { resume: {}, missesWhatWasSent: resume !== undefined, write };
      const plain = session(opened, inbox, own, () => {
        host.over();
      });
      const stop = async (): Promise<void> => {
        stopped.abort();
        await ticking;
      };
      const made: DriverSession = {
        ...plain,
        async end(until) {
          await stop();
          if (state !== undefined) {
            await opened.publish(state.topic, state.offline, 1, true).catch(() => undefined);
          }
          await plain.end(until);
        },
        async [Symbol.asyncDispose]() {
          // Closed first: a publish that waits for a dead broker must not hold the end of the loop.
          await plain[Symbol.asyncDispose]();
          await stop();
        },
      };
      return made;
    },

    browse(settings, context, max, signal) {
      return browseBirths(settings, context, max, signal, pacer);
    },
  };
}

export const sparkplugDriver: Driver<SparkplugSettings> = createSparkplugDriver(new RebirthPacer());

/** STATE of Sparkplug 3.0, 6.4.31: birth and death share one time, so that a late death can be told from a new birth. */
function stateMessages(
  settings: SparkplugSettings,
  nowMs: number,
):
  | { readonly topic: string; readonly online: Uint8Array; readonly offline: Uint8Array }
  | undefined {
  if (!settings.primaryHost || settings.hostId === undefined) return undefined;
  const say = (online: boolean): Uint8Array =>
    Buffer.from(JSON.stringify({ online, timestamp: nowMs }));
  return { topic: `spBv1.0/STATE/${settings.hostId}`, online: say(true), offline: say(false) };
}
