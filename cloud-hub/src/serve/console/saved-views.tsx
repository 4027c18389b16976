/**
 * Views of this screen under names, shared by all who use the hub: which one the chart shows, saving what is shown, and the list
 * of all. Who saves over one has seen what it replaces (ux-guide 9, C6).
 */
import { FailedState, loadJson, Skeleton, useResource } from "@millwright/ui-kit";
import { rangeText, type TrendRange } from "@millwright/ui-kit/trends";
import { useComputed, type Signal } from "@preact/signals";
import type { GatewayRow } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import {
  savedViewsMax,
  type ListedView,
  type SavedView,
  type SavedViewList as SavedViewAnswer,
  type ViewContent,
} from "../../saved-view.ts";
import { say } from "./messages.ts";
import { savedViewsAddress } from "./saved-view-door.ts";
import { SaveForm } from "./saved-view-form.tsx";
import { SavedViewLink } from "./saved-view-link.tsx";
import { SavedViewList } from "./saved-view-list.tsx";
import { openedView, type OpenedView } from "./saved-view-match.ts";
import { saySaved } from "./saved-view-messages.ts";
import { listWords, plainContent, savedWords } from "./saved-view-words.ts";
import { toChartText, type ChartText, type ChosenTag } from "./trends-address.ts";

export interface SavedViewsProps {
  readonly gateways: readonly Pick<GatewayRow, "gateway" | "name">[];
  /** What the painted address asks for, and the time that is shown. */
  readonly time: ChartText;
  readonly chosen: readonly ChosenTag[];
  readonly range: Signal<TrendRange>;
  /** The same as of a press; undefined while no value is chosen. */
  readonly contentNow: () => ViewContent | undefined;
  readonly wallMs: () => number;
}

type Panel =
  { readonly kind: "list" } | { readonly kind: "save"; readonly name: string } | undefined;

