/** Opens what bytes travel on: a socket or a serial port. Thin, and the only place that knows either library. */
import { connect } from "node:net";

import { DeviceUnreachable } from "../faults.ts";
import type { ModbusSettings, RtuSettings } from "./settings.ts";

export interface Transport {
  write(bytes: Uint8Array): void;
  /** Lets go at once. `closed` is called all the same. */
  close(): void;
}

export interface TransportEvents {
  /** @param chunk a view that is written over when the call is done */
  data(chunk: Uint8Array): void;
  /** Once, when the transport is gone for whatever reason. */
  closed(cause: Error | undefined): void;
}

/** Kernels repeat a connection request after 1 and 3 s; who has not answered after 5 s is not there. */
const connectMs = 5_000;

/**
 * A socket reads into the same memory again and again: without it each read takes 64 KB anew, and the collector lives on
 * that. Holds the answers to more questions than may be under way. A plain array of bytes and no `Buffer`, as every other
 * PDU here: who decodes a million registers a second asks for each of them which of the two it is.
 */
const readBytes = 16_384;

/** Throws `DeviceUnreachable`. */
export function openTransport(
  settings: ModbusSettings,
  device: string,
  events: TransportEvents,
): Promise<Transport> {
  return settings.framing === "rtu"
    ? openSerial(settings, device, events)
    : openSocket(settings.host, settings.port, device, events);
}

function openSocket(
  host: string,
  port: number,
  device: string,
  events: TransportEvents,
): Promise<Transport> {
  const memory = new Uint8Array(readBytes);
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host, port, keepAlive: true },
      // Requests are small and waited for: holding them back to fill a packet would only cost time.
      noDelay: true,
      onread: {
        buffer: memory,
        callback: (length) => {
          events.data(memory.subarray(0, length));
          return true;
        },
      },
    });
    let failure: Error | undefined;
    let opened = false;
    socket.setTimeout(connectMs, () => {
      socket.destroy(new Error(`no connection within ${connectMs} ms`));
    });
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("connect", () => {
      opened = true;
      socket.setTimeout(0);
      resolve({
        write: (bytes) => {
          if (!socket.destroyed) socket.write(bytes);
        },
        close: () => {
          socket.destroy();
        },
      });
    });
    // The other side ended the conversation: nothing more will be answered.
    socket.on("end", () => {
      failure ??= new Error("the connection was closed by the device");
      socket.destroy();
    });
    socket.on("close", () => {
      if (opened) events.closed(failure);
      else reject(new DeviceUnreachable(device, failure === undefined ? {} : { cause: failure }));
    });
  });
}

async function openSerial(
  settings: RtuSettings,
  device: string,
  events: TransportEvents,
): Promise<Transport> {
  // Loaded when the first line is opened: it holds a native library that most gateways never need.
  const { SerialPort } = await import("serialport");
  const port = new SerialPort({
    path: settings.path,
    baudRate: settings.baudRate,
    parity: settings.parity,
    stopBits: settings.stopBits,
    dataBits: 8,
    autoOpen: false,
  });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => {
      if (error === null) resolve();
      else {
        reject(
          new DeviceUnreachable(device, {
            cause: error,
            hint: `Check that the adapter of ${settings.path} is plugged in and that no other program uses it.`,
          }),
        );
      }
    });
  });
  let failure: Error | undefined;
  port.on("error", (error: Error) => {
    failure = error;
    if (port.isOpen) port.close();
  });
  port.on("data", (chunk: Buffer) => {
    events.data(chunk);
  });
  port.on("close", (error: Error | null | undefined) => {
    events.closed(failure ?? error ?? undefined);
  });
  return {
    write: (bytes) => {
      if (port.isOpen) port.write(bytes);
    },
    close: () => {
      if (port.isOpen) port.close();
    },
  };
}
