/**
 * `--ports auto`: on which ports of savefiles HTTP is proved. In: savefiles. Out: the ports of servers of which a message came, where all
 * ports were read. That is one more reading of each savefile: what else is spoken there is no loss of the protocol that is shown.
 */

import { type SnifferConfig, validateConfig } from '../../config';
import { toCaptureOptions } from '../../config/engine';
import { MAX_PORT, MIN_PORT } from '../../config/limits';
import type { CaptureOptions, NativeCapture } from '../../native';
import type { Input } from './find';
import { nameOf } from './status';

export const AUTO = 'auto';

/** As text of `--ports`. */
export const ALL_PORTS = `${MIN_PORT}-${MAX_PORT}`;

/** Of a line with no other fields than those that each has. */
const SERVER = /"receiver":\{"ip":"[^"]*","port":(\d+)\}/g;

/** `config` has all ports. The reading that is shown tells why a savefile is broken. */
export async function portsWithHttp(
  inputs: readonly Input[],
  config: SnifferConfig,
  create: (options: CaptureOptions) => NativeCapture,
): Promise<number[]> {
  const { ports, tlsKeylog, decapsulate, sampleRate, maxConcurrentConnections, connectionIdleTimeoutMs } = config;
  const about = { ports, tlsKeylog, decapsulate, sampleRate, maxConcurrentConnections, connectionIdleTimeoutMs };
  const options = toCaptureOptions(validateConfig({ ...about, fields: [] }));
  const found = new Set<number>();
  for (const { path, kind } of inputs)
    if (kind === 'savefile') await read(create({ ...options, pcapFile: nameOf(path) }), found);
  return [...found].sort((a, b) => a - b);
}

async function read(capture: NativeCapture, found: Set<number>): Promise<void> {
  await new Promise<void>((resolve) => {
    capture
      .open(({ kind, bytes = 0 }) => {
        if (kind === 'end') resolve();
        if (kind !== 'batch') return;
        const lines = Buffer.alloc(bytes);
        capture.copyLines(lines);
        for (const [, port] of lines.toString('latin1').matchAll(SERVER)) found.add(Number(port));
        capture.release();
      })
      .catch(() => resolve());
  });
}
