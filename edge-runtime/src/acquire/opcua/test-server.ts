/**
 * A small real OPC UA server for tests, and a proxy before it that can cut the wire. What it publishes of itself names
 * the server's own port; a client that does what it should connects to the proxy's port, which is the one it was given.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  DataType,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  Variant,
  VariantArrayType,
  type Namespace,
  type OPCUAServerOptions,
  type UAObject,
  type UAVariable,
} from "node-opcua";

export const testNamespace = "urn:millwright:test";

export interface TestServer {
  /** Address of the proxy. */
  readonly url: string;
  readonly server: OPCUAServer;
  readonly namespace: Namespace;
  readonly folder: UAObject;
  /** `nsu=…;s=name` */
  address(name: string): string;
  /** Adds a variable below the folder. */
  add(name: string, dataType: DataType, value: unknown, options?: object): UAVariable;
  set(name: string, value: unknown, sourceTime?: Date): void;
  get(name: string): unknown;
  /** What the server says of its health. */
  setServiceLevel(level: number): void;
  readonly wire: TestWire;
  /** A further wire to the same server. */
  startWire(): Promise<TestWire>;
  /** The next value that a client writes is taken, and then the server falls silent on that wire. */
  loseNextReply(on?: TestWire): void;
  stop(): Promise<void>;
}

/** A proxy between client and server. */
export interface TestWire {
  readonly url: string;
  /** Open connections. */
  readonly connections: number;
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Swallows what the server says from now on, until the wire is cut. */
  mute(): void;
  stop(): Promise<void>;
}

/** RSA keys take a second; all servers of one test process share one certificate. */
let certificates: Promise<OPCUACertificateManager> | undefined;
const rootFolder = mkdtemp(join(tmpdir(), "millwright-opcua-server-"));
process.once("exit", () => {
  void rootFolder.then((folder) => rm(folder, { recursive: true, force: true }));
});

async function certificateManager(): Promise<OPCUACertificateManager> {
  const manager = new OPCUACertificateManager({
    automaticallyAcceptUnknownCertificate: true,
    rootFolder: join(await rootFolder, "pki"),
  });
  await manager.initialize();
  return manager;
}

/** @param earlier namespaces that take the indices before that of the tests, as modules of a controller do */
export async function startTestServer(
  options: OPCUAServerOptions = {},
  earlier: readonly string[] = [],
): Promise<TestServer> {
  certificates ??= certificateManager();
  const server = new OPCUAServer({
    port: 0,
    hostname: "127.0.0.1",
    resourcePath: "/test",
    serverCertificateManager: await certificates,
    securityModes: [MessageSecurityMode.None, MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
    allowAnonymous: true,
    // Off by default in this server, because whoever is anonymous in plain text is nobody in particular.
    allowAnonymousSubscriptionTransferOnUnsecuredChannel: true,
    ...options,
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  if (space === null) throw new Error("the server has no address space");
  for (const uri of earlier) space.registerNamespace(uri);
  const namespace = space.registerNamespace(testNamespace);
  const folder = namespace.addObject({
    browseName: "Machine",
    organizedBy: space.rootFolder.objects,
  });
  await server.start();
  const port = server.endpoints[0]?.port ?? 0;
  const variables = new Map<string, UAVariable>();

  const wire = await startWire(port);

  return {
    url: wire.url,
    server,
    namespace,
    folder,
    address: (name) => `nsu=${testNamespace};s=${name}`,
    add(name, dataType, value, more = {}) {
      const variable = namespace.addVariable({
        componentOf: folder,
        browseName: name,
        nodeId: `s=${name}`,
        dataType: DataType[dataType],
        minimumSamplingInterval: 10,
        value: { dataType, arrayType: VariantArrayType.Scalar, value },
        ...more,
      });
      variables.set(name, variable);
      return variable;
    },
    set(name, value, sourceTime = new Date()) {
      const variable = variables.get(name);
      if (variable === undefined) throw new Error(`no variable ${name}`);
      const { dataType, arrayType, dimensions } = variable.readValue().value;
      variable.setValueFromSource(
        new Variant({ dataType, arrayType, dimensions, value }),
        StatusCodes.Good,
        sourceTime,
      );
    },
    setServiceLevel(level) {
      const variable = space.findNode("ns=0;i=2267") as UAVariable;
      variable.bindVariable(
        { get: () => new Variant({ dataType: DataType.Byte, value: level }) },
        true,
      );
    },
    get: (name) => variables.get(name)?.readValue().value.value as unknown,
    wire,
    startWire: () => startWire(port),
    async stop() {
      await wire.stop();
      await server.shutdown(0);
    },
    loseNextReply(on = wire) {
      for (const variable of variables.values()) {
        variable.once("value_changed", () => {
          on.mute();
        });
      }
    },
  };
}

async function startWire(port: number): Promise<TestWire> {
  const sockets = new Set<Socket>();
  let muted = false;
  const accept = (near: Socket): void => {
    const far = connect(port, "127.0.0.1");
    sockets.add(near);
    near.pipe(far);
    far.on("data", (chunk) => {
      if (!muted) near.write(chunk);
    });
    const end = (): void => {
      sockets.delete(near);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      socket.on("error", end);
      socket.on("close", end);
    }
  };
  let proxy: Server = createServer(accept);
  const listen = async (at: number): Promise<void> => {
    proxy.listen(at, "127.0.0.1");
    await once(proxy, "listening");
  };
  await listen(0);
  const proxyPort = (proxy.address() as AddressInfo).port;
  const cut = async (): Promise<void> => {
    if (!proxy.listening) return;
    const closed = once(proxy, "close");
    proxy.close();
    for (const socket of sockets) socket.destroy();
    await closed;
    muted = false;
  };
  return {
    url: `opc.tcp://127.0.0.1:${proxyPort}/test`,
    get connections() {
      return sockets.size;
    },
    cut,
    async mend() {
      if (proxy.listening) return;
      proxy = createServer(accept);
      await listen(proxyPort);
    },
    mute() {
      muted = true;
    },
    stop: cut,
  };
}
