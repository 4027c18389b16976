/** Starts the distribution's pymodbus as a Modbus TCP server with known contents, or says why it cannot be had. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";

/** The distribution's own Python, because its pymodbus is the independent peer; another one in the path may lack it. */
const python = "/usr/bin/python3";

const program = `
import asyncio, logging
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncTcpServer

async def main():
    store = ModbusSlaveContext(
        co=ModbusSequentialDataBlock(0, [i % 3 == 0 for i in range(64)]),
        di=ModbusSequentialDataBlock(0, [i % 5 == 0 for i in range(64)]),
        hr=ModbusSequentialDataBlock(0, [(i * 257 + 3) & 0xFFFF for i in range(200)]),
        ir=ModbusSequentialDataBlock(0, [(i * 1009) & 0xFFFF for i in range(200)]),
        zero_mode=True,
    )
    context = ModbusServerContext(slaves=store, single=True)
    server = await StartAsyncTcpServer(context, address=("127.0.0.1", 0), defer_start=True)
    await asyncio.gather(server.serve_forever(), said(server))

async def said(server):
    await server.serving
    print(server.server.sockets[0].getsockname()[1], flush=True)

# It logs each closed connection as an error.
logging.disable(logging.CRITICAL)
asyncio.run(main())
`;

/** What the server holds. */
export const contents = {
  coil: (address: number): boolean => address % 3 === 0,
  discrete: (address: number): boolean => address % 5 === 0,
  holding: (address: number): number => (address * 257 + 3) & 0xffff,
  input: (address: number): number => (address * 1_009) & 0xffff,
  registers: 200,
} as const;

/** The version of the peer; nothing when it is not here. */
export function pymodbusVersion(): string | undefined {
  try {
    const print = "import pymodbus; print(pymodbus.__version__)";
    return execFileSync(python, ["-c", print], { stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

export interface PymodbusServer {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startPymodbus(): Promise<PymodbusServer> {
  const child = spawn(python, ["-c", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const port = await Promise.race([
    once(child.stdout, "data").then(([said]) => Number(String(said).trim())),
    ended.then(() => {
      throw new Error("pymodbus ended before it served");
    }),
  ]);
  return {
    port,
    async stop() {
      child.kill();
      await ended;
    },
  };
}
