/** The demo's line about SCADA: whether the plant's broker hears the gateway's Sparkplug node, as the gateway says it. */
import { systemClock } from "@millwright/kit";

/** Nothing of it is more urgent than a person's look at the terminal. */
const lookEveryMs = 2_000;
/** A gateway on the same machine that is silent for so long has other trouble, which its own line tells. */
const answerMsMax = 5_000;

/** Of the gateway's `/api/publish`, what the line needs. */
export interface ToldNode {
  readonly node: string;
  readonly url: string;
  readonly state: "connecting" | "waiting-for-host" | "catching-up" | "live";
  readonly why: string;
  readonly tags: number;
  /** Samples that could not be told any more. */
  readonly lost: number;
}

/** Without numbers that run: into a file each change of the line is a line of its own. */
export function scadaWords({ node, url, state, why, tags, lost }: ToldNode): string {
  const how = {
    connecting: why === "" ? "connecting to its broker" : `broker away: ${why}`,
    "waiting-for-host": "waits for its primary host",
    "catching-up": "tells what waited",
    live: `${tags} tags told`,
  }[state];
  const missing = lost === 0 ? "" : `, ${lost} samples not told any more`;
  return `Sparkplug node ${node} at ${url}: ${how}${missing}`;
}

/**
 * Until `stop` aborts.
 * @param hmi address of the gateway's page
 * @param say is given the words at each look
 */
export async function watchScada(
  hmi: string,
  say: (words: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const url = new URL("/api/publish", hmi);
  while (!stop.aborted) {
    await look(url, stop).then(say, (failure: unknown) => {
      if (!stop.aborted) say(`the gateway does not say: ${String(failure)}`);
    });
    await systemClock.sleep(lookEveryMs, stop).catch(() => undefined);
  }
}

async function look(url: URL, stop: AbortSignal): Promise<string> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(answerMsMax)]);
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error(`it answers ${answer.status}`);
  const { sparkplug } = (await answer.json()) as { readonly sparkplug?: ToldNode };
  return sparkplug === undefined ? "it is no Sparkplug node" : scadaWords(sparkplug);
}
