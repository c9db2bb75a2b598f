/** Three incidents: the first screen of each names the endpoint, the onset and the side of the cause. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runCli } from '../live/harness.js';
import { columnsOf, shown } from '../terminal/pty.js';
import { type Incident, incident, type Place, PORTS } from './incidents.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-incidents-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of `on_pty.py`. */
const SCREEN_ROWS = 24;

function argsOf(kind: Incident, place: Place): string[] {
  const file = join(folder, `${kind}-${place}.pcap`);
  writeFileSync(file, incident(kind, place));
  return ['--ports', PORTS, '--read', file, '--log-level', 'warn', '--summary'];
}

const SAID: Record<Incident, RegExp[]> = {
  'slow-dependency': [
    /SLOW {2}GET \/stock\/:id on stock\.internal:3001/,
    /since 14:03:0[78]\.\d{3}: the server takes (1\.[89]|2)\.?\d*s, else 1\d\.\dms/,
    /side of the cause: the server stock\.internal:3001, on which others depend/,
    /POST \/checkout\/:id on orders\.internal:3000 waits for it, 99% of its time/,
    /POST \/checkout\/:id on shop\.test:80, through orders\.internal:3000/,
  ],
  'storm-behind-retries': [
    /FAILS {2}POST \/charges\/:id on payments\.internal:3002/,
    /since 14:03:0[78]\.\d{3}: 8\d% fail, else <1% \(503: \d+\)/,
    /side of the cause: the server payments\.internal:3002, on which others depend: it answers so/,
    /POST \/pay\/:id on orders\.internal:3000 fails with it, retried: 2\.\d calls each/,
    /POST \/pay\/:id on shop\.test:80, through orders\.internal:3000/,
  ],
  'client-hangs-up': [
    /FAILS {2}GET \/reports\/:date on shop\.test:80/,
    /since 14:03:0[78]\.\d{3}: 3\d% get no response, else 0%/,
    /side of the cause: the client 10\.0\.9\.9/,
    /GET \/reports\/:date on orders\.internal:3000 is left with it/,
  ],
};

const kinds = Object.keys(SAID) as Incident[];

describe.each(kinds)('%s', (kind) => {
  test.each(['pods', 'one-host'] as const)('in %s: the summary says what happened', async (place) => {
    const { code, stderr } = await runCli(argsOf(kind, place), { env: { TZ: 'UTC' } });
    expect(code).toBe(0);
    for (const said of SAID[kind]) expect(stderr).toMatch(said);
    // Nothing else happened.
    expect(stderr.match(/^(?:SLOW|FAILS)/gm)).toHaveLength(1);
  });

  test.each([80, 40])('so does the last screen of a terminal with %i columns', async (columns) => {
    const { lines } = await shown(argsOf(kind, 'pods'), columns);
    expect(Math.max(...(await columnsOf(lines)))).toBeLessThan(columns);
    const words = lines.slice(-SCREEN_ROWS).join(' ').replace(/\s+/g, ' ');
    const first = SAID[kind].slice(0, 3).map(({ source }) => new RegExp(source.replaceAll(' {2}', ' ')));
    for (const said of first) expect(words).toMatch(said);
  });
});
