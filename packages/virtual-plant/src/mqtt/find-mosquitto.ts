import { execFile } from "node:child_process";

// Distributions install it where only root's PATH leads.
const usualPlaces = [
  "/usr/sbin/mosquitto",
  "/usr/local/sbin/mosquitto",
  "/opt/homebrew/sbin/mosquitto",
];

/** The first program that can be started; undefined when there is none or `program` is "" (the embedded broker). */
export async function findMosquitto(program: string): Promise<string | undefined> {
  if (program === "") return undefined;
  const candidates = program.includes("/") ? [program] : [program, ...usualPlaces];
  for (const candidate of candidates) {
    if (await starts(candidate)) return candidate;
  }
  return undefined;
}

function starts(program: string): Promise<boolean> {
  return new Promise((resolve) => {
    // Its help ends with an error status in some versions; only not being there counts.
    execFile(program, ["-h"], { timeout: 5_000 }, (failure) => {
      resolve(!(failure !== null && (failure.code === "ENOENT" || failure.code === "EACCES")));
    });
  });
}
