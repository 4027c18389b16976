/** The views that people have saved, found by name: each opens, is called otherwise, or goes. */
import { Button, EmptyState, FindField } from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";

import type { ListedView, SavedView } from "../../saved-view.ts";
import { DeleteForm, RenameForm } from "./saved-view-form.tsx";
import { foundViews } from "./saved-view-match.ts";
import { saySaved } from "./saved-view-messages.ts";
import { goneWords, savedWords, showsWords, type NameOf } from "./saved-view-words.ts";
import { trendsHref } from "./trends-address.ts";

/** More are found by their name rather than scrolled. */
const viewsListed = 50;

export interface SavedViewListProps {
  readonly views: readonly ListedView[];
  readonly most: number;
  /** Which of them the chart shows. */
  readonly shownId: number | undefined;
  readonly nameOf: NameOf;
  readonly onOpen: (view: SavedView) => void;
  readonly onRenamed: (view: SavedView) => void;
  readonly onDeleted: (view: SavedView) => void;
  readonly onFailed: () => void;
}

export function SavedViewList(props: SavedViewListProps): JSX.Element {
  const { views } = props;
  const [text, setText] = useState("");
  const search = useRef<HTMLDivElement>(null);
  const [acting, setActing] = useState<
    { readonly view: ListedView; readonly act: "rename" | "delete" } | undefined
  >(undefined);
  if (views.length === 0) {
    return (
      <EmptyState title={saySaved("none.title")}>
        <p>{saySaved("none.what")}</p>
      </EmptyState>
    );
  }
  const found = foundViews(views, text);
  const listed = found.slice(0, viewsListed);
  const close = (): void => setActing(undefined);
  return (
    <>
      <div ref={search}>
        <FindField label={saySaved("find.label")} text={text} onText={setText} />
      </div>
      {found.length === 0 && (
        <p>
          {saySaved("find.none", { text })}{" "}
          <Button label={saySaved("find.clear")} onPress={() => setText("")} />
        </p>
      )}
      <ul class="saved-view-list">
        {listed.map((view) => (
          <li key={view.id}>
            <Row {...props} view={view} onAct={(act) => setActing({ view, act })} />
            {acting?.view.id === view.id &&
              (acting.act === "rename" ? (
                <RenameForm
                  {...props}
                  key="rename"
                  view={acting.view}
                  onClose={close}
                  onDone={(renamed) => {
                    close();
                    props.onRenamed(renamed);
                  }}
                />
              ) : (
                <DeleteForm
                  {...props}
                  key="delete"
                  view={acting.view}
                  onClose={close}
                  onDone={(deleted) => {
                    // The button that was pressed first goes with the row.
                    search.current?.querySelector("input")?.focus();
                    close();
                    props.onDeleted(deleted);
                  }}
                />
              ))}
          </li>
        ))}
      </ul>
      {found.length > listed.length && (
        <p>
          {saySaved("find.more", { shown: String(listed.length), count: String(found.length) })}
        </p>
      )}
    </>
  );
}

function Row(
  props: SavedViewListProps & {
    readonly view: ListedView;
    readonly onAct: (act: "rename" | "delete") => void;
  },
): JSX.Element {
  const { view, nameOf, onAct } = props;
  const { name } = view;
  return (
    <div class="saved-view">
      <div>
        <a
          class="link"
          href={trendsHref(view.chart, view.tags)}
          aria-current={view.id === props.shownId ? "true" : undefined}
          onClick={(event) => {
            // In a tab of its own it is opened there.
            if (!event.ctrlKey && !event.metaKey && !event.shiftKey) props.onOpen(view);
          }}
        >
          {name}
        </a>
        <p class="quiet">{showsWords(view, nameOf)}</p>
        {view.gone.map((gone) => (
          <p key={`${gone.gateway} ${gone.tag}`}>{goneWords(gone, nameOf)}</p>
        ))}
      </div>
      <p class="quiet">{saySaved("row.saved", savedWords(view))}</p>
      <div class="button-row">
        {(["rename", "delete"] as const).map((act) => (
          <button
            key={act}
            type="button"
            class="button"
            aria-label={saySaved(`row.${act}.reads`, { name })}
            onClick={() => onAct(act)}
          >
            {saySaved(`row.${act}`)}
          </button>
        ))}
      </div>
    </div>
  );
}
