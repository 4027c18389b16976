/** The machines of a comparison as a table, each a link to its own, and the band by time. */
import { Button, clockWords, momentWords, quantityWords } from "@millwright/ui-kit";
import { saveCsv } from "@millwright/ui-kit/trends";
import type { LiveTag, PeerAnswer, PeerMachine } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { sayPeer, sayPeerCount } from "./peer-messages.ts";
import { sideNow } from "./peer-view.ts";
import { machineWords, meanWords, outsideWords } from "./peer-words.ts";

/** In sight without a press: those furthest from the others are what is looked for. */
const listedFirst = 10;

export interface PeerTableProps {
  readonly tag: LiveTag;
  readonly answer: PeerAnswer;
  readonly isOwn: (machine: PeerMachine) => boolean;
  readonly hrefOf: (machine: PeerMachine) => string;
}

export function PeerTable(props: PeerTableProps): JSX.Element {
  const { answer, isOwn } = props;
  const { machines } = answer;
  const [all, listAll] = useState(false);
  const shown = machines.filter((one, at) => all || at < listedFirst || isOwn(one));
  return (
    <>
      <div
        class="table-well numbers peers"
        tabIndex={0}
        role="region"
        aria-label={sayPeer("table")}
      >
        <table>
          <caption>{sayPeer("table")}</caption>
          <thead>
            <tr>
              {(["machine", "outside", "away"] as const).map((name) => (
                <th key={name} scope="col">
                  {sayPeer(`column.${name}`)}
                </th>
              ))}
              <th scope="col">{sayPeer("column.now", { time: clockWords(answer.atUs) })}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <Row key={`${one.gateway} ${one.tag}`} {...props} machine={one} />
            ))}
          </tbody>
        </table>
      </div>
      {machines.length > listedFirst && (
        <div class="button-row">
          <Button
            label={sayPeerCount("all", machines.length)}
            pressed={all}
            onPress={() => listAll((now) => !now)}
          />
        </div>
      )}
    </>
  );
}

function Row(props: PeerTableProps & { readonly machine: PeerMachine }): JSX.Element {
  const { tag, answer, machine } = props;
  const words = machineWords(machine);
  const side = sideNow(machine, answer.now);
  const value = machine.now === null ? undefined : quantityWords(tag, machine.now);
  return (
    <tr>
      <th scope="row">
        {props.isOwn(machine) ? (
          <strong>{sayPeer("cell.own", { machine: words })}</strong>
        ) : (
          <a href={props.hrefOf(machine)}>{words}</a>
        )}
        <small>{machine.site}</small>
      </th>
      <td>{outsideWords(machine)}</td>
      <td>{machine.away === null ? "" : signedWords(tag, machine.away)}</td>
      <td>
        {value === undefined
          ? sayPeer("cell.none")
          : side === undefined
            ? value
            : sayPeer("cell.now", { value, side: sayPeer(`side.short.${side}`) })}
      </td>
    </tr>
  );
}

function signedWords(tag: LiveTag, away: number): string {
  const words = meanWords(tag, Math.abs(away));
  if (words === meanWords(tag, 0)) return words;
  return `${away > 0 ? "+" : "−"}${words}`;
}

/** More would push the page away; the file has all. */
const timesShown = 100;

/** What the chart draws, as numbers. */
export function PeerTimes(props: {
  readonly tag: LiveTag;
  readonly answer: PeerAnswer;
  readonly own: string;
}): JSX.Element {
  const { tag, answer, own } = props;
  const { fromUs, stepUs, counts } = answer;
  const [shown, show] = useState(false);
  const from = Math.max(0, counts.length - timesShown);
  const lines = [answer.low, answer.median, answer.high, answer.own];
  const span = counts.length * stepUs;
  return (
    <>
      <div class="button-row">
        <Button label={sayPeer("times.show")} pressed={shown} onPress={() => show((now) => !now)} />
        <Button
          label={sayPeer("times.save")}
          onPress={() => saveCsv(`${tag.id}-machines`, bandRows(answer, tag))}
        />
      </div>
      {shown && (
        <div
          class="table-well peer-times"
          tabIndex={0}
          role="region"
          aria-label={sayPeer("times.show")}
        >
          <table>
            <caption>
              {sayPeer("times.caption", {
                shown: String(counts.length - from),
                count: String(counts.length),
              })}
            </caption>
            <thead>
              <tr>
                <th scope="col">{sayPeer("times.time")}</th>
                <th scope="col">{sayPeer("times.machines")}</th>
                <th scope="col">{sayPeer("pen.low")}</th>
                <th scope="col">{sayPeer("pen.median")}</th>
                <th scope="col">{sayPeer("pen.high")}</th>
                <th scope="col">{own}</th>
              </tr>
            </thead>
            <tbody>
              {counts
                .slice(from)
                .map((count, index) => {
                  const at = from + index;
                  return (
                    <tr key={at}>
                      <td>{momentWords(fromUs + at * stepUs, span)}</td>
                      <td>{count}</td>
                      {lines.map((line, of) => {
                        const value = line[at] ?? null;
                        return <td key={of}>{value === null ? "" : meanWords(tag, value)}</td>;
                      })}
                    </tr>
                  );
                })
                .reverse()}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

/** Times in ISO 8601 UTC and full digits: a file is read by programs. */
function bandRows(
  { fromUs, stepUs, counts, low, median, high, own }: PeerAnswer,
  { unit }: LiveTag,
): readonly (readonly (string | number)[])[] {
  return [
    ["time", "seconds", "machines", "p10", "median", "p90", "own", "unit"],
    ...counts.map((count, at) => [
      new Date((fromUs + at * stepUs) / 1_000).toISOString(),
      stepUs / 1e6,
      count,
      ...[low, median, high, own].map((line) => line[at] ?? ""),
      unit,
    ]),
  ];
}
