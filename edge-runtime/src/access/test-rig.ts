/** A gateway's people without the rest of it, for tests: what is kept on the disk stays from one opening to the next. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { PlayedClock, silentLog } from "@millwright/kit";

import type { Asked, EventBook } from "../hand-over.ts";
import { openAccess, type Access } from "./access.ts";
import { proofHeader } from "./sessions.ts";

export interface AccessRig {
  readonly access: Access;
  readonly clock: PlayedClock;
  readonly folder: string;
  readonly book: EventBook;
  /** The gateway is started again: memory is gone, the disk stays. */
  restart(): Promise<AccessRig>;
}

export async function openRig(
  context: Pick<TestContext, "after">,
  book: EventBook,
  options: { readonly httpsPort?: number; readonly hasHub?: boolean } = {},
): Promise<AccessRig> {
  const folder = mkdtempSync(join(tmpdir(), "millwright-access-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const { httpsPort, hasHub = false } = options;
  const open = async (): Promise<AccessRig> => {
    const clock = new PlayedClock();
    const access = await openAccess({
      gateway: "gw-1",
      folder,
      book,
      hasHub,
      https: httpsPort === undefined ? undefined : { names: ["gw-1.plant"], port: () => httpsPort },
      clock,
      log: silentLog,
    });
    return { access, clock, folder, book, restart: open };
  };
  return await open();
}

/** A page on one device: it keeps its cookie and its proof as a browser does. */
export class Panel {
  readonly #access: () => Access;
  readonly #asked: Partial<Asked>;
  readonly #host: string;
  cookie = "";
  proof = "";

  constructor(access: () => Access, asked: Partial<Asked> = {}, host = "127.0.0.1:8081") {
    this.#access = access;
    this.#asked = asked;
    this.#host = host;
  }

  asked(headers: Readonly<Record<string, string>> = {}): Asked {
    const all: Readonly<Record<string, string>> = {
      host: this.#host,
      cookie: this.cookie,
      [proofHeader]: this.proof,
      "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
      ...headers,
    };
    return {
      header: (name) => all[name],
      address: "127.0.0.1",
      secure: false,
      local: true,
      ...this.#asked,
    };
  }

  /** What the page is told of people; its proof, when somebody is signed in. */
  async look(): Promise<Looked> {
    const route = this.#access().routes.find(({ path }) => path === "/api/access");
    if (route?.kind !== "look") throw new Error("no such route");
    const signal = new AbortController().signal;
    const { json } = await route.look({ asked: this.asked(), params: {}, query: {}, signal });
    const looked = json as Looked;
    this.proof = looked.you?.proof ?? "";
    return looked;
  }

  /** @returns the status */
  async send(name: string, body: unknown = {}): Promise<number> {
    return (await this.ask(name, body)).status;
  }

  async ask(
    name: string,
    body: unknown = {},
  ): Promise<{ readonly status: number; readonly json: Readonly<Record<string, unknown>> }> {
    const route = this.#access().routes.find(({ path }) => path === `/api/access/${name}`);
    if (route?.kind !== "enter") throw new Error("no such route");
    const { status = 200, json, cookie } = await route.enter(this.asked(), body);
    if (cookie !== undefined) this.cookie = cookie.split(";")[0] ?? "";
    if (cookie !== undefined) await this.look();
    return { status, json: json as Readonly<Record<string, unknown>> };
  }
}

interface Looked {
  readonly you?: { readonly name: string; readonly role: string; readonly proof: string };
  readonly people?: readonly { readonly id: string; readonly name: string }[];
  readonly refused?: { readonly reason: string; readonly https?: string };
  readonly isNew: boolean;
}

/** What the command `millwright access` asks of the running gateway. */
export async function command(
  access: Access,
  verb: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const handler = access.handlers[`/access/${verb}`];
  if (handler === undefined) throw new Error("no such command");
  const answer = await handler(new Uint8Array(), new URLSearchParams(query));
  return ("json" in answer ? answer.json : answer) as Readonly<Record<string, unknown>>;
}

/** Signs in as the first engineer. */
export async function firstEngineer(rig: AccessRig, panel: Panel): Promise<void> {
  const code = rig.access.firstCode();
  const status = await panel.send("code", { code, name: "Ada Engineer", pass: enginePin });
  if (status !== 200) throw new Error(`the first engineer was answered with ${status}`);
}

export const enginePin = "402917";
