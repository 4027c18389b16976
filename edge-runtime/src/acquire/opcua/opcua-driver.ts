import { randomUUID } from "node:crypto";

import type { Clock, Log, Refused } from "@millwright/kit";

import type {
  Driver,
  DriverContext,
  DriverSession,
  OfferedPoint,
  PlanLine,
  PointSettings,
  ResumePoint,
} from "../driver.ts";
import { SettingsRefused } from "../faults.ts";
import { usesNamespaceIndex } from "./addresses.ts";
import { browse, browseCaps } from "./browse.ts";
import { ageOf, planLinesOf } from "./certificate-age.ts";
import { climb } from "./climb.ts";
import { Conversation } from "./conversation.ts";
import { toOpenFault } from "./faults.ts";
import { fingerprintOf, planItems, planPoint, type PointPlan } from "./items.ts";
import { rungWords } from "./ladder.ts";
import { loadLibrary } from "./library.ts";
import { inspect, meetServer, type ServerInspection } from "./meet-server.ts";
import { Notes } from "./notes.ts";
import { lookAtOwn } from "./own-certificate.ts";
import { resolveAddresses } from "./resolve.ts";
import { parseResume, recall } from "./resume.ts";
import { readServerFacts } from "./server-facts.ts";
import { createSession, type Session } from "./session.ts";
import { opcuaQuestions } from "./questions.ts";
import { hostOf, opcuaSettings, type OpcuaSettings } from "./settings.ts";
import { queueSize } from "./subscription-plan.ts";

/** OPC UA (IEC 62541): subscriptions whose messages are acknowledged when they are on our disk. */
export const opcuaDriver: Driver<OpcuaSettings> = {
  protocol: "opcua",
  polled: false,
  settings: opcuaSettings,
  questions: opcuaQuestions,
  line(settings) {
    const { host, port } = hostOf(settings);
    return `${host}:${port}`;
  },
  // A message or a keep-alive proves every item of the subscription (OPC 10000-4, 5.14.1.2).
  proofEveryMs: (settings) => Math.max(settings.keepAliveMs, settings.publishingMs),
  checkPoint(_settings, point) {
    const plan = planPoint(point);
    return "kind" in plan ? plan : undefined;
  },
  prepare(log) {
    // Whoever opens a device will be told of the failure.
    loadLibrary(log).catch(() => undefined);
  },
  plan,
  async planFolder(settings, device, stateFolder, nowUs) {
    if (settings.security === "none-i-accept-plain-text") return [];
    const own = await lookAtOwn(stateFolder);
    return own === undefined ? [] : planLinesOf(ageOf(device, own.validToUs, nowUs));
  },
  open,
  browse: browseServer,
};

export { acceptServerCertificate } from "./trust.ts";
export type { ServerInspection } from "./meet-server.ts";

/**
 * What a person is shown before a device is saved: the security that the server offers, its certificate, and ours.
 *
 * @throws DeviceUnreachable
 */
