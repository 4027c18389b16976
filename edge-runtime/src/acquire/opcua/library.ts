import type { Log } from "@millwright/kit";
import type * as opcua from "node-opcua-client";

/** The one OPC UA library; types are free, the code is loaded when the first OPC UA device is opened. */
export type Library = typeof opcua;
export type { opcua };

let loading: Promise<Library> | undefined;

/** 40 MB and most of a second on a small machine: who has no OPC UA device does not pay them. */
export function loadLibrary(log: Log): Promise<Library> {
  loading ??= import("node-opcua-client").then((library) => {
    // The library prints to the console; its lines are for engineers who look for a fault in it.
    const say = (...words: unknown[]): void => {
      log.debug("acquire.opcua-library", { words: words.map(String).join(" ") });
    };
    library.setWarningLogger(say);
    library.setErrorLogger(say);
    library.setDebugLogger(say);
    return library;
  });
  return loading;
}
