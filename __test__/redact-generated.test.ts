/**
 * No value of a named member survives in any output, of generated bodies: nested, with escapes and names that come again, cut at every byte, in
 * chunks, coded; and all else stays. `BODIES=10000` is the whole of it, by default there are fewer.
 */

import { isUtf8 } from 'node:buffer';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from './differential/random.js';
import { startBroker } from './kafka/broker.js';
import { startCollector } from './live/collecting.js';
import { linesOf, runCli } from './live/harness.js';
import { startReceiver } from './otlp/receiver.js';
import { HIDDEN, NAMES, TOKENS } from './redaction/bodies.js';
import { type Traffic, trafficOf } from './redaction/traffic.js';

const BODIES = Number(process.env.BODIES ?? 600);
const RUN_TIMEOUT_MS = 180_000;
/** Of the texts that stay: those in rows that text leaves out of long bodies. */
const CUT_SHARE = 0.02;
const REDACTION = ['--redact-body', NAMES];

const folder = mkdtempSync(join(tmpdir(), 'redact-generated-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

let traffic: Traffic;
beforeAll(() => {
  traffic = trafficOf(new Random(22), BODIES);
  writeFileSync(at('all.pcap'), traffic.savefile);
}, RUN_TIMEOUT_MS);

/** Text without the escapes of JSON and of URLs, however often one was put into the other. */
const unescaped = (text: string): string =>
  text
    .replace(/\\+u([0-9a-f]{4})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replace(/%([2-7][0-9a-f])/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));

/** Text that stands in a text as base64, decompressed if it is that. */
function* packedIn(text: string): Generator<string> {
  for (const [packed] of text.matchAll(/[A-Za-z0-9+/]{20,}={0,2}/g)) {
    const bytes = Buffer.from(packed, 'base64');
    // Of UTF-16, ASCII and Cyrillic.
    if (bytes.every((byte, index) => index % 2 === 0 || byte === 0 || byte === 4)) yield bytes.toString('utf16le');
    const plain = decompressed(bytes) ?? bytes;
    if (isUtf8(plain)) yield plain.toString();
  }
}

function decompressed(bytes: Buffer): Buffer | undefined {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return undefined;
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}

/** Pieces of hidden values with what surrounds them, the first few. */
function survivorsIn(text: string): string[] {
  const found: string[] = [];
  const look = (plain: string): void => {
    const index = plain.search(HIDDEN);
    if (index >= 0) found.push(plain.slice(Math.max(0, index - 100), index + 40));
  };
  for (const line of unescaped(text).split('\n')) look(line);
  for (const plain of packedIn(text)) look(unescaped(plain));
  return found.slice(0, 5);
}

type Part = keyof Traffic['kept'];
const BODIES_OF_BOTH: readonly Part[] = ['requests', 'responses', 'wide'];
const ALL: readonly Part[] = [...BODIES_OF_BOTH, 'sockets', 'calls'];

async function read(...flags: string[]): Promise<string> {
  const source = ['--read', at('all.pcap'), '--ports', '80', '--log-level', 'error', '--no-summary'];
  const run = await runCli([...source, ...flags]);
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  return run.stdout;
}

/** The text that an output of a run wrote, and which of the texts that have to stay it shows. */
interface Place {
  flags: string[];
  shows: readonly Part[];
  written(): Promise<string> | string;
  stop?(): unknown;
}

async function collected(flags: string[]): Promise<Place> {
  const collector = await startCollector();
  return {
    flags: ['--output-url', collector.url, ...flags],
    shows: ALL,
    written: async () => (await collector.report()).received.map(({ body }) => body).join('\n'),
    stop: () => collector.stop(),
  };
}

async function spans(flags: string[]): Promise<Place> {
  const receiver = await startReceiver();
  return {
    flags: ['--output-otlp', receiver.url, '--otlp-bodies', ...flags],
    shows: BODIES_OF_BOTH,
    written: () =>
      receiver
        .spans()
        .map(({ attributes }) => JSON.stringify(attributes))
        .join('\n'),
    stop: () => receiver.stop(),
  };
}

async function records(): Promise<Place> {
  const broker = await startBroker();
  return {
    flags: ['--output-kafka', `kafka://127.0.0.1:${broker.port}/http`],
    shows: ALL,
    written: () => broker.records.map(({ value }) => value).join('\n'),
    stop: () => broker.stop(),
  };
}

const inFile = (flag: string, name: string, shows: readonly Part[]): Place => ({
  flags: [flag, at(name)],
  shows,
  written: () => readFileSync(at(name), 'utf8'),
  stop: () => rmSync(at(name)),
});

/** The data of a page, without its program. */
const dataOf = (page: string): string => /<script type="application\/json"[^>]*>(.*?)<\/script>/s.exec(page)?.[1] ?? '';

function page(): Place {
  const file = inFile('--html', 'a.html', ALL);
  return { ...file, written: async () => dataOf(await file.written()) };
}

function rotated(): Place {
  const files = (): string[] => readdirSync(folder).filter((name) => name.startsWith('m'));
  return {
    flags: ['--output-file', at('m.jsonl'), '--output-file-rotation', 'maxBytes=1MiB,maxFiles=1000'],
    shows: ALL,
    written: () =>
      files()
        .map((name) => readFileSync(at(name), 'utf8'))
        .join(''),
    stop: () => files().map((name) => rmSync(at(name))),
  };
}

interface Run {
  stdout: string;
  flags: string[];
  shows: readonly Part[];
  /** Stdout shows the first rows of a long body only. */
  cutsLong?: boolean;
  beside?: Record<string, () => Place | Promise<Place>>;
}

/** Each reads the savefile once, to several outputs. */
const RUNS: Run[] = [
  {
    stdout: 'JSON lines',
    flags: ['--stream-messages', '--format', 'json'],
    shows: ALL,
    beside: {
      'HAR file': () => inFile('--har', 'a.har', BODIES_OF_BOTH),
      'HTML file': page,
      'rotated files': rotated,
      'POST, lines': () => collected(['--output-batch', 'gzip']),
      'OTLP, protobuf': () => spans([]),
      Kafka: records,
    },
  },
  {
    stdout: 'text',
    flags: ['--format', 'text', '--verbose', '--stream-messages'],
    shows: BODIES_OF_BOTH,
    cutsLong: true,
    beside: {
      'POST, arrays': () => collected(['--output-batch', 'format=json-array']),
      'OTLP, JSON': () => spans(['--otlp-encoding', 'json']),
    },
  },
  {
    stdout: 'curl',
    flags: ['--format', 'curl', '--stream-messages'],
    shows: ['requests'],
    beside: { 'POST, a message': () => collected([]) },
  },
  { stdout: 'CSV', flags: ['--format', 'csv'], shows: [] },
  { stdout: 'HAR', flags: ['--format', 'har'], shows: BODIES_OF_BOTH },
  {
    stdout: 'JSON lines, base64',
    flags: ['--binary-bodies', 'base64', '--stream-messages'],
    shows: ['sockets', 'calls'],
  },
  { stdout: 'JSON lines, nothing decoded', flags: ['--binary-bodies', 'base64', '--no-decode-body'], shows: [] },
  { stdout: 'JSON lines, 50 bytes of each', flags: ['--max-body-size', '50', '--stream-messages'], shows: [] },
];

/** [name, text, what is shown] of each output. */
async function textsOf({ stdout, flags, shows, beside = {} }: Run, redaction: string[]) {
  const places = await Promise.all(Object.entries(beside).map(async ([name, open]) => ({ name, place: await open() })));
  try {
    const text = await read(...redaction, ...flags, ...places.flatMap(({ place }) => place.flags));
    const texts: [string, string, readonly Part[]][] = [[stdout, text, shows]];
    for (const { name, place } of places) texts.push([name, await place.written(), place.shows]);
    return texts;
  } finally {
    for (const { place } of places) await place.stop?.();
  }
}

const nameOf = ({ stdout, beside = {} }: Run): string => [stdout, ...Object.keys(beside)].join('; ');
const named = RUNS.map((run) => [nameOf(run), run] as const);

describe('of generated bodies', { timeout: RUN_TIMEOUT_MS }, () => {
  test('there are whole ones and cut ones', () => {
    expect(traffic.bodies + traffic.cut).toBeGreaterThanOrEqual(BODIES);
    expect(traffic.cut).toBeGreaterThan(BODIES / 3);
    for (const kept of Object.values(traffic.kept)) expect(kept.length).toBeGreaterThan(BODIES / 50);
  });

  test.each(named)('no hidden value, and all others: %s', async (_, run) => {
    for (const [name, text, shows] of await textsOf(run, REDACTION)) {
      expect(survivorsIn(text), name).toEqual([]);
      const tokens = new Set([text, ...packedIn(text)].flatMap((plain) => unescaped(plain).match(TOKENS) ?? []));
      const expected = shows.flatMap((part) => traffic.kept[part]);
      const missing = expected.filter((token) => !tokens.has(token));
      const few = run.cutsLong === true && name === run.stdout ? CUT_SHARE * expected.length : 0;
      expect(missing.length, `missing in ${name}: ${missing.slice(0, 5)}`).toBeLessThanOrEqual(few);
    }
  });

  // A search that finds nothing anywhere would prove nothing.
  test.each(named.filter(([name]) => name !== 'CSV'))('without the option they are found: %s', async (_, run) => {
    for (const [name, text] of await textsOf(run, [])) expect(survivorsIn(text), name).not.toEqual([]);
  });

  test('whole bodies lose values, never all that is in them; and no pseudonym takes the place of what is hidden', async () => {
    const messagesOf = async (...flags: string[]) =>
      linesOf(await read(...REDACTION, ...flags)).map((line) => JSON.parse(line));
    const [messages, replaced] = [await messagesOf(), await messagesOf('--pseudonymize')];
    expect(replaced.length).toBe(messages.length);
    const hiddenIn = ({ body = '', bodyText = '' }) => (body + bodyText).split('[REDACTED]').length - 1;
    let whole = 0;
    for (const [index, message] of messages.entries()) {
      if (!/^\/[ab]\d/.test(message.path ?? message.request?.path ?? '')) continue;
      whole++;
      expect(['values', undefined]).toContain(message.bodyRedacted);
      expect(hiddenIn(replaced[index]), message.body).toBe(hiddenIn(message));
    }
    expect(whole).toBe(traffic.bodies);
  });
});
