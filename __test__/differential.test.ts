/**
 * The engine and Node's own parser read the same bytes: whatever Node accepts, the engine reads alike. Everything that Node refuses
 * the engine may read or refuse; which of it is which is printed.
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createSniffer, type HttpMessage } from '../dist/index.js';
import { type Generated, generateRequest, generateResponse } from './differential/generate.js';
import { type Exchange, type Outcome, tryRequests, tryResponses, type Understood } from './differential/node.js';
import { Random } from './differential/random.js';
import { savefile } from './differential/savefile.js';

const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 1);
const CASES = Number(process.env.DIFFERENTIAL_CASES ?? 600);

const directory = mkdtempSync(join(tmpdir(), 'differential-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The messages that the engine makes of the outcomes' bytes, by their index. */
async function engineReads(name: string, outcomes: Outcome[], random: Random): Promise<HttpMessage[][]> {
  const file = join(directory, name);
  const conversations = outcomes.map(({ turns }, index) => ({ clientPort: 1_024 + index, turns }));
  writeFileSync(file, savefile(conversations, random));
  const read: HttpMessage[][] = outcomes.map(() => []);
  const sniffer = createSniffer({ ports: [80], pcapFile: file, logLevel: 'silent' });
  sniffer.on('message', (message) => read[message.destination.port - 1_024]?.push(message));
  const ended = once(sniffer, 'end');
  await sniffer.start();
  await ended;
  return read;
}

const own = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^x[-_(]/.test(name)));

function understood({ method, path, statusCode, headers, body, bodySize, trailers = {} }: HttpMessage): Understood {
  return {
    start: method === undefined ? `${statusCode}` : `${method} ${path}`,
    headers: own(headers),
    // A body that is not UTF-8 is known by its size alone.
    body: body === undefined ? `${bodySize} bytes` : body,
    trailers: own(trailers),
  };
}

/** As the engine shows it: the generator's bytes are Latin-1. */
function asShown(message: Understood): Understood {
  const bytes = Buffer.from(message.body, 'latin1');
  const text = bytes.toString('utf8');
  return { ...message, body: Buffer.from(text).equals(bytes) ? text : `${bytes.length} bytes` };
}

interface Case {
  oddities: string[];
  outcome: Outcome;
  read: HttpMessage[];
}

/** How often which verdict fell, by oddity. */
type Tally = Map<string, Map<string, number>>;

/** Compares, and tallies by oddity how often each of the two refused. */
function compare(cases: Case[]): Tally {
  const tally: Tally = new Map();
  const accepted = cases.filter(({ outcome }) => !outcome.refused).length;
  expect(accepted, 'cases that Node accepts whole').toBeGreaterThan(cases.length / 3);
  for (const { oddities, outcome, read } of cases) {
    const [ours, whole] = [read.map(understood), read.every(({ incomplete }) => incomplete === undefined)];
    const theirs = outcome.messages.map(asShown);
    const context = `oddities: ${oddities}; bytes: ${JSON.stringify(outcome.turns.map(({ from, bytes }) => `${from}: ${bytes.toString('latin1')}`))}`;
    expect(ours.slice(0, theirs.length), context).toEqual(theirs);
    expect(
      read.slice(0, theirs.length).map(({ incomplete }) => incomplete),
      context,
    ).toEqual(theirs.map(() => undefined));
    if (!outcome.refused) expect(ours.length, context).toBe(theirs.length);
    if (oddities.length === 1 && oddities[0] !== undefined) {
      const engine = whole && ours.length > theirs.length ? 'reads' : 'refuses';
      const verdict = outcome.refused ? `Node refuses, the engine ${engine}` : 'both read';
      const verdicts = tally.get(oddities[0]) ?? new Map<string, number>();
      tally.set(oddities[0], verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1));
    }
  }
  return tally;
}

function print(title: string, tally: Tally): void {
  const lines = [...tally].sort().map(([oddity, verdicts]) => {
    const counted = [...verdicts].sort().map(([verdict, count]) => `${verdict} (${count})`);
    return `  ${oddity.padEnd(44)} ${counted.join('; ')}`;
  });
  console.log([`${title} (seed ${SEED}):`, ...lines].join('\n'));
}

const oddOnes = (generated: Generated[]): string[] => generated.flatMap(({ oddity }) => (oddity ? [oddity] : []));

test('requests', async () => {
  const random = new Random(SEED);
  const cases = Array.from({ length: CASES }, () => {
    const count = 1 + random.upTo(3);
    return Array.from({ length: count }, (_, index) => generateRequest(random, index === count - 1));
  });
  const outcomes = await tryRequests(cases.map((requests) => requests.map(({ text }) => text).join('')));
  const read = await engineReads('requests.pcap', outcomes, random);
  const compared = cases.map((requests, index) => ({
    oddities: oddOnes(requests),
    outcome: outcomes[index] as Outcome,
    read: (read[index] ?? []).filter(({ direction }) => direction === 'request'),
  }));
  print('requests', compare(compared));
});

test('responses', async () => {
  const random = new Random(SEED + 1);
  const cases = Array.from({ length: CASES }, () => {
    const count = 1 + random.upTo(2);
    return Array.from({ length: count }, (_, index) => {
      const method = random.pick(['GET', 'GET', 'HEAD', 'DELETE']);
      return { method, ...generateResponse(random, method, index === count - 1) };
    });
  });
  const outcomes = await tryResponses(
    cases.map((exchanges) => exchanges.map(({ method, text }): Exchange => ({ method, response: text }))),
  );
  const read = await engineReads('responses.pcap', outcomes, random);
  const compared = cases.map((exchanges, index) => ({
    oddities: oddOnes(exchanges),
    outcome: outcomes[index] as Outcome,
    read: (read[index] ?? []).filter(({ direction }) => direction === 'response'),
  }));
  print('responses', compare(compared));
});
