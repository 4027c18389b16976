/**
 * The network cable between the gateways and the hub. Pulled, it carries nothing and says nothing: connections stay open
 * on both sides and find out by themselves, as in a plant. Plugged in again, what waited goes on. For tests it is a bad
 * network, too: one way only, slow, or with something in between that forgets or ends connections. Packets that are lost
 * or overtaken are no concern of its: TCP makes delay of them.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What one direction does with bytes. */
export type Flow =
  | "open"
  /** They wait: the system's buffers fill and then hold the sender. */
  | "held"
  | { readonly bytesPerS: number; readonly delayMs: number };

/** Read from one end at a time and carried to the other. */
interface Way {
  readonly from: Socket;
  readonly to: Socket;
  readonly towards: "hub" | "gateway";
  /** A piece is on its way; the next is read when it has arrived. */
  carrying: boolean;
  /** Nothing comes after what is on its way. */
  ended: boolean;
}

export class HubCable {
  readonly #far: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #ways = new Set<Way>();
  /** The gateways' ends of connections that it has forgotten; they are swallowed until they are given up. */
  readonly #forgotten = new Set<Socket>();
  readonly #flow: Record<Way["towards"], Flow> = { hub: "open", gateway: "open" };

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
    return this.#flow.hub === "held" && this.#flow.gateway === "held";
  }

  pull(): void {
    this.let({ hub: "held", gateway: "held" });
  }

  plug(): void {
    this.let({ hub: "open", gateway: "open" });
  }

  /** What it does from now on with bytes towards the hub, and with those towards the gateways. */
  let(flow: Readonly<Record<Way["towards"], Flow>>): void {
    Object.assign(this.#flow, flow);
    for (const way of this.#ways) this.#goOn(way);
  }

  /** Ends all connections at once, with what is on its way in them; both sides are told. */
  reset(): void {
    for (const { from } of this.#ways) from.resetAndDestroy();
  }

  /**
   * Something in between was started anew and knows none of the connections: the hub's ends are gone, and the gateways hear
   * nothing at all any more on theirs. New ones are carried as ever.
   */
  forget(): void {
    for (const way of [...this.#ways]) {
      this.#ways.delete(way);
      if (way.towards === "gateway") way.from.destroy();
      else this.#forgotten.add(way.from);
    }
  }

  async remove(): Promise<void> {
    for (const { from } of this.#ways) from.destroy();
    for (const socket of this.#forgotten) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(near: Socket): void {
    const far = connect({ ...this.#far, noDelay: true, allowHalfOpen: true });
    const there: Way = { from: near, to: far, towards: "hub", carrying: false, ended: false };
    const back: Way = { from: far, to: near, towards: "gateway", carrying: false, ended: false };
    for (const way of [there, back]) {
      const { from, to } = way;
      this.#ways.add(way);
      from.on("data", (bytes) => {
        this.#carry(way, bytes);
      });
      to.on("drain", () => {
        this.#goOn(way);
      });
      from.on("error", () => undefined);
      from.on("end", () => {
        // Said also while it is paused, and then before the last piece has arrived.
        way.ended = true;
        if (this.#ways.has(way) && !way.carrying) to.end();
      });
      from.on("close", () => {
        this.#forgotten.delete(from);
        if (this.#ways.delete(way)) to.destroy();
      });
      this.#goOn(way);
    }
  }

  #carry(way: Way, bytes: Buffer): void {
    if (!this.#ways.has(way)) return;
    const flow = this.#flow[way.towards];
    if (typeof flow === "string") {
      this.#deliver(way, bytes);
      return;
    }
    way.carrying = true;
    way.from.pause();
    const lateMs = flow.delayMs + (bytes.length * 1_000) / flow.bytesPerS;
    // A cable keeps nobody from ending; the sockets do while somebody uses them.
    setTimeout(() => {
      way.carrying = false;
      if (!this.#ways.has(way)) return;
      this.#deliver(way, bytes);
      if (way.ended) way.to.end();
      this.#goOn(way);
    }, lateMs).unref();
  }

  /** What the other end does not take yet is not read from this one either. */
  #deliver({ from, to }: Way, bytes: Buffer): void {
    if (!to.destroyed && !to.write(bytes)) from.pause();
  }

  #goOn({ from, to, towards, carrying }: Way): void {
    if (this.#flow[towards] === "held") from.pause();
    else if (!carrying && !to.writableNeedDrain) from.resume();
  }
}
