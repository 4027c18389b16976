import type { Bench } from "./bench.ts";
import { bench as codec } from "./codec.ts";
import { bench as journal } from "./journal.ts";
import { bench as publish } from "./publish.ts";

/** Every bench, in the order in which `make bench` runs them. */
export const benches: readonly Bench[] = [codec, journal, publish];
