/** Where captures stand on a page. Their code comes when the page is painted: the first screen does not wait for it. */
import type { CapturePoint } from "@millwright/wire-contract";
import type { FunctionComponent, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { sayKit } from "../words/english.ts";

export interface CapturesProps {
  /** Where they are asked for: `/api` on the HMI, `/api/gateways/ID` on the console. */
  readonly base: string;
  /** Of this machine, or of this tag. */
  readonly asset?: string;
  readonly tag?: string;
  readonly wallMs: () => number;
}

/** Nothing where nothing is captured. @param points of the page */
export function Captures(
  props: CapturesProps & { readonly points: readonly CapturePoint[] | undefined },
): JSX.Element | null {
  const { points = [], asset, tag } = props;
  const any = points.some(
    (point) =>
      (asset === undefined || point.asset === asset) && (tag === undefined || point.tag === tag),
  );
  const [List, setList] = useState<FunctionComponent<CapturesProps> | undefined>();
  useEffect(() => {
    if (!any) return undefined;
    let wanted = true;
    import("./capture-list.tsx").then(
      ({ CaptureList }) => {
        if (wanted) setList(() => CaptureList);
      },
      () => undefined,
    );
    return () => {
      wanted = false;
    };
  }, [any]);
  if (!any) return null;
  return (
    <section class="panel captures-section">
      <h2>{sayKit("captures.title")}</h2>
      {List !== undefined && <List {...props} />}
    </section>
  );
}
