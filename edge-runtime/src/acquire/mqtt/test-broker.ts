/** For tests: the embedded broker, on loopback and a free port, that can be taken away and brought back. */
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";

import { Aedes } from "aedes";

export interface TestBroker {
  readonly url: string;
  readonly port: number;
  publish(
    topic: string,
    payload: string | Uint8Array,
    more?: { qos?: 0 | 1; retain?: boolean },
  ): Promise<void>;
  /** Connections now, publishers of the test among them. */
  connections(): number;
  /** Messages that subscribers have acknowledged. */
  acknowledged(): number;
  /** Calls back for each message that a client publishes. */
  onPublish(listener: (topic: string, payload: Uint8Array, clientId: string) => void): void;
  /** Closes the port and every connection; the sessions stay, as on a disk. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestBrokerOptions {
  readonly authenticate?: (user: string, password: string) => boolean;
  /** Speaks TLS with it; asked for at the start and at each `mend`. */
  readonly certificate?: () => { readonly key: string; readonly certificate: string };
  /** Lets in only who shows a certificate that this one has signed, PEM. */
  readonly clientAuthority?: string;
}

export async function startTestBroker({
  authenticate,
  certificate,
  clientAuthority,
}: TestBrokerOptions = {}): Promise<TestBroker> {
  const broker = await Aedes.createBroker();
  if (authenticate !== undefined) {
    broker.authenticate = (_client, user, password, done) => {
      const known = authenticate(user ?? "", password?.toString() ?? "");
      if (known) done(null, true);
      // Return code 4: bad user name or password (MQTT 3.1.1, 3.2.2.3).
      else done(Object.assign(new Error("bad password"), { returnCode: 4 as const }), false);
    };
  }
  let acknowledged = 0;
  broker.on("ack", () => acknowledged++);
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  const listen = async (port: number): Promise<number> => {
    const take = (socket: Socket): void => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      broker.handle(socket);
    };
    const held = certificate?.();
    const made =
      held === undefined
        ? createServer(take)
        : createTlsServer(
            {
              ...{ key: held.key, cert: held.certificate },
              ...(clientAuthority === undefined
                ? {}
                : { ca: clientAuthority, requestCert: true, rejectUnauthorized: true }),
            },
            take,
          );
    await new Promise<void>((resolve, reject) => {
      made.once("error", reject);
      made.listen(port, "127.0.0.1", resolve);
    });
    server = made;
    return (made.address() as AddressInfo).port;
  };
  const close = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    for (const socket of sockets) socket.destroy();
    if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
  };
  const port = await listen(0);

  return {
    url: `mqtt${certificate === undefined ? "" : "s"}://127.0.0.1:${port}`,
    port,
    publish(topic, payload, { qos = 1, retain = false } = {}) {
      return new Promise((resolve, reject) => {
        const packet = {
          cmd: "publish",
          topic,
          payload: Buffer.from(payload),
          qos,
          retain,
          dup: false,
        } as const;
        broker.publish(packet, (failure) => {
          if (failure) reject(failure);
          else resolve();
        });
      });
    },
    connections: () => sockets.size,
    acknowledged: () => acknowledged,
    onPublish(listener) {
      broker.on("publish", (packet, client) => {
        if (client !== null) listener(packet.topic, Buffer.from(packet.payload), client.id);
      });
    },
    cut: close,
    async mend() {
      await listen(port);
    },
    async stop() {
      await close();
      await new Promise<void>((resolve) => {
        broker.close(() => {
          resolve();
        });
      });
    },
  };
}
