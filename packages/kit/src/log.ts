import { pino } from "pino";

import type { LogRing } from "./log-ring.ts";

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * One line for each change of state that a person may ask about: `log.info("sync.resumed", { behindMs })`. Never one
 * per sample; a rate is a counter. Secrets are never fields.
 */
export interface Log {
  /** A person must act. */
  error(event: string, fields?: LogFields): void;
  /** Worse than it should be, and healing. */
  warn(event: string, fields?: LogFields): void;
  /** A state changed. */
  info(event: string, fields?: LogFields): void;
  /** Off unless asked for. */
  debug(event: string, fields?: LogFields): void;
  /** The same log with fields that every line carries. */
  child(fields: LogFields): Log;
}

export type LogLevel = "error" | "warn" | "info" | "debug" | "silent";

/**
 * Structured lines on standard error, so that standard output stays free for what a command answers.
 *
 * @param ring keeps the newest of them, too
 */
export function createLog(part: string, level: LogLevel = "info", ring?: LogRing): Log {
  const errors = pino.destination({ dest: 2, sync: true });
  const destination: pino.DestinationStream =
    ring === undefined
      ? errors
      : {
          write(line) {
            ring.write(line);
            errors.write(line);
          },
        };
  return wrap(
    pino(
      {
        level,
        base: { part },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        messageKey: "event",
        serializers: { error: pino.stdSerializers.err },
      },
      destination,
    ),
  );
}

/** For tests and tools that print for themselves. */
export const silentLog: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => silentLog,
};

function wrap(logger: pino.Logger): Log {
  return {
    error(event, fields) {
      logger.error(fields ?? {}, event);
    },
    warn(event, fields) {
      logger.warn(fields ?? {}, event);
    },
    info(event, fields) {
      logger.info(fields ?? {}, event);
    },
    debug(event, fields) {
      logger.debug(fields ?? {}, event);
    },
    child: (fields) => wrap(logger.child(fields)),
  };
}
