/**
 * The life of one edge node as its host sees it (Sparkplug 3.0, 4.3 and 6.4): which messages to use, in which order, what
 * is missing, and when to ask for new births. Pure: given the same events it does the same, so that lost, doubled and
 * reordered packets can be played.
 *
 * | phase  | birth | data in order | data ahead              | data behind | death of this birth | 3 s in a gap       |
 * |--------|-------|---------------|-------------------------|-------------|---------------------|--------------------|
 * | unborn | alive | orphan, ask   | orphan, ask             | orphan, ask | dead                |                    |
 * | alive  | alive | deliver       | park, wait              | duplicate   | dead                | missing, go on, ask|
 * | dead   | alive | orphan, ask   | orphan, ask             | orphan, ask | dead                |                    |
 *
 * Data without a number are delivered as they come.
 */
export interface NodeState<Message> {
  readonly phase: "unborn" | "alive" | "dead";
  /** Of the running birth; absent when the node does not send any. */
  readonly bdSeq: number | undefined;
  /** The sequence number that comes next, 0 to 255. */
  readonly nextSeq: number;
  /** Messages after a gap, in the order of their numbers. At most 127: half of the numbers are ahead, half behind. */
  readonly parked: readonly Parked<Message>[];
  /** Messages in a row that were behind. */
  readonly behind: number;
}

interface Parked<Message> {
  readonly seq: number;
  readonly message: Message;
  /** When it came: since then the gap before it is known. */
  readonly atMs: number;
}

export type NodeEvent<Message> =
  | {
      readonly kind: "birth";
      readonly seq: number;
      readonly bdSeq: number | undefined;
      readonly message: Message;
    }
  /** `seq` is absent when the node does not number its messages, as it should. */
  | { readonly kind: "data"; readonly seq: number | undefined; readonly message: Message }
  | { readonly kind: "death"; readonly bdSeq: number | undefined }
  /** The connection to the broker is gone: nothing comes any more for which something could wait. */
  | { readonly kind: "over" }
  | { readonly kind: "tick" };

export type NodeAction<Message> =
  | { readonly kind: "deliver"; readonly message: Message }
  /** Came without a birth: only what it names itself can be used. */
  | { readonly kind: "orphan"; readonly message: Message }
  | { readonly kind: "duplicate"; readonly message: Message }
  /** Used, but nobody can say whether others were lost before it. */
  | { readonly kind: "uncounted"; readonly message: Message }
  /** So many messages never came; NaN when nobody can say. */
  | { readonly kind: "missing"; readonly messages: number }
  | { readonly kind: "ask"; readonly why: string }
  | { readonly kind: "died" };

export interface NodeStep<Message> {
  readonly state: NodeState<Message>;
  readonly actions: readonly NodeAction<Message>[];
}

/** A duplicate comes alone; so many in a row mean that we have lost count, not that the network repeats itself. */
const behindMax = 5;

export function unbornNode<Message>(): NodeState<Message> {
  return { phase: "unborn", bdSeq: undefined, nextSeq: 0, parked: [], behind: 0 };
}

export function advanceNode<Message>(
  state: NodeState<Message>,
  event: NodeEvent<Message>,
  nowMs: number,
  waitMs: number,
): NodeStep<Message> {
  switch (event.kind) {
    case "birth": {
      // What waits behind a gap belongs to the birth that ends: it is used before its names are forgotten.
      const flushed = state.phase === "alive" ? flush(state) : [];
      return {
        state: {
          ...unbornNode<Message>(),
          phase: "alive",
          bdSeq: event.bdSeq,
          nextSeq: after(event.seq),
        },
        actions: [...flushed, { kind: "deliver", message: event.message }],
      };
    }
    case "death":
      return die(state, event.bdSeq);
    case "data":
      if (state.phase === "alive") {
        if (event.seq !== undefined) return take(state, event.seq, event.message, nowMs);
        return { state, actions: [{ kind: "uncounted", message: event.message }] };
      }
      return {
        state,
        actions: [
          { kind: "orphan", message: event.message },
          { kind: "ask", why: "data came without a birth" },
        ],
      };
    case "over":
      return {
        state: unbornNode<Message>(),
        actions: state.phase === "alive" ? flush(state) : [],
      };
    case "tick":
      return skipGaps(state, nowMs - waitMs);
  }
}

