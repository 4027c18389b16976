import { randomUUID } from "node:crypto";

import type { Refused } from "@millwright/kit";

import type { DriverContext, PointSettings } from "../driver.ts";
import { SettingsRefused } from "../faults.ts";
import { climb } from "./climb.ts";
import { Conversation } from "./conversation.ts";
import { toOpenFault } from "./faults.ts";
import { fingerprintOf, planItems, planPoint, type ItemPlan, type PointPlan } from "./items.ts";
import { rungWords } from "./ladder.ts";
import { ItemLags } from "./item-lags.ts";
import { loadLibrary, type Library } from "./library.ts";
import { meetServer, type MetServer } from "./meet-server.ts";
import type { Notes } from "./notes.ts";
import { resolveAddresses } from "./resolve.ts";
import { recall, remember, type Memory, type Resume } from "./resume.ts";
import type { Session } from "./session.ts";
import type { OpcuaSettings } from "./settings.ts";

/** What a conversation is about, whichever server it is held with. */
export interface Subject {
  readonly points: readonly PointPlan[];
  readonly items: readonly ItemPlan[];
  readonly context: DriverContext;
  readonly notes: Notes;
}

/** @throws SettingsRefused when a point cannot be understood */
export function subjectOf(
  points: readonly PointSettings[],
  context: DriverContext,
  notes: Notes,
): Subject {
  const plans = points.map((point) => understood(context.device, point));
  return { points: plans, items: planItems(plans), context, notes };
}

function understood(device: string, point: PointSettings): PointPlan {
  const plan: PointPlan | Refused = planPoint(point);
  if (!("kind" in plan)) return plan;
  throw new SettingsRefused(device, `${point.tag}: ${plan.reason}`, "Correct the tag table.");
}

/** A session that stands by already: the conversation begins in it, and nobody has to be met first. */
export interface HeldSession {
  readonly server: MetServer;
  readonly session: Session;
}

export interface Opening {
  /** Of the server to talk to: `url` is its address. */
  readonly settings: OpcuaSettings;
  /** Where its certificate is looked for among the accepted ones. */
  readonly trustFolder: string;
  readonly resume: Resume | undefined;
  readonly held?: HeldSession;
}

/** Meets the server, climbs the ladder, and hands over a conversation whose first values are on their way. */
export async function openConversation(
  subject: Subject,
  opening: Opening,
  signal: AbortSignal,
): Promise<Conversation> {
  const { context } = subject;
  const { device, log } = context;
  let own: { readonly thumbprint: string; readonly certificateFile: string } | undefined;
  const name = opening.resume?.memory ?? "";
  const remembered = recall(name);
  try {
    const library = await loadLibrary(log);
    const server = opening.held?.server ?? (await meet(library, context, opening, signal));
    own = server.own;
    return await attach(library, server, subject, opening, remembered, signal);
  } catch (failure) {
    // The next attempt needs it as much.
    if (remembered !== undefined) remember(name, remembered);
    if (signal.aborted) throw failure;
    throw toOpenFault(device, failure, own);
  }
}

/** Asks the server of an opening what it offers, and whether a person trusts it. */
function meet(
  library: Library,
  context: DriverContext,
  { settings, trustFolder }: Opening,
  signal: AbortSignal,
): Promise<MetServer> {
  const { device, stateFolder, clock, log } = context;
  return meetServer({ library, device, settings, stateFolder, trustFolder, clock, log }, signal);
}

async function attach(
  library: Library,
  server: MetServer,
  { points, items, context, notes }: Subject,
  { settings, resume, held }: Opening,
  remembered: Memory | undefined,
  signal: AbortSignal,
): Promise<Conversation> {
  const { device, log, queueMax } = context;
  const notifier = context.conditions?.notifier;
  const fingerprint = fingerprintOf(points, [
    settings.publishingMs,
    settings.bridgeSeconds,
    ...(notifier === undefined ? [] : [`alarms of ${notifier}`]),
  ]);
  const memory = remembered?.items === fingerprint ? remembered : undefined;
  const attached = await climb(
    {
      library,
      device,
      settings,
      server,
      log,
      queueMax,
      items: fingerprint,
      resume,
      wantsPresentValues: memory === undefined,
      ...(held === undefined ? {} : { held: held.session }),
    },
    signal,
  );
  try {
    log.info("acquire.opcua-attached", { rung: attached.rung, url: settings.url });
    notes.set(
      "rung",
      resume === undefined ? "" : `after the last break: ${rungWords[attached.rung]}`,
    );
    const nodeIds = await resolveAddresses(
      library,
      attached.session,
      items.map((item) => item.address),
      attached.facts,
    );
    const { publishingMs } = attached.subscription;
    const lags = resume?.lagsOf === fingerprint ? resume.lags : [];
    const conversation = new Conversation({
      library,
      settings,
      context,
      attached,
      own: server.own,
      points,
      items,
      nodeIds,
      fingerprint,
      lags: new ItemLags(items, publishingMs, lags),
      notes,
      resume,
      memory,
      name: randomUUID(),
    });
    if (attached.rung === "create") await conversation.readPresent();
    return conversation;
  } catch (failure) {
    attached.session.channel.drop("the attempt has failed");
    throw failure;
  }
}