export function SavedViews(props: SavedViewsProps): JSX.Element {
  const { chosen, time, wallMs } = props;
  const saveButton = useRef<HTMLButtonElement>(null);
  const [turn, setTurn] = useState(0);
  const [opened, setOpened] = useState<SavedView | undefined>(undefined);
  const [asked, setPanel] = useState<Panel | "usual">("usual");
  // Without values there is nothing else to look at.
  const usual: Panel = chosen.length === 0 ? { kind: "list" } : undefined;
  const panel = asked === "usual" ? usual : asked;
  const list = useResource(
    `${savedViewsAddress} ${turn}`,
    (signal) => loadJson<SavedViewAnswer>(savedViewsAddress, signal),
    wallMs,
  );
  const range = useComputed(() => rangeText(props.range.value)).value;
  const [ours, setOurs] = useState<OwnChange | undefined>(undefined);
  const views = useMemo(() => withOwn(list.value, ours).map(plainContent), [list.value, ours]);
  const shown: ViewContent = { chart: toChartText({ ...time, range }), tags: chosen };
  const open = chosen.length === 0 ? undefined : openedView(views, shown, opened);
  useEffect(() => {
    // A link that somebody sent opens a view as well.
    if (open?.state === "same") setOpened(open.view);
  }, [open?.state, open?.view]);
  const name = open?.view.name;
  useEffect(() => {
    const screen = `${say("trends.title")} – ${say("brand")}`;
    document.title = name === undefined ? screen : `${name} – ${screen}`;
  }, [name]);

  const reload = (): void => setTurn((count) => count + 1);
  const changed = (view: SavedView, deleted = false): void => {
    setOurs({ before: list.value, view, deleted });
    reload();
  };
  const nameOf = (gateway: string): string =>
    props.gateways.find((row) => row.gateway === gateway)?.name ?? gateway;
  return (
    <section class="saved-views" aria-label={saySaved("label")}>
      <div class="button-row">
        {chosen.length > 0 && (
          <button
            ref={saveButton}
            type="button"
            class="button"
            aria-expanded={panel?.kind === "save"}
            onClick={() =>
              setPanel(panel?.kind === "save" ? undefined : { kind: "save", name: "" })
            }
          >
            {saySaved("save.open")}
          </button>
        )}
        <button
          type="button"
          class="button"
          aria-expanded={panel?.kind === "list"}
          onClick={() => {
            setPanel(panel?.kind === "list" ? undefined : { kind: "list" });
            // Others save, too.
            reload();
          }}
        >
          {listWords(list.value === undefined ? undefined : views.length)}
        </button>
        {open?.state === "changed" && (
          <button
            type="button"
            class="button"
            onClick={() => setPanel({ kind: "save", name: open.view.name })}
          >
            {saySaved("over.open", { name: open.view.name })}
          </button>
        )}
        <p class="saved-view-now" role="status">
          {open !== undefined && <Now open={open} onOpen={setOpened} />}
        </p>
      </div>
      {panel?.kind === "save" && chosen.length > 0 && (
        <div class="panel">
          <SaveForm
            key={panel.name}
            views={asOpened(views, open)}
            most={list.value?.most ?? savedViewsMax}
            name={panel.name}
            shown={shown}
            content={props.contentNow}
            onDone={(view) => {
              // "Save over" goes once it is done.
              saveButton.current?.focus();
              setOpened(view);
              setPanel("usual");
              changed(view);
            }}
            onFailed={reload}
            onClose={() => setPanel("usual")}
          />
        </div>
      )}
      {panel?.kind === "list" && (
        <div class="panel choice">
          {list.failedMs !== undefined && (
            <FailedState what={saySaved("failed")} sinceMs={list.failedMs} onRetry={list.retry} />
          )}
          {list.value === undefined && list.failedMs === undefined && <Skeleton height="10rem" />}
          {list.value !== undefined && (
            <SavedViewList
              views={views}
              most={list.value.most}
              shownId={open?.state === "same" ? open.view.id : undefined}
              nameOf={nameOf}
              onOpen={(view) => {
                setOpened(view);
                setPanel("usual");
              }}
              onRenamed={(view) => {
                if (opened?.id === view.id) setOpened(view);
                changed(view);
              }}
              onDeleted={(view) => {
                if (opened?.id === view.id) setOpened(undefined);
                changed(view, true);
              }}
              onFailed={reload}
            />
          )}
        </div>
      )}
    </section>
  );
}

/** What this page has done, until the list that was read after it is there. */
interface OwnChange {
  readonly before: SavedViewAnswer | undefined;
  readonly view: SavedView;
  readonly deleted: boolean;
}

function withOwn(
  list: SavedViewAnswer | undefined,
  ours: OwnChange | undefined,
): readonly ListedView[] {
  const views = list?.views ?? [];
  if (ours === undefined || ours.before !== list) return views;
  const { view, deleted } = ours;
  const gone = views.find(({ id }) => id === view.id)?.gone ?? [];
  const others = views.filter(({ id }) => id !== view.id);
  return deleted ? others : [...others, { ...view, gone }];
}

/** What is saved over is the view as it was opened, and not what others have made of it since. */
function asOpened(views: readonly SavedView[], open: OpenedView | undefined): readonly SavedView[] {
  return views.map((one) => (one.id === open?.view.id ? open.view : one));
}

function Now(props: {
  readonly open: OpenedView;
  readonly onOpen: (view: SavedView) => void;
}): JSX.Element {
  const { view, state, newest } = props.open;
  if (newest !== undefined) {
    return (
      <>
        {saySaved("now.newer", savedWords(newest))}{" "}
        <SavedViewLink view={newest} label={saySaved("now.newer.open")} onOpen={props.onOpen} />
      </>
    );
  }
  if (state === "deleted") return <>{saySaved("now.deleted", { name: view.name })}</>;
  return <>{saySaved(state === "same" ? "now.same" : "now.changed", savedWords(view))}</>;
}
