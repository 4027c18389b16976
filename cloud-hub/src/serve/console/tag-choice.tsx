/** Which values a chart shows: a gateway of the fleet first, then its values. */
import { Button, FailedState, FindField, loadJson, useResource } from "@millwright/ui-kit";
import type { GatewayPage, GatewayRow } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { say } from "./messages.ts";
import { keyOf, type ChosenTag } from "./trends-address.ts";

/** More are found by their name rather than scrolled. */
const gatewaysListed = 12;
const tagsListed = 60;

export interface TagChoiceProps {
  readonly gateways: readonly GatewayRow[];
  readonly chosen: readonly ChosenTag[];
  readonly most: number;
  readonly wallMs: () => number;
  readonly onPress: (one: ChosenTag) => void;
}

export function TagChoice(props: TagChoiceProps): JSX.Element {
  const { gateways, chosen } = props;
  const [text, setText] = useState("");
  const [picked, setPicked] = useState<string | undefined>(undefined);
  const wanted = text.trim().toLowerCase();
  const found = gateways.filter((row) =>
    `${row.name} ${row.site} ${row.gateway}`.toLowerCase().includes(wanted),
  );
  const gateway = picked ?? chosen.at(-1)?.gateway ?? found[0]?.gateway;
  return (
    <section class="panel choice">
      <FindField label={say("trends.gateway")} text={text} onText={setText} />
      <div class="button-row">
        {found.slice(0, gatewaysListed).map((row) => (
          <Button
            key={row.gateway}
            label={row.name}
            pressed={row.gateway === gateway}
            onPress={() => setPicked(row.gateway)}
          />
        ))}
      </div>
      <Rest shown={gatewaysListed} count={found.length} text={text} />
      {gateway !== undefined && <Tags key={gateway} {...props} gateway={gateway} />}
    </section>
  );
}

function Tags(props: TagChoiceProps & { readonly gateway: string }): JSX.Element {
  const { gateway, chosen, most, onPress } = props;
  const [text, setText] = useState("");
  const page = useResource(
    gateway,
    (signal) => loadJson<GatewayPage>(`/api/gateways/${encodeURIComponent(gateway)}`, signal),
    props.wallMs,
  );
  const wanted = text.trim().toLowerCase();
  const found = (page.value?.tags ?? []).filter(
    (tag) =>
      tag.kind !== "text" &&
      tag.type !== "bytes" &&
      `${tag.name} ${tag.asset}`.toLowerCase().includes(wanted),
  );
  const isFull = chosen.length >= most;
  return (
    <>
      <FindField label={say("trends.find")} text={text} onText={setText} />
      {isFull && <p>{say("trends.full", { most: String(most) })}</p>}
      {page.failedMs !== undefined && (
        <FailedState what={say("trends.failed")} sinceMs={page.failedMs} onRetry={page.retry} />
      )}
      <div class="button-row">
        {found.slice(0, tagsListed).map((tag) => (
          <Button
            key={tag.id}
            label={tag.asset === "" ? tag.name : `${tag.name}, ${tag.asset}`}
            pressed={chosen.some((one) => keyOf(one) === keyOf({ gateway, tag: tag.id }))}
            onPress={() => onPress({ gateway, tag: tag.id })}
          />
        ))}
      </div>
      {page.value !== undefined && <Rest shown={tagsListed} count={found.length} text={text} />}
    </>
  );
}

function Rest(props: {
  readonly shown: number;
  readonly count: number;
  readonly text: string;
}): JSX.Element | null {
  const { shown, count, text } = props;
  if (count === 0 && text !== "") return <p>{say("trends.none-found", { text })}</p>;
  if (count <= shown) return null;
  return <p>{say("trends.more", { shown: String(shown), count: String(count) })}</p>;
}
