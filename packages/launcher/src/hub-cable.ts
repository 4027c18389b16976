/**
 * The network cable between the gateways and the hub. Pulled, it carries nothing and says nothing: connections stay open
 * on both sides and find out by themselves, as in a plant. Plugged in again, what waited goes on.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export class HubCable {
  readonly #far: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  private constructor(far: { readonly host: string; readonly port: number }) {
    this.#far = far;
    this.#server = createServer(
      { noDelay: true, pauseOnConnect: true, allowHalfOpen: true },
      (near) => {
        this.#join(near);
      },
    );
  }

  /** @param far where the hub's broker listens */
  static async lay(far: { readonly host: string; readonly port: number }): Promise<HubCable> {
    const cable = new HubCable(far);
    cable.#server.listen(0, "127.0.0.1");
    await once(cable.#server, "listening");
    return cable;
  }

  /** Where the gateways find the hub. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get isCut(): boolean {
    return this.#cut;
  }

  pull(): void {
    this.#cut = true;
    // The system's buffers fill and then hold the senders: some hundred kilobytes, as on a real line.
    for (const socket of this.#sockets) socket.pause();
  }

  plug(): void {
    this.#cut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async remove(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(near: Socket): void {
    const far = connect({ ...this.#far, noDelay: true, allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (bytes) => {
        // What the other end does not take yet is not read from this one either.
        if (!to.write(bytes)) from.pause();
      });
      to.on("drain", () => {
        if (!this.#cut) from.resume();
      });
      from.on("error", () => undefined);
      from.on("end", () => to.end());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    if (this.#cut) far.pause();
    else near.resume();
  }
}