export async function inspectServer(
  settings: OpcuaSettings,
  where: {
    readonly device: string;
    readonly stateFolder: string;
    readonly clock: Clock;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<ServerInspection> {
  try {
    const library = await loadLibrary(where.log);
    return await inspect({ library, settings, ...where }, signal);
  } catch (failure) {
    if (signal.aborted) throw failure;
    throw toOpenFault(where.device, failure);
  }
}

/** Walks the server in a session of its own, which is closed afterwards. */
async function* browseServer(
  settings: OpcuaSettings,
  context: DriverContext,
  max: number,
  signal: AbortSignal,
): AsyncIterable<OfferedPoint> {
  const { device, log, clock, stateFolder } = context;
  let session: Session | undefined;
  let own: { readonly thumbprint: string; readonly certificateFile: string } | undefined;
  try {
    const library = await loadLibrary(log);
    const server = await meetServer({ library, device, settings, stateFolder, clock, log }, signal);
    own = server.own;
    const channel = await server.openChannel(signal);
    session = await createSession({ library, device, settings, ...server, channel });
    const facts = await readServerFacts(library, session);
    const caps = { ...browseCaps, pointsMax: max };
    yield* browse(library, session, facts, caps, log, signal);
  } catch (failure) {
    if (signal.aborted) throw failure;
    throw toOpenFault(device, failure, own);
  } finally {
    // A session that stays would take one of the few places that a controller has.
    await session?.end(true).catch(() => undefined);
    session?.channel.drop("browsed");
  }
}

function plan(settings: OpcuaSettings, points: readonly PointSettings[]): readonly PlanLine[] {
  const plans = points.map(planPoint);
  const good = plans.filter((point): point is PointPlan => !("kind" in point));
  const lines: PlanLine[] = plans.flatMap((point, index): PlanLine[] =>
    "kind" in point
      ? [{ severity: "refused", text: `${points[index]?.tag ?? ""}: ${point.reason}` }]
      : [],
  );
  const items = planItems(good);
  const queues = items.map((item) =>
    queueSize(item.spacingMs, settings.publishingMs, settings.bridgeSeconds),
  );
  const held = queues.reduce((sum, size) => sum + size, 0);
  lines.push({
    severity: "info",
    text: `${items.length} items in one subscription, published every ${settings.publishingMs} ms; the server is asked to hold ${held} values to bridge ${settings.bridgeSeconds} s`,
  });
  const indexed = good.filter((point) => usesNamespaceIndex(point.address));
  if (indexed.length > 0) {
    lines.push({
      severity: "warning",
      text: `${indexed.length} addresses name a namespace by its index, for example ${indexed[0]?.addressText ?? ""}; indices change when a module is added, write nsu=<URI>`,
    });
  }
  // Common small controllers bear 1,000 items (field practice 30).
  if (items.length > 1_000) {
    lines.push({
      severity: "warning",
      text: `${items.length} items are more than many controllers bear (1,000 on small ones)`,
    });
  }
  if (settings.security === "none-i-accept-plain-text") {
    lines.push({
      severity: "warning",
      text: "values and commands travel in plain text, and anybody on the network may write in our name",
    });
  }
  return lines;
}

async function open(
  settings: OpcuaSettings,
  points: readonly PointSettings[],
  context: DriverContext,
  signal: AbortSignal,
  resumePoint?: ResumePoint,
): Promise<DriverSession> {
  signal.throwIfAborted();
  const { device, log } = context;
  const plans = points.map((point) => understood(device, point));
  const items = planItems(plans);
  const resume = parseResume(resumePoint);
  const memory = resume === undefined ? undefined : recall(resume.memory);
  context.badge(settings.security === "none-i-accept-plain-text" ? "no encryption" : "");
  const notes = new Notes(context.note);
  let own: { readonly thumbprint: string; readonly certificateFile: string } | undefined;
  try {
    const library = await loadLibrary(log);
    const server = await meetServer(
      { library, device, settings, stateFolder: context.stateFolder, clock: context.clock, log },
      signal,
    );
    own = server.own;
    const fingerprint = fingerprintOf(plans, [settings.publishingMs, settings.bridgeSeconds]);
    const attached = await climb(
      {
        library,
        device,
        settings,
        server,
        log,
        queueMax: context.queueMax,
        items: fingerprint,
        resume,
        wantsPresentValues: memory === undefined,
      },
      signal,
    );
    try {
      log.info("acquire.opcua-attached", { rung: attached.rung });
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
      const conversation = new Conversation({
        library,
        settings,
        context,
        attached,
        own: server.own,
        points: plans,
        items,
        nodeIds,
        fingerprint,
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
  } catch (failure) {
    if (signal.aborted) throw failure;
    throw toOpenFault(device, failure, own);
  }
}

function understood(device: string, point: PointSettings): PointPlan {
  const plan: PointPlan | Refused = planPoint(point);
  if (!("kind" in plan)) return plan;
  throw new SettingsRefused(device, `${point.tag}: ${plan.reason}`, "Correct the tag table.");
}
