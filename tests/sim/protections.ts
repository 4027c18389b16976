/** Switches off what controls do without: each stands between two real parts and changes what passes. */
import type { JournalCore, Road } from "@millwright/edge-runtime/parts";
import type { Protection } from "@millwright/scenario";

type Outbox = JournalCore["outbox"];
type OutboxFrame = Awaited<ReturnType<Outbox["framesAfter"]>>[number];

/** The journal as the uplink sees it. */
export function outboxWithout(off: ReadonlySet<Protection>, outbox: Outbox): Outbox {
  return {
    ...outbox,
    framesAfter: async (...asked) => {
      const frames = await outbox.framesAfter(...asked);
      if (!off.has("explained-first")) return frames;
      return frames.map(withoutKind);
    },
    take: async (mark) => {
      const verdict = await outbox.take(
        off.has("safe-mark") ? { ...mark, safeSeq: mark.storedSeq } : mark,
      );
      return verdict === "foreign" && off.has("tell-copies") ? "ignored" : verdict;
    },
  };
}

/** A void, too, is then sent like any frame. */
function withoutKind(frame: OutboxFrame): OutboxFrame {
  const { epoch, lane, seq, chain, sampleCount, sealedUs, bytes } = frame;
  return { epoch, lane, seq, chain, sampleCount, sealedUs, bytes };
}

/** The broker's word for it comes as ever, but a frame that is sent again has the id of before. */
export function roadWithout(off: ReadonlySet<Protection>, road: Road): Road {
  if (!off.has("resend-round")) return road;
  return {
    connect: async (events, signal) => {
      const session = await road.connect(events, signal);
      return {
        publish: (lane, round, subject, id, bytes) => {
          session.publish(lane, round, subject, id.slice(0, id.lastIndexOf("/")), bytes);
        },
        request: (...asked) => session.request(...asked),
        send: (...told) => {
          session.send(...told);
        },
        closed: session.closed,
        close: () => session.close(),
      };
    },
  };
}
