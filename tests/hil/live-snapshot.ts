import type { LiveSnapshot } from "@millwright/wire-contract";

/** First event of a gateway's live stream: values, devices and the link, as a person sees them. */
export async function firstSnapshot(hmi: string): Promise<LiveSnapshot> {
  const closing = new AbortController();
  try {
    const answer = await fetch(new URL("/api/live", hmi), {
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(5_000)]),
    });
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const data = /^data: ?(.*)\n\n?/m.exec(text)?.[1];
      if (data !== undefined && text.includes("\n\n")) return JSON.parse(data) as LiveSnapshot;
    }
    throw new Error("the live stream ended before its snapshot");
  } finally {
    closing.abort();
  }
}
