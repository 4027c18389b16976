/** The recordings that a hub knows of some gateways, looked at again while one of them is not over. */
import { loadJson, useResource } from "@millwright/ui-kit";
import { isOrderOver, useLookAgain } from "@millwright/ui-kit/orders";
import { useState } from "preact/hooks";

import type { Recording } from "./recording-view.ts";

export interface RecordingsAt {
  /** The newest first; undefined until the hub has answered. */
  of: (gateway: string) => readonly Recording[] | undefined;
  /** Since when the hub does not say, ms since 1970 UTC; undefined while it does. */
  readonly failedMs: number | undefined;
  /** Something was ordered or cancelled. */
  readonly lookAgain: () => void;
}

export function recordingsAddress(gateway: string): string {
  return `/api/gateways/${encodeURIComponent(gateway)}/recordings`;
}

export function useRecordings(gateways: readonly string[], wallMs: () => number): RecordingsAt {
  const [turn, setTurn] = useState(0);
  const found = useResource(
    `recordings ${gateways.join(" ")} ${turn}`,
    async (signal) => {
      const lists = await Promise.all(
        gateways.map(async (gateway) => {
          const address = recordingsAddress(gateway);
          return [gateway, await loadJson<readonly Recording[]>(address, signal)] as const;
        }),
      );
      return new Map(lists);
    },
    wallMs,
  );
  const all = [...(found.value?.values() ?? [])].flat();
  const lookAgain = (): void => setTurn((count) => count + 1);
  useLookAgain(
    all.some((one) => !isOrderOver(one)),
    lookAgain,
  );
  return { of: (gateway) => found.value?.get(gateway), failedMs: found.failedMs, lookAgain };
}
