import assert from "node:assert/strict";
import { test } from "node:test";

import { createNatsRoad } from "@millwright/edge-runtime/nats-road";
import {
  encodeLedger,
  messageId,
  sealFrame,
  subjects,
  type Epoch,
  type FrameHead,
  type GatewayId,
  type SealedFrame,
} from "@millwright/wire-contract";

import { Rig } from "./rig.ts";
import { askDatabase } from "./stored-samples.ts";
import { waitFor } from "./wait-for.ts";

const gateway = "line-from-the-future" as GatewayId;
const epoch = "0123456789abcdef0123456789abcdef" as Epoch;

function ledgerFrame(seq: number, previousChain: bigint, body: Uint8Array): SealedFrame {
  const nowUs = Date.now() * 1_000;
  const head: Omit<FrameHead, "chain"> = {
    ...{ gateway, epoch, lane: "critical", seq, content: "ledger" },
    ...{ cum: 0, sampleCount: 0, dictionary: 0n, rawFrom: 0, rawTo: 0, late: false },
    ...{ firstUs: nowUs, lastUs: nowUs, sealedUs: nowUs },
    clock: { segment: 1, disciplined: true, offsetUs: 0 },
  };
  return sealFrame(head, previousChain, body);
}

test("a frame that cannot be decoded is kept in quarantine, and the mark passes it", async (t) => {
  const rig = await Rig.open(t, { tags: 1, everyMs: 100, commitEveryMs: 100 });
  await rig.startHub();
  const { url, credentialsFile } = rig.road;
  const road = createNatsRoad({ servers: [url], gateway, credentialsFile });
  const session = await road.connect(
    { acked: () => undefined, mark: () => undefined, orders: () => undefined },
    AbortSignal.timeout(10_000),
  );
  t.after(() => session.close());

  // Whole by its CRC, and a body that no version of this program has written: a field of a wire type that does not exist.
  const odd = ledgerFrame(1, 0n, Uint8Array.of(0x0f, 0xff, 0xff));
  const next = ledgerFrame(2, odd.head.chain, encodeLedger([]));
  for (const { head, headBytes, body } of [odd, next]) {
    const id = messageId(gateway, epoch, "critical", head.seq, 0);
    const bytes = Buffer.concat([headBytes, body]);
    session.publish("critical", 0, subjects.frame("critical", gateway), id, bytes);
  }

  const mark = await waitFor("the mark to pass", 30_000, async () => {
    const [row] = await askDatabase<{ seq: string }>(
      rig.hubData,
      "select m.seq from marks m join epochs e on e.no = m.epoch_no where e.gateway = $1 and m.seq = 2",
      [gateway],
    );
    return row;
  });
  assert.equal(mark.seq, "2");
  const rows = await askDatabase<{ kind: string; seq: string }>(
    rig.hubData,
    "select kind, seq from quarantine where gateway = $1",
    [gateway],
  );
  assert.deepEqual(rows, [{ kind: "undecodable", seq: "1" }]);
  const kept = await askDatabase<{ bytes: Buffer }>(
    rig.hubData,
    "select f.bytes from frames f join epochs e on e.no = f.epoch_no where e.gateway = $1 and f.seq = 1",
    [gateway],
  );
  assert.deepEqual(kept[0]?.bytes, Buffer.concat([odd.headBytes, odd.body]));
  const listed = (await rig.hubAnswer("/api/quarantine")) as readonly { gateway: string }[];
  assert.equal(listed.filter((row) => row.gateway === gateway).length, 1);
});