/** A death of an earlier birth may come late, after the node was born again: it counts for its own birth only. */
function die<Message>(state: NodeState<Message>, bdSeq: number | undefined): NodeStep<Message> {
  const other = state.bdSeq !== undefined && bdSeq !== undefined && state.bdSeq !== bdSeq;
  if (state.phase === "dead" || (state.phase === "alive" && other)) return { state, actions: [] };
  const flushed = state.phase === "alive" ? flush(state) : [];
  return {
    state: { ...unbornNode<Message>(), phase: "dead", bdSeq: state.bdSeq },
    actions: [...flushed, { kind: "died" }],
  };
}

function take<Message>(
  state: NodeState<Message>,
  seq: number,
  message: Message,
  nowMs: number,
): NodeStep<Message> {
  const ahead = (seq - state.nextSeq) & 255;
  if (ahead === 0) {
    const begun = { ...state, nextSeq: after(seq), behind: 0 };
    const run = takeParked(begun);
    return { state: run.state, actions: [{ kind: "deliver", message }, ...run.actions] };
  }
  if (ahead >= 128) {
    if (state.behind + 1 < behindMax) {
      return {
        state: { ...state, behind: state.behind + 1 },
        actions: [{ kind: "duplicate", message }],
      };
    }
    return {
      state: { ...state, nextSeq: after(seq), parked: [], behind: 0 },
      actions: [
        ...flush(state),
        { kind: "missing", messages: NaN },
        { kind: "deliver", message },
        { kind: "ask", why: "its sequence numbers went back" },
      ],
    };
  }
  if (state.parked.some((waiting) => waiting.seq === seq)) {
    return { state, actions: [{ kind: "duplicate", message }] };
  }
  const parked = [...state.parked, { seq, message, atMs: nowMs }].sort(
    (left, right) => ((left.seq - state.nextSeq) & 255) - ((right.seq - state.nextSeq) & 255),
  );
  return { state: { ...state, parked, behind: 0 }, actions: [] };
}

/** Delivers what follows without a gap. */
function takeParked<Message>(state: NodeState<Message>): NodeStep<Message> {
  const actions: NodeAction<Message>[] = [];
  let { nextSeq } = state;
  let used = 0;
  for (const { seq, message } of state.parked) {
    if (seq !== nextSeq) break;
    actions.push({ kind: "deliver", message });
    nextSeq = after(nextSeq);
    used++;
  }
  return { state: { ...state, nextSeq, parked: state.parked.slice(used) }, actions };
}

/**
 * Gives up the gaps that are known since `sinceMs` or longer: their packets are missing, and births will tell what they
 * changed. Each gap waits for itself, so that a network that loses much does not pile waits upon each other.
 */
function skipGaps<Message>(state: NodeState<Message>, sinceMs: number): NodeStep<Message> {
  const actions: NodeAction<Message>[] = [];
  let now = state;
  let messages = 0;
  // Bounded by what is parked: each round takes at least one message.
  for (let [first] = now.parked; first !== undefined; [first] = now.parked) {
    if (Math.min(...now.parked.map(({ atMs }) => atMs)) > sinceMs) break;
    const missing = (first.seq - now.nextSeq) & 255;
    messages += missing;
    const run = takeParked({ ...now, nextSeq: first.seq });
    actions.push({ kind: "missing", messages: missing }, ...run.actions);
    now = run.state;
  }
  if (messages > 0) actions.push({ kind: "ask", why: `${messages} of its messages are missing` });
  return { state: now, actions };
}

/** Uses everything that waits, and counts what never came between. */
function flush<Message>(state: NodeState<Message>): NodeAction<Message>[] {
  const actions: NodeAction<Message>[] = [];
  let { nextSeq } = state;
  for (const { seq, message } of state.parked) {
    const messages = (seq - nextSeq) & 255;
    if (messages > 0) actions.push({ kind: "missing", messages });
    actions.push({ kind: "deliver", message });
    nextSeq = after(seq);
  }
  return actions;
}

function after(seq: number): number {
  return (seq + 1) & 255;
}
