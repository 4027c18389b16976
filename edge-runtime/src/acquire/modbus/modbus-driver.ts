/** The Modbus driver: TCP, RTU, and RTU through TCP. The front door of this folder. */
import type { Driver, PointSettings } from "../driver.ts";
import { SettingsRefused } from "../faults.ts";
import { isRefused, parsePoint, type ModbusPoint } from "./addresses.ts";
import { KeptPoint } from "./kept-point.ts";
import { lateForMs, rememberLateAnswers, type LateAnswers } from "./late-answers.ts";
import type { Converse } from "./line.ts";
import { describeLine, describeLoad } from "./line-load.ts";
import { Lines } from "./lines.ts";
import { probeAround } from "./probe.ts";
import { checkTogether } from "./requests.ts";
import { RtuConversation } from "./rtu-conversation.ts";
import { ModbusSession } from "./session.ts";
import { modbusQuestions } from "./questions.ts";
import { lineOf, modbusSettings, modbusShown, type ModbusSettings } from "./settings.ts";
import { TcpConversation } from "./tcp-conversation.ts";
import { refuseWrite } from "./writing.ts";

/**
 * How the framings talk. What units of a line owe is remembered from one opening of the line to the next, because a late
 * answer does not mind that the port was closed in between. One entry for each line that was ever configured.
 */
export function guardedConversations(): (settings: ModbusSettings) => Converse {
  const late = new Map<string, LateAnswers>();
  return (settings) => {
    if (settings.framing === "tcp") return (wire) => new TcpConversation(wire, settings.concurrent);
    const line = lineOf(settings);
    const owed = late.get(line) ?? rememberLateAnswers(lateForMs(settings.timeoutMs));
    late.set(line, owed);
    return (wire) => new RtuConversation(wire, settings, owed);
  };
}

/**
 * A driver with lines of its own.
 *
 * @param converse how the framings talk; a test puts a conversation without its guards here, as a control
 */
export function createModbusDriver(
  converse: (settings: ModbusSettings) => Converse = guardedConversations(),
): Driver<ModbusSettings> {
  const lines = new Lines(converse);
  return {
    protocol: "modbus",
    polled: true,
    settings: modbusSettings,
    shown: modbusShown,
    questions: modbusQuestions,
    line: lineOf,
    checkPoint(settings, point) {
      const parsed = parsePoint(settings, point, 0);
      return isRefused(parsed) ? parsed : undefined;
    },
    checkWrite(settings, point) {
      const parsed = parsePoint(settings, point, 0);
      return isRefused(parsed) ? parsed : refuseWrite(parsed);
    },
    plan(settings, points) {
      const parsed = parseAll(settings, points);
      if (parsed.refused.length > 0) {
        return parsed.refused.map((text) => ({ severity: "refused", text }));
      }
      if (parsed.points.length === 0) return [{ severity: "info", text: "no points" }];
      return describeLoad(settings, parsed.points);
    },
    planLine(users) {
      return describeLine(
        users.map(({ device, settings, points }) => ({
          device,
          settings,
          points: parseAll(settings, points).points,
        })),
      );
    },
    async probe(settings, address, context, signal) {
      const use = await lines.join(settings, context, signal);
      try {
        return await probeAround(settings, address, use, context, signal);
      } finally {
        await use.leave();
      }
    },
    async open(settings, points, context, signal) {
      const parsed = parseAll(settings, points);
      const [refused] = parsed.refused;
      if (refused !== undefined) {
        throw new SettingsRefused(
          context.device,
          refused,
          "Correct the tag table and apply it again.",
        );
      }
      const use = await lines.join(settings, context, signal);
      try {
        const session = new ModbusSession(settings, parsed.points, use, context);
        await session.knock(signal);
        return session;
      } catch (failure) {
        await use.leave();
        throw failure;
      }
    },
  };
}

/** The one driver of the runtime: devices with equal lines share them. */
export const modbusDriver: Driver<ModbusSettings> = createModbusDriver();

function parseAll(
  settings: ModbusSettings,
  points: readonly PointSettings[],
): { readonly points: readonly ModbusPoint[]; readonly refused: readonly string[] } {
  const understood: ModbusPoint[] = [];
  const refused: string[] = [];
  let before: { readonly point: PointSettings; readonly kept: KeptPoint } | undefined;
  points.forEach((point, index) => {
    const parsed = parsePoint(settings, point, index);
    if (isRefused(parsed)) {
      refused.push(parsed.reason);
      return;
    }
    // Neighbours are of one kind, and then the very same kind, and decoding, serves them all.
    const kind =
      before !== undefined && isOfSameKind(before, { point, parsed }) ? before.kept.kind : parsed;
    const kept = new KeptPoint(parsed, kind);
    before = { point, kept };
    understood.push(kept);
  });
  const together = checkTogether(understood, settings);
  if (together !== undefined) refused.push(together);
  return { points: understood, refused };
}

/** Of one device: what decides how a point is read is its type, its table, its interval and its options. */
function isOfSameKind(
  one: { readonly point: PointSettings; readonly kept: KeptPoint },
  other: { readonly point: PointSettings; readonly parsed: ModbusPoint },
): boolean {
  return (
    one.point.type === other.point.type &&
    one.point.options === other.point.options &&
    one.kept.table === other.parsed.table &&
    one.kept.everyMs === other.parsed.everyMs
  );
}
