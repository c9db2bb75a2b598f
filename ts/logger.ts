/**
 * Logs: one JSON object a line on stderr with `timestamp`, `level`, `message` and fields. Never a body, never a token:
 * who logs passes facts, not payloads.
 */

import type pino from 'pino';
import { readThrown } from './thrown';
import type { LogLevel } from './types';

type Line = (fields: Record<string, unknown>, message: string) => void;

export interface Log {
  debug: Line;
  info: Line;
  warn: Line;
  error: Line;
}

/** One for the process: written at once, so that nothing is lost at exit. */
let stderr: ReturnType<typeof pino.destination> | undefined;

function stderrDestination(): ReturnType<typeof pino.destination> {
  if (stderr === undefined) {
    stderr = loadPino().destination({ fd: 2, sync: true });
    // The logs are not read any more, or the disk is full: that must not end the process that is watched.
    stderr.on('error', () => {});
  }
  return stderr;
}

/** With the first log, not with the first line: a line has to come also where no file can be opened any more. */
function loadPino(): typeof pino {
  return require('pino');
}

export function createLogger(level: LogLevel, destination: pino.DestinationStream = stderrDestination()): Log {
  const logger = loadPino()(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const line =
    (name: 'debug' | 'info' | 'warn' | 'error'): Line =>
    (fields, message) =>
      logger[name](fields, message);
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

/** Longer texts of foreign errors are cut: they may quote what they choked on. */
const MAX_ERROR_CHARS = 200;

/** The logged fields of a foreign error: its kind, its words, and the line it came from. */
export function errorFields(error: unknown): Record<string, unknown> {
  const { name, isError, message, at } = readThrown(error);
  const words = isError ? `${name}: ${message}` : message;
  return { error: words.slice(0, MAX_ERROR_CHARS), ...(at === undefined ? {} : { at }) };
}

/**
 * The logged fields of an error that a listener threw: its kind and the line it came from. Not its words: they may quote the
 * message that it was given, as those of `JSON.parse` do.
 */
export function listenerErrorFields(error: unknown): Record<string, unknown> {
  const { name, at } = readThrown(error);
  return { error: name.slice(0, MAX_ERROR_CHARS), ...(at === undefined ? {} : { at }) };
}

/** One line a cause in so many ms; how many were left out since stands in the next one. */
const LIMIT_INTERVAL_MS = 10_000;

/** Passes the first line, then one an interval, with a count of those between. */
export class LimitedLine {
  readonly #line: Line;
  readonly #now: () => number;
  #next = Number.NEGATIVE_INFINITY;
  #suppressed = 0;

  constructor(line: Line, now: () => number) {
    this.#line = line;
    this.#now = now;
  }

  write(fields: Record<string, unknown>, message: string): void {
    const now = this.#now();
    if (now < this.#next) {
      this.#suppressed++;
      return;
    }
    this.#next = now + LIMIT_INTERVAL_MS;
    this.#line(this.#suppressed > 0 ? { ...fields, suppressed: this.#suppressed } : fields, message);
    this.#suppressed = 0;
  }
}
