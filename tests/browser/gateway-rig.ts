/** A gateway of the product in the process of a test, for pages that are tried against all of it. */
import { loadSettings, runRuntime } from "@millwright/edge-runtime";
import { seededRandom, silentLog, systemClock } from "@millwright/kit";

export interface RunningGateway {
  /** `http://127.0.0.1:PORT`; "" where it has ended already. */
  readonly url: string;
  /** With which its first engineer signs in, as it was printed; "" where there is one. */
  readonly code: string;
  stop(): Promise<void>;
}

/** @param file its settings @param name what is random in it begins with this */
export async function startGateway(file: string, name: string): Promise<RunningGateway> {
  const end = new AbortController();
  const ready = Promise.withResolvers<string>();
  let printed = "";
  const running = runRuntime(
    {
      settings: loadSettings(file),
      ...{ software: "test", clock: systemClock, random: seededRandom(name), log: silentLog },
      ready: ({ hmi }) => {
        ready.resolve(hmi);
      },
      print: (text) => {
        printed += text;
      },
    },
    end.signal,
  );
  const url = await Promise.race([ready.promise, running.then(() => "")]);
  return {
    url,
    code: /[0-9A-Z]{5}-[0-9A-Z]{5}/.exec(printed)?.[0] ?? "",
    async stop() {
      end.abort();
      await running;
    },
  };
}
