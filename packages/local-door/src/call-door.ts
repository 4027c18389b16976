import { existsSync, readFileSync } from "node:fs";

import { Fault, type Refused } from "@millwright/kit";

/** The program does not run, or its file belongs to a run that has ended. */
export class DoorClosed extends Fault {
  override readonly name = "DoorClosed";
  readonly code = "door.closed";
  readonly retry = "soon";
  readonly hint = "Start it, and run this command as the user who runs it.";

  constructor(file: string, options?: ErrorOptions) {
    super(`the program that is asked by ${file} does not run`, options);
  }
}

/**
 * Asks the program that wrote `file`. Throws `DoorClosed`; what the program refuses is answered as a value.
 *
 * @param signal ends the waiting for a program that is there and does not answer; then its reason is thrown
 */
export async function callDoor(
  file: string,
  path: string,
  body: Uint8Array = new Uint8Array(0),
  signal?: AbortSignal,
): Promise<Uint8Array | Refused> {
  const { port, secret } = readDoor(file);
  let response: Response;
  try {
    response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      body: Uint8Array.from(body),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new DoorClosed(file, { cause });
  }
  // The port of a run that was killed may be another program's by now.
  if (response.status === 401) throw new DoorClosed(file);
  const answer = new Uint8Array(await response.arrayBuffer());
  if (response.ok) return answer;
  return { kind: "refused", reason: new TextDecoder().decode(answer) };
}

function readDoor(file: string): { readonly port: number; readonly secret: string } {
  if (!existsSync(file)) throw new DoorClosed(file);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new DoorClosed(file, { cause });
  }
  if (
    typeof json === "object" &&
    json !== null &&
    "port" in json &&
    "secret" in json &&
    typeof json.port === "number" &&
    typeof json.secret === "string"
  )
    return { port: json.port, secret: json.secret };
  throw new DoorClosed(file);
}
