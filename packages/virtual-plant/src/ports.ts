import { Fault } from "@millwright/kit";
import type { AddressInfo, Server } from "node:net";

/** A port of this machine that the plant was told to use is taken. */
export class PortTaken extends Fault {
  override readonly name = "PortTaken";
  readonly code = "plant.port-taken";
  readonly retry = "never";
  readonly hint =
    "End the program that uses the port, or choose another port (0 takes a free one).";
}

/** Listens and says on which port; throws `PortTaken` when it cannot. */
export async function listenOn(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const onError = (failure: Error): void => {
      reject(new PortTaken(`cannot listen on ${host}:${port}`, { cause: failure }));
    };
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}
