import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";

/** True when somebody accepts connections on loopback. */
export function isAnswering(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => {
      end(false);
    });
    socket.once("connect", () => {
      end(true);
    });
    socket.once("error", () => {
      end(false);
    });
  });
}

/** Who listens on `port`, in words. Only Linux tells, and only root hears about the processes of others. */
export function holderOf(port: number): string {
  const inodes = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeners(table, port));
  for (const pid of readable(() => readdirSync("/proc")).filter((name) => /^\d+$/.test(name))) {
    for (const handle of readable(() => readdirSync(`/proc/${pid}/fd`))) {
      const [target] = readable(() => [readlinkSync(`/proc/${pid}/fd/${handle}`)]);
      if (target !== undefined && inodes.some((inode) => target === `socket:[${inode}]`)) {
        const [name] = readable(() => [readFileSync(`/proc/${pid}/comm`, "utf8").trim()]);
        return `process ${pid} (${name ?? "unknown"})`;
      }
    }
  }
  return "another program";
}

/** Socket inodes of the table that are in state 0A (LISTEN, proc(5)) on `port`. */
function listeners(table: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return readable(() => readFileSync(table, "utf8").split("\n").slice(1)).flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const inode = fields[9];
    return fields[1]?.endsWith(wanted) === true && fields[3] === "0A" && inode !== undefined
      ? [inode]
      : [];
  });
}

/** Processes end while they are looked at, and other systems have no /proc: then there is nothing to read. */
function readable(read: () => readonly string[]): readonly string[] {
  try {
    return read();
  } catch {
    return [];
  }
}
