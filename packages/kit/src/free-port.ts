import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below what systems take for the near end of outgoing connections (Linux 32768 to 60999 by default, ip(7); RFC 6335
 * clause 6: 49152 to 65535). A port from there may be gone, for as long as somebody's connection lasts, when the program
 * that listened on it starts again.
 */
const firstPort = 20_000;
const endPort = 32_768;
/** Half of the ports would have to be taken for one search in a million to fail. */
const triesMax = 20;

/**
 * A port that nobody listens on at this moment, for a program that must be told one, and can have it again after its
 * restart. Another program may take it before this one does: who can must be ready to try again.
 * @throws what the system said to the last port tried, when none of them could be listened on
 */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (let tries = 1; ; tries++) {
    const port = randomInt(firstPort, endPort);
    const server = createServer();
    try {
      server.listen(port, host);
      await once(server, "listening");
      server.close();
      await once(server, "close");
      return port;
    } catch (failure) {
      if (tries === triesMax) throw failure;
    }
  }
}
