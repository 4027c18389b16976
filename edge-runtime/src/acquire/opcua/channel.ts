import { ChannelLost, ServiceFailure, statusIn } from "./faults.ts";
import type { Library, opcua } from "./library.ts";
import type { OwnCertificate } from "./own-certificate.ts";

/**
 * One secure channel to one server: requests go out, answers come back, nothing is ever repaired. The library's own
 * client is not used above this layer: it acknowledges notifications when they arrive and repairs links by itself, and
 * both would break the promise (field practice 23, 24).
 */
export interface Channel {
  /**
   * Sends a request and checks that the answer is of its kind and not bad.
   *
   * @throws ServiceFailure when the server says no, ChannelLost when there is no answer
   */
  call<Answer extends ServiceAnswer>(
    request: ServiceRequest,
    kind: new () => Answer,
    timeoutMs?: number,
  ): Promise<Answer>;
  /** Why the channel is no more, once it is no more. */
  readonly lost: ChannelLost | undefined;
  /** Called once, when the channel is lost; at once if it already is. */
  onLost(listener: (lost: ChannelLost) => void): void;
  /** Closes the channel in words; sessions of the server stay as they are. */
  close(): Promise<void>;
  /** Drops the socket. */
  drop(reason: string): void;
}

export interface ServiceRequest {
  requestHeader: opcua.RequestHeader;
}
export interface ServiceAnswer {
  responseHeader: opcua.ResponseHeader;
}

export interface ChannelOptions {
  readonly url: string;
  readonly mode: opcua.MessageSecurityMode;
  readonly policy: opcua.SecurityPolicy;
  readonly serverCertificate?: Buffer;
  readonly own: OwnCertificate;
  readonly requestTimeoutMs: number;
}

/** An hour: a renewal costs two RSA operations, and a channel that outlives its token is closed by the server. */
const tokenLifetimeMs = 3_600_000;

/** An answer of 16 MB holds 100,000 values with room; more is refused before it is gathered in memory. */
const messageBytesMax = 16 * 1024 * 1024;

export async function openChannel(
  library: Library,
  options: ChannelOptions,
  signal: AbortSignal,
): Promise<Channel> {
  signal.throwIfAborted();
  const { own } = options;
  const layer = new library.ClientSecureChannelLayer({
    connectionStrategy: { maxRetry: 0 },
    defaultSecureTokenLifetime: tokenLifetimeMs,
    defaultTransactionTimeout: options.requestTimeoutMs,
    transportTimeout: options.requestTimeoutMs,
    transportSettings: {
      maxMessageSize: messageBytesMax,
      maxChunkCount: messageBytesMax / 8_192,
      receiveBufferSize: 65_536,
      sendBufferSize: 65_536,
    },
    securityMode: options.mode,
    securityPolicy: options.policy,
    ...(options.serverCertificate === undefined
      ? {}
      : { serverCertificate: options.serverCertificate }),
    parent: {
      applicationName: "Millwright",
      clientName: "Millwright",
      getCertificate: () => own.certificate,
      getCertificateChain: () => [own.certificate],
      getPrivateKey: () => own.key,
    },
  });
  const drop = (): void => {
    layer.dispose();
  };
  signal.addEventListener("abort", drop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      layer.create(options.url, (failure?: Error | null) => {
        signal.removeEventListener("abort", onAbort);
        if (failure) reject(asFailure("OpenSecureChannel", failure));
        else resolve();
      });
    });
  } catch (failure) {
    layer.dispose();
    throw failure;
  } finally {
    signal.removeEventListener("abort", drop);
  }
  return wrap(layer, options.requestTimeoutMs);
}

function wrap(layer: opcua.ClientSecureChannelLayer, requestTimeoutMs: number): Channel {
  let lost: ChannelLost | undefined;
  const listeners: ((lost: ChannelLost) => void)[] = [];
  const lose = (reason: string, cause?: unknown): ChannelLost => {
    if (lost === undefined) {
      lost = new ChannelLost(reason, { cause });
      layer.dispose();
      for (const listener of listeners.splice(0)) listener(lost);
    }
    return lost;
  };
  layer.on("close", (cause?: Error | null) => {
    lose("the server closed the connection", cause ?? undefined);
  });

  return {
    get lost() {
      return lost;
    },
    onLost(listener) {
      if (lost === undefined) listeners.push(listener);
      else listener(lost);
    },
    call(request, kind, timeoutMs = requestTimeoutMs) {
      if (lost !== undefined) return Promise.reject(lost);
      const service = kind.name.replace(/Response$/, "");
      request.requestHeader.timeoutHint = timeoutMs;
      return new Promise((resolve, reject) => {
        // The library types requests by a closed union that its own classes do not all name.
        const sent = request as unknown as Parameters<typeof layer.performMessageTransaction>[0];
        layer.performMessageTransaction(sent, (failure, answer) => {
          if (failure) {
            const fault = asFailure(service, failure);
            // An answer that comes after its time would meet a library that has forgotten the question.
            reject(
              fault instanceof ServiceFailure ? fault : lose(`${service}: no answer`, failure),
            );
          } else if (answer instanceof kind) {
            const result = answer.responseHeader.serviceResult;
            if (result.value >>> 30 >= 2) reject(new ServiceFailure(service, result.name));
            else resolve(answer);
          } else {
            reject(lose(`${service}: an answer of another kind`));
          }
        });
      });
    },
    close() {
      if (lost !== undefined) return Promise.resolve();
      lost = new ChannelLost("closed by us");
      return new Promise((resolve) => {
        layer.close(() => {
          resolve();
        });
      });
    },
    drop(reason) {
      lose(reason);
    },
  };
}

/** A fault that the server answered carries its answer; anything else is trouble of the connection. */
function asFailure(service: string, failure: Error): Error {
  const answered = "response" in failure && failure.response !== undefined;
  const status = statusIn(failure);
  if ((answered || service === "OpenSecureChannel") && status !== undefined) {
    return new ServiceFailure(service, status, { cause: failure });
  }
  return failure;
}
