/** The views that people have saved, found by name: each opens, is called otherwise, or goes. */
import { Button, EmptyState, FindField } from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";

import type { ListedView, SavedView } from "../../saved-view.ts";
import { DeleteForm, RenameForm } from "./saved-view-form.tsx";
import { SavedViewLink } from "./saved-view-link.tsx";
import { foundViews } from "./saved-view-match.ts";
import { saySaved } from "./saved-view-messages.ts";
import { goneWords, savedWords, showsWords, type NameOf } from "./saved-view-words.ts";

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
  const [text, setText] = useState("");
  const search = useRef<HTMLDivElement>(null);
  const [acting, setActing] = useState<Acting | undefined>(undefined);
  const views = withActing(props.views, acting);
  if (views.length === 0) {
    return (
      <EmptyState title={saySaved("none.title")}>
        <p>{saySaved("none.what")}</p>
      </EmptyState>
    );
  }
  const found = foundViews(views, text);
  const listed = found.slice(0, viewsListed);
  const focusSearch = (): void => search.current?.querySelector("input")?.focus();
  const close = (): void => {
    // With a view that somebody else has deleted its row goes, and the button that opened the form.
    if (views !== props.views) focusSearch();
    setActing(undefined);
  };
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
            <Row
              {...props}
              view={view}
              onAct={(act) => setActing({ view, act, at: views.indexOf(view) })}
            />
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
                    focusSearch();
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

interface Acting {
  readonly view: ListedView;
  readonly act: "rename" | "delete";
  /** Where it stands in the list. */
  readonly at: number;
}

/** A view that somebody is about to change stays until they have read that somebody else has deleted it. */
function withActing(
  views: readonly ListedView[],
  acting: Acting | undefined,
): readonly ListedView[] {
  const isThere = acting === undefined || views.some(({ id }) => id === acting.view.id);
  return isThere ? views : views.toSpliced(acting.at, 0, acting.view);
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
        <SavedViewLink
          view={view}
          label={name}
          shown={view.id === props.shownId}
          onOpen={props.onOpen}
        />
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
