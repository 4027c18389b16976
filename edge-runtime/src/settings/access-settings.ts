import type { GatewayFile } from "./gateway-file.ts";
import type { Problem } from "./problem.ts";

/** What of the page and its people does not fit together. */
export function accessProblems(parsed: GatewayFile | undefined, file: string): readonly Problem[] {
  if (parsed === undefined) return [];
  const { access, hmi } = parsed;
  const problems: Problem[] = [];
  if (access === undefined && !isLoopback(hmi.host)) {
    problems.push({
      where: `${file}: hmi.host`,
      what: 'must be a loopback address such as 127.0.0.1; with "access: {}" in these settings the page may listen elsewhere, and people sign in over HTTPS',
    });
  }
  if (isEverywhere(hmi.host) && hmi.names.length === 0) {
    problems.push({
      where: `${file}: hmi.names`,
      what: `needs the names and addresses under which panels open the page, because ${hmi.host} is none`,
    });
  }
  if (access !== undefined && access.httpsPort === hmi.port && hmi.port !== 0) {
    problems.push({
      where: `${file}: access.httpsPort`,
      what: `is ${hmi.port}, as hmi.port is; both are listened on`,
    });
  }
  return problems;
}

/** What the page answers to and its certificate names, besides loopback. */
export function pageNames({ host, names }: GatewayFile["hmi"]): readonly string[] {
  const own = isLoopback(host) || isEverywhere(host) ? [] : [host];
  return [...new Set([...own, ...names])];
}

function isLoopback(host: string): boolean {
  return /^127(\.\d{1,3}){3}$|^::1$|^localhost$/.test(host);
}

/** Where a person elsewhere finds the page, as far as the settings say. */
export function pageAddress(hmi: GatewayFile["hmi"]): string {
  if (hmi.port === 0) return "";
  const name = isEverywhere(hmi.host) ? (hmi.names[0] ?? hmi.host) : hmi.host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${hmi.port}`;
}

/** Not an address, but all of them. */
export function isEverywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}
