/** Three incidents, before and during: a comparison names the endpoint, and nothing else. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { messagesOf, runCli } from '../live/harness.js';
import { type Incident, incident, ONSET_MS, PORTS } from './incidents.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Its messages, cut in two: an exchange is of the part in which it began. */
async function cut(kind: Incident, place: 'pods' | 'one-host'): Promise<[string, string]> {
  const savefile = join(folder, `${kind}-${place}.pcap`);
  writeFileSync(savefile, incident(kind, place));
  const { stdout } = await runCli(['--ports', PORTS, '--read', savefile, '--log-level', 'warn']);
  const late = new Set<string>();
  const parts: [string[], string[]] = [[], []];
  for (const message of messagesOf(stdout)) {
    if (message.direction === 'request' && Date.parse(message.timestamp) >= ONSET_MS) late.add(message.id);
    parts[late.has(message.id) ? 1 : 0].push(JSON.stringify(message));
  }
  return parts.map((lines, index) => {
    const file = join(folder, `${kind}-${place}-${index}.jsonl`);
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }) as [string, string];
}

interface Told {
  kind: string;
  server: string;
  method: string;
  path: string;
  client?: string;
  callers: { server: string; path: string }[];
}

const SAID: Record<Incident, [kind: string, back: string, name: string, callers: string[], client?: string]> = {
  'slow-dependency': [
    'slower',
    'better',
    'GET /stock/:id on stock.internal:3001',
    ['/checkout/:id on orders.internal:3000', '/checkout/:id on shop.test:80'],
  ],
  'storm-behind-retries': [
    'failing',
    'better',
    'POST /charges/:id on payments.internal:3002',
    ['/pay/:id on orders.internal:3000', '/pay/:id on shop.test:80'],
  ],
  'client-hangs-up': [
    'failing',
    'better',
    'GET /reports/:date on shop.test:80',
    ['/reports/:date on orders.internal:3000'],
    '10.0.9.9',
  ],
};

describe.each(Object.keys(SAID) as Incident[])('%s', (kind) => {
  test.each(['pods', 'one-host'] as const)('in %s', async (place) => {
    const [before, during] = await cut(kind, place);
    const [how, back, name, callers, client] = SAID[kind];
    const told = async (a: string, b: string): Promise<Told[]> => {
      const { code, stdout, stderr } = await runCli(['compare', a, b, '--format', 'json']);
      expect([code, stderr]).toEqual([0, '']);
      return JSON.parse(stdout).changes;
    };
    const named = ({ method, path, server }: Told): string => `${method} ${path} on ${server}`;
    const changes = await told(before, during);
    expect(changes.map((change) => [change.kind, named(change)])).toEqual([[how, name]]);
    expect(changes[0]?.callers.map(({ path, server }) => `${path} on ${server}`)).toEqual(callers);
    expect(changes[0]?.client).toBe(client);
    const reverse = await told(during, before);
    expect(reverse.map((change) => [change.kind, named(change)])).toEqual([[back, name]]);
  });
});
