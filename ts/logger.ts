/**
 * Logs: one JSON object a line on stderr with `timestamp`, `level`, `message` and fields. Never a body, never a token:
 * who logs passes facts, not payloads.
 */

import { writeSync } from 'node:fs';
import { readThrown } from './thrown';
import type { LogLevel } from './types';

/** Each lets through what those before it do. */
export const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];

type Line = (fields: Record<string, unknown>, message: string) => void;

export interface Log {
  debug: Line;
  info: Line;
  warn: Line;
  error: Line;
}

/** Where log lines go, each with its line end. */
export interface LogDestination {
  write(line: string): void;
}

const STDERR_FD = 2;
/** Until a pipe that is full is tried again. */
const RETRY_MS = 100;

/** Writes at once, so that nothing is lost at exit. `write` writes what fits, and throws if that is nothing. */
export function stderrDestination(write = (bytes: Buffer): number => writeSync(STDERR_FD, bytes)): LogDestination {
  let isCut = false;
  return {
    write(line) {
      // The end of a line that was cut does not come any more.
      let rest = Buffer.from(isCut ? `\n${line}` : line);
      while (rest.length > 0) {
        try {
          const written = write(rest);
          rest = rest.subarray(written);
          isCut = rest.length > 0;
        } catch (error) {
          // The logs are not read any more, or the disk is full: that must not end the process that is watched.
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
        }
      }
    },
  };
}

const STDERR = stderrDestination();

export function createLogger(level: LogLevel, destination: LogDestination = STDERR): Log {
  return logOf(level, (name) => (fields, message) => {
    const timestamp = new Date().toISOString();
    const own = { level: name, timestamp };
    // First and last: no field is taken for one of these.
    destination.write(`${JSON.stringify({ ...own, ...fields, ...own, message })}\n`);
  });
}

/** Of `line` those of the level and of graver levels; the others do nothing. */
export function logOf(level: LogLevel, line: (name: keyof Log) => Line): Log {
  const wanted = (name: keyof Log): Line =>
    LOG_LEVELS.indexOf(name) > LOG_LEVELS.indexOf(level) ? () => {} : line(name);
  return { debug: wanted('debug'), info: wanted('info'), warn: wanted('warn'), error: wanted('error') };
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

/** One line a cause in so many ms; how many were left out since stands in the next. */
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
