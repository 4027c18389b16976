/**
 * A list of alarms of any length with few rows in the page. Its order stays as it is while somebody touches, scrolls or has
 * focused it; what is new waits and is counted (ux-guide 2.6, 5).
 */
import { Button, listedOf, nextOrder, type ListedAlarm, type LiveStore } from "@millwright/ui-kit";
import type { AlarmRow } from "@millwright/wire-contract/events";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { sayAlarm, sayAlarmCount } from "./alarm-messages.ts";
import { AlarmRowView, GroupRowView } from "./alarm-row.tsx";

/** Heights of a row with its gap, px, as in the style sheet. */
const pitchPanel = 96;
const pitchPhone = 240;
const phone = matchMedia("(max-width: 599px)");
/** Beyond the edges, so that a finger does not outrun them. */
const spareRows = 4;
const rowsMax = 50;
/** A list that was let go of rests so long before its order moves. */
const restMs = 1_500;

export function AlarmList(props: {
  readonly store: LiveStore;
  readonly rows: readonly AlarmRow[];
  readonly flood: boolean;
  readonly chosen: string | undefined;
  /** Alarms for which an act is under way. */
  readonly sending: ReadonlySet<string>;
  readonly onChoose: (id: string) => void;
  readonly onAct: (rows: readonly AlarmRow[]) => void;
}): JSX.Element {
  const window_ = useRef<HTMLDivElement>(null);
  const touched = useRef({ pressed: false, movedMs: -Infinity });
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [view, setView] = useState({ top: 0, height: 600 });
  const [, look] = useState(0);
  const [pitch, setPitch] = useState(phone.matches ? pitchPhone : pitchPanel);
  const order = useRef<readonly string[]>([]);
  const last = useRef(new Map<string, ListedAlarm>());

  const isHeld = (): boolean => {
    const box = window_.current;
    if (box === null) return false;
    const { pressed, movedMs } = touched.current;
    return (
      pressed ||
      box.scrollTop > 0 ||
      performance.now() - movedMs < restMs ||
      box.contains(document.activeElement)
    );
  };
  const listed = listedOf(props.rows, props.flood, opened);
  const next = nextOrder(
    order.current,
    listed.map(({ key }) => key),
    isHeld(),
  );
  order.current = next.ids;
  // What has left the list meanwhile stays where it stood, as it was last.
  const items = new Map(listed.map((item) => [item.key, item]));
  for (const key of next.ids) {
    const item = items.get(key) ?? last.current.get(key);
    if (item !== undefined) items.set(key, item);
  }
  last.current = items;

  useEffect(() => {
    const turn = (): void => setPitch(phone.matches ? pitchPhone : pitchPanel);
    phone.addEventListener("change", turn);
    return () => phone.removeEventListener("change", turn);
  }, []);
  useLayoutEffect(() => {
    const height = window_.current?.clientHeight ?? 0;
    if (height > 0 && height !== view.height) setView((old) => ({ ...old, height }));
  });
  useEffect(() => {
    // Once nobody holds the list any more, what waited is let in.
    if (next.waiting === 0) return undefined;
    const timer = setInterval(() => {
      if (!isHeld()) look((count) => count + 1);
    }, restMs);
    return () => clearInterval(timer);
  }, [next.waiting > 0]);

  const shownFrom = Math.max(0, Math.floor(view.top / pitch) - spareRows);
  const shownTo = Math.min(
    next.ids.length,
    shownFrom + rowsMax,
    Math.ceil((view.top + view.height) / pitch) + spareRows,
  );
  const visible = next.ids
    .slice(Math.ceil(view.top / pitch), Math.floor((view.top + view.height) / pitch))
    .flatMap((key) => {
      const item = items.get(key);
      return item?.kind === "alarm" && isUnacknowledged(item.row) ? [item.row] : [];
    });
  const showNew = (): void => {
    const box = window_.current;
    if (box === null) return;
    box.scrollTop = 0;
    touched.current = { pressed: false, movedMs: -Infinity };
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    order.current = [];
    setView((old) => ({ ...old, top: 0 }));
  };
  const toggle = (key: string): void => {
    const open = new Set(opened);
    if (!open.delete(key)) open.add(key);
    order.current = [];
    setOpened(open);
  };

  return (
    <>
      <div class="alarm-new">
        {next.waiting > 0 ? (
          <Button label={sayAlarmCount("new", next.waiting)} onPress={showNew} />
        ) : (
          <p>{sayAlarm("new.none")}</p>
        )}
        {visible.length > 0 && (
          <Button
            label={sayAlarmCount("visible", visible.length)}
            onPress={() => {
              props.onAct(visible);
            }}
          />
        )}
      </div>
      <div
        ref={window_}
        class="alarm-window table-window"
        // A list that can be scrolled can be reached by keyboard (WCAG 2.1.1).
        tabIndex={0}
        role="group"
        aria-label={sayAlarm("title")}
        onScroll={(event) => {
          touched.current.movedMs = performance.now();
          const { scrollTop: top, clientHeight: height } = event.currentTarget;
          setView({ top, height });
        }}
        onPointerDown={() => {
          touched.current.pressed = true;
        }}
        onPointerUp={() => {
          touched.current = { pressed: false, movedMs: performance.now() };
        }}
        onPointerCancel={() => {
          touched.current = { pressed: false, movedMs: performance.now() };
        }}
        onKeyDown={(event) => {
          if (event.key !== "a" && event.key !== "A") return;
          const key = (event.target as Element).closest<HTMLElement>("[data-alarm]");
          const item = items.get(key?.dataset["alarm"] ?? "");
          if (item?.kind === "alarm" && isUnacknowledged(item.row)) props.onAct([item.row]);
        }}
      >
        <ul style={{ height: `${next.ids.length * pitch}px` }}>
          {next.ids.slice(shownFrom, shownTo).map((key, at) => {
            const item = items.get(key);
            const top = (shownFrom + at) * pitch;
            if (item === undefined) return null;
            return (
              <li key={key} data-alarm={key} style={{ transform: `translateY(${top}px)` }}>
                {item.kind === "group" ? (
                  <GroupRowView group={item} onToggle={toggle} />
                ) : (
                  <AlarmRowView
                    store={props.store}
                    row={item.row}
                    chosen={item.row.id === props.chosen}
                    sending={props.sending.has(item.row.id)}
                    onChoose={props.onChoose}
                    onAct={props.onAct}
                  />
                )}
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}

export function isUnacknowledged({ state }: Pick<AlarmRow, "state">): boolean {
  return state === "unacknowledged" || state === "returned";
}
