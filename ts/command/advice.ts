/** Advice on a savefile that cannot be opened: the engine says why, and a look at the path now says what helps. */

import { accessSync, constants, readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ENGINE_ERROR_CODES } from '../errors';
import type { Log } from '../logger';
import { suggest } from '../suggest';
import type { LogLevel } from '../types';
import { pipeIn } from './inputs/again';
import type { Input } from './inputs/find';
import { ALL_PORTS } from './inputs/ports';

/** Loggers whose complaints about these inputs end in advice. */
export function withAdvice(createLogger: (level: LogLevel) => Log, inputs: readonly Input[]): (level: LogLevel) => Log {
  return (level) => {
    const log = createLogger(level);
    return {
      ...log,
      error: (fields, message) => {
        const isOpening = fields.code === ENGINE_ERROR_CODES.CAPTURE_OPEN_FAILED;
        const input = isOpening ? inputs.find(({ path }) => message.includes(`'${path}'`)) : undefined;
        const advice = input === undefined ? undefined : adviceFor(input.path);
        log.error(fields, advice === undefined ? message : `${message}; ${advice}`);
      },
      warn: (fields, message) => {
        const isOnOthers = fields.code === 'NOTHING_ON_PORTS' && fields.pcapFile !== undefined;
        const canFind = isOnOthers && String(fields.ports) !== ALL_PORTS && pipeIn(inputs) === undefined;
        log.warn(fields, canFind ? `${message}; --ports auto takes those that have HTTP` : message);
      },
    };
  };
}

function adviceFor(path: string): string | undefined {
  if (path === '-') return undefined;
  let status: Stats | undefined;
  try {
    status = statSync(path, { throwIfNoEntry: false });
    if (status !== undefined) accessSync(path, constants.R_OK);
  } catch {
    // It may not be read, or a folder on the way to it; the engine's message says so.
    return undefined;
  }
  if (status === undefined) {
    const near = suggest(basename(path), neighboursOf(path));
    return near === undefined
      ? "name a file, a folder, or a pattern in quotes such as '*.pcap'"
      : `did you mean '${join(dirname(path), near)}'?`;
  }
  if (!status.isFile()) return undefined;
  if (status.size === 0) return 'nothing is written yet: --follow waits for what is added';
  return 'what tcpdump -w and Wireshark write can be read, and JSON lines of tcp-sniffer';
}

function neighboursOf(path: string): string[] {
  try {
    return readdirSync(dirname(path));
  } catch {
    return [];
  }
}
