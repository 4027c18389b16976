import { Fault, freePort, type Log } from "@millwright/kit";
import {
  MessageSecurityMode,
  nodesets,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  setErrorLogger,
  setWarningLogger,
} from "node-opcua";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Trouble } from "../faults/trouble.ts";
import type { PlantValue } from "../machine.ts";
import type { ProcessImage } from "../process-image.ts";
import { addImageNodes } from "./image-nodes.ts";
import { namespaceUri, resourcePath } from "./names.ts";

/** The OPC UA server of the plant did not start. */
export class OpcuaServerFailed extends Fault {
  override readonly name = "OpcuaServerFailed";
  readonly code = "plant.opcua-server-failed";
  readonly retry = "soon";
  readonly hint = "Look at the cause; a port that is taken is the usual one.";
}

export interface OpcuaOptions {
  readonly images: readonly ProcessImage[];
  readonly host: string;
  /** The port that clients use; the server itself hides behind the cable. */
  readonly publicPort: () => number;
  /** Certificates and trust lists. */
  readonly folder: string;
  /** When false, a client's certificate waits in `pki/rejected` until a person moves it to `pki/trusted/certs`. */
  readonly trustClients: boolean;
  /** Name and password that are accepted beside anonymous. */
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  readonly sessionsMax: number;
  readonly log: Log;
  /** The trouble of the server: of its first machine. */
  readonly trouble: () => Trouble;
  readonly deviceUs: (image: ProcessImage) => number;
  readonly served: (image: ProcessImage, point: number, value: PlantValue) => void;
}

const nodesetFile = fileURLToPath(new URL("recipe.nodeset2.xml", import.meta.url));

/** The OPC UA server in front of the machines. A power cycle ends it and builds it anew: sessions and history are lost. */
export class PlantOpcuaServer {
  readonly #options: OpcuaOptions;
  #server: OPCUAServer | undefined;
  #letGo: (() => void)[] = [];
  #port = 0;

  constructor(options: OpcuaOptions) {
    this.#options = options;
  }

  /** Where the server itself listens; the cable leads here. */
  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const { host, publicPort, folder, trustClients, user, sessionsMax } = this.#options;
    // The library would write to standard output, which belongs to the program that uses us.
    setWarningLogger((...words: unknown[]) => {
      this.#options.log.debug("opcua.library-warning", { text: words.map(String).join(" ") });
    });
    setErrorLogger((...words: unknown[]) => {
      this.#options.log.warn("opcua.library-error", { text: words.map(String).join(" ") });
    });
    this.#port = await freePort(host);
    const certificates = new OPCUACertificateManager({
      rootFolder: join(folder, "pki"),
      automaticallyAcceptUnknownCertificate: trustClients,
    });
    await certificates.initialize();
    const server = new OPCUAServer({
      host,
      port: this.#port,
      hostname: host,
      alternateHostname: [host],
      advertisedEndpoints: [`opc.tcp://${host}:${publicPort()}${resourcePath}`],
      resourcePath,
      serverInfo: {
        applicationUri: `${namespaceUri}:server`,
        productUri: namespaceUri,
        applicationName: { text: "Millwright virtual plant" },
      },
      nodeset_filename: [nodesets.standard, nodesetFile],
      serverCertificateManager: certificates,
      securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
      securityModes: [MessageSecurityMode.None, MessageSecurityMode.SignAndEncrypt],
      allowAnonymous: true,
      userManager: {
        isValidUser: (name: string, password: string) =>
          user !== undefined && name === user.name && password === user.password,
      },
      // Who asks for every change (sampling 0) gets every change, and not the last of each tenth of a second.
      serverCapabilities: { maxSessions: sessionsMax, minSupportedSampleRate: 0 },
      // A client that leaves without a word keeps its session until this has passed; tests restart often.
      maxConnectionsPerEndpoint: 2 * sessionsMax,
    });
    try {
      await server.initialize();
      this.#buildAddressSpace(server);
      await server.start();
    } catch (failure) {
      await server.shutdown().catch(() => undefined);
      throw new OpcuaServerFailed("the OPC UA server did not start", { cause: failure });
    }
    this.#server = server;
    this.#applyFull();
  }

  async stop(): Promise<void> {
    for (const letGo of this.#letGo) letGo();
    this.#letGo = [];
    const server = this.#server;
    this.#server = undefined;
    await server?.shutdown(0);
  }

  /** Starts or ends the server with its power. */
  async troubleChanged(): Promise<void> {
    const { powered } = this.#options.trouble();
    if (!powered) await this.stop();
    else if (this.#server === undefined) await this.start();
    else this.#applyFull();
  }

  #applyFull(): void {
    const engine = this.#server?.engine;
    if (engine === undefined) return;
    const { full } = this.#options.trouble();
    // No room for one more: those that are open stay. The library reads 0 as "not said", so never below 1.
    engine.serverCapabilities.maxSessions = full
      ? Math.max(1, engine.currentSessionCount)
      : this.#options.sessionsMax;
  }

  #buildAddressSpace(server: OPCUAServer): void {
    const addressSpace = server.engine.addressSpace;
    if (addressSpace === null) throw new Error("the server has no address space");
    const namespace = addressSpace.registerNamespace(namespaceUri);
    const { images, deviceUs, served } = this.#options;
    if (images.some(({ machine }) => machine.faults !== undefined)) {
      // Binds the methods of the standard's own types: refresh, acknowledge.
      addressSpace.installAlarmsAndConditionsService();
    }
    this.#letGo = images.map((image) =>
      addImageNodes(addressSpace, namespace, image, {
        deviceUs: () => deviceUs(image),
        served: (point, value) => {
          served(image, point, value);
        },
      }),
    );
  }
}
