import { ServiceFailure } from "./faults.ts";

/** Status names by which a server says that a request, or its answer, holds too much (OPC 10000-4, 7.39.2). */
const tooMuch = new Set([
  "BadTooManyOperations",
  "BadResponseTooLarge",
  "BadRequestTooLarge",
  "BadEncodingLimitsExceeded",
]);

/**
 * Asks for many things in requests that the server bears: at most `atOnce` in each, and where even that is refused as
 * too much, half as many from there on. Small controllers state no limits and have some (field practice 30).
 *
 * @returns as many results as elements, in their order
 */
export async function inSlices<Element, Result>(
  elements: readonly Element[],
  atOnce: number,
  ask: (slice: readonly Element[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  let most = Math.max(1, atOnce);
  while (results.length < elements.length) {
    const slice = elements.slice(results.length, results.length + most);
    let answers: readonly Result[];
    try {
      answers = await ask(slice);
    } catch (failure) {
      const halved = failure instanceof ServiceFailure && tooMuch.has(failure.status);
      if (!halved || slice.length === 1) throw failure;
      most = Math.ceil(slice.length / 2);
      continue;
    }
    if (answers.length !== slice.length) {
      throw new Error(`${slice.length} answers were due and ${answers.length} came`);
    }
    results.push(...answers);
  }
  return results;
}
