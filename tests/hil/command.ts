import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** One command of a product's program, as a person types it. Throws what it said when it fails. @returns what it answered */
export async function command(program: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [out, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`${args.join(" ")}: code ${String(code)}: ${said}`);
  return out;
}
