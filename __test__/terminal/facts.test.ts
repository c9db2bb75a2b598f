/** What is counted by the facts of messages is what is counted by their lines: of each savefile, and of each row of the summary. */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FIXTURES } from '../live/harness.js';
import { SAVEFILES } from '../savefiles.js';

const built = createRequire(require.resolve('../../dist/index.js'));
const { validateConfig } = built('./config') as typeof import('../../ts/config');
const { toCaptureOptions } = built('./config/engine') as typeof import('../../ts/config/engine');
const { createCapture } = built('./native') as typeof import('../../ts/native');
const { Summary } = built('./command/terminal/summary') as typeof import('../../ts/command/terminal/summary');
const { loadText } = built('./command/terminal/text') as typeof import('../../ts/command/terminal/text');

const NO_DELIVERIES = { accepted: 0, delivered: 0, dropped: 0, droppedBy: {}, errors: 0, waiting: 0 };
const SCREEN = { columns: 200, rows: 1_000 };

/** The rows of the summary, by lines and by facts, and of how many messages there were facts. */
async function bothWays(config: Parameters<typeof validateConfig>[0]) {
  const options = { text: await loadText(), paint: (_: unknown, words: string) => words };
  const [byLines, byFacts] = [new Summary(options), new Summary(options)];
  const capture = createCapture(toCaptureOptions(validateConfig(config)));
  capture.wantFacts(true);
  let told = 0;
  let lines = 0;
  await new Promise<void>((resolve, reject) => {
    capture
      .open(({ kind, bytes = 0, messages = 0 }) => {
        if (kind === 'end') resolve();
        if (kind !== 'batch' && kind !== 'facts') return;
        const room = Buffer.allocUnsafeSlow(bytes);
        capture.copyLines(room);
        if (kind === 'batch') {
          byLines.read(room);
          capture.release();
          lines += messages;
        } else {
          byFacts.readFacts(room, messages);
          capture.releaseFacts();
          told += messages;
        }
      })
      .catch(reject);
  });
  const stats = { engine: { ...capture.stats() } as Record<string, number>, outputs: { callback: NO_DELIVERIES } };
  return { byLines: byLines.rows(stats, SCREEN), byFacts: byFacts.rows(stats, SCREEN), lines, told };
}

describe('the summary by facts is the summary by lines', () => {
  test.each(
    SAVEFILES.map(({ name, file, ports, options }) => ({
      name,
      config: { ...options, ports, pcapFile: join(FIXTURES, file) },
    })),
  )('$name', async ({ config }) => {
    const { byLines, byFacts, lines, told } = await bothWays(config);
    expect(byFacts).toEqual(byLines);
    expect(told).toBe(lines);
  });
});
