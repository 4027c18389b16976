export { systemClock, PlayedClock, type Clock } from "./clock.ts";
export { runServices, type Service } from "./service.ts";
export { recurring } from "./recurring.ts";
export { together } from "./together.ts";
export { Fault, hintOf, messageChain, type Refused } from "./fault.ts";
export { freePort } from "./free-port.ts";
export { Backoff } from "./backoff.ts";
export { BoundedQueue } from "./bounded-queue.ts";
export { createLog, silentLog, type Log, type LogFields, type LogLevel } from "./log.ts";
export { LogRing } from "./log-ring.ts";
export { seededRandom, type Random } from "./random.ts";
export { aborted, race } from "./abort.ts";
export {
  ColumnReducer,
  reducePerColumn,
  type ColumnWindow,
  type ReducedLine,
} from "./reduce-columns.ts";
