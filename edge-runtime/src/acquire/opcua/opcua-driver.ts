import type { Clock, Log } from "@millwright/kit";

import { shownUntilUs } from "../../certificate-file.ts";
import type {
  Driver,
  DriverCertificate,
  DriverContext,
  DriverSession,
  OfferedPoint,
  PlanLine,
  PointSettings,
  ResumePoint,
} from "../driver.ts";
import { parseAddress, usesNamespaceIndex } from "./addresses.ts";
import { browse, browseCaps } from "./browse.ts";
import { ageOf, planLinesOf } from "./certificate-age.ts";
import { toOpenFault } from "./faults.ts";
import { planItems, planPoint, type PointPlan } from "./items.ts";
import { loadLibrary } from "./library.ts";
import { inspect, meetServer, type ServerInspection } from "./meet-server.ts";
import { Notes } from "./notes.ts";
import { lookAtOwn } from "./own-certificate.ts";
import { openConversation, subjectOf } from "./open-conversation.ts";
import { openPair } from "./open-pair.ts";
import { parseResume } from "./resume.ts";
import { readServerFacts } from "./server-facts.ts";
import { createSession, type Session } from "./session.ts";
import { opcuaQuestions } from "./questions.ts";
import { hostOf, opcuaSettings, opcuaShown, type OpcuaSettings } from "./settings.ts";
import { queueSize } from "./subscription-plan.ts";
import { trustFolderOf } from "./trust.ts";

/** OPC UA (IEC 62541): subscriptions whose messages are acknowledged when they are on our disk. */
export const opcuaDriver: Driver<OpcuaSettings> = {
  protocol: "opcua",
  polled: false,
  settings: opcuaSettings,
  shown: opcuaShown,
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
  checkNotifier(notifier) {
    const address = notifier === "" ? undefined : parseAddress(notifier);
    return address?.kind === "refused" ? address : undefined;
  },
  checkArray({ array, rate, scale }) {
    for (const text of [array, rate, scale]) {
      const address = typeof text === "number" ? undefined : parseAddress(text);
      if (address?.kind === "refused") return address;
    }
    return undefined;
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
  certificates,
  open,
  browse: browseServer,
};

export { acceptServerCertificate } from "./trust.ts";
export type { ServerInspection } from "./meet-server.ts";

/** Ours, once it was made, and the one that a person has given for the user. */
async function certificates(
  { security, user }: OpcuaSettings,
  stateFolder: string,
): Promise<readonly DriverCertificate[]> {
  const own =
    security === "none-i-accept-plain-text"
      ? undefined
      : await lookAtOwn(stateFolder).catch(() => undefined);
  const userUntilUs =
    user.kind === "certificate" ? await shownUntilUs(user.certificateFile) : undefined;
  return [
    ...(own === undefined
      ? []
      : [{ use: "opcua-application", notAfterUs: own.validToUs } as const]),
    ...(userUntilUs === undefined ? [] : [{ use: "opcua-user", notAfterUs: userUntilUs } as const]),
  ];
}

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
    const trustFolder = trustFolderOf(settings, where.stateFolder);
    return await inspect({ library, settings, trustFolder, ...where }, signal);
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
    const trustFolder = trustFolderOf(settings, stateFolder);
    const server = await meetServer(
      { library, device, settings, stateFolder, trustFolder, clock, log },
      signal,
    );
    own = server.own;
    const channel = await server.openChannel(signal);
    session = await createSession({ library, device, settings, ...server, channel });
    const facts = await readServerFacts(library, session);
    const caps = { ...browseCaps, pointsMax: max };
    yield* browse(library, session, facts, caps, context, signal);
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
  if (settings.redundantUrl !== undefined) {
    lines.push({
      severity: "info",
      text: `values come from ${settings.url} or ${settings.redundantUrl}, whichever is healthier; the other stands by`,
    });
  }
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
  context.badge(settings.security === "none-i-accept-plain-text" ? "no encryption" : "");
  const subject = subjectOf(points, context, new Notes(context.note));
  const resume = parseResume(resumePoint);
  if (settings.redundantUrl !== undefined) return openPair(subject, settings, resume, signal);
  const trustFolder = trustFolderOf(settings, context.stateFolder);
  return openConversation(subject, { settings, trustFolder, resume }, signal);
}
