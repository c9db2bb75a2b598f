// Inputs in place of an interface: JSON lines, several inputs as one, and what a name stands for.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Chain } from '../../ts/command/inputs/chain';
import { findInputs, labelOf } from '../../ts/command/inputs/find';
import { firstPacketTime, kindOf } from '../../ts/command/inputs/kind';
import { LinesCapture } from '../../ts/command/inputs/lines';
import { isMessage } from '../../ts/command/inputs/message';
import { plainHead } from '../../ts/command/inputs/packing';
import type { CaptureEvent, NativeCapture } from '../../ts/native';
import type { HttpMessage } from '../../ts/types';
import { request, response } from '../filter/exchanges';
import { FakeCapture } from './setup/rig';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-inputs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const line = (message: object): string => `${JSON.stringify(message)}\n`;

interface Read {
  messages: HttpMessage[];
  events: CaptureEvent[];
  stats: Record<string, number>;
}

/** All that a capture delivers; each batch is released at once. */
async function readAll(capture: NativeCapture): Promise<Read> {
  const events: CaptureEvent[] = [];
  let text = '';
  await new Promise<void>((resolve, reject) => {
    capture
      .open((event) => {
        events.push(event);
        if (event.kind === 'batch') {
          const lines = Buffer.alloc(event.bytes as number);
          capture.copyLines(lines);
          text += lines.toString();
          setImmediate(() => capture.release());
        }
        if (event.kind === 'end') resolve();
      })
      .catch(reject);
  });
  const messages = text
    .split('\n')
    .filter((each) => each !== '')
    .map((each) => JSON.parse(each) as HttpMessage);
  return { messages, events, stats: capture.stats() };
}

function linesOf(...chunks: (string | Buffer)[]): Promise<Read> {
  async function* read(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  return readAll(new LinesCapture({ name: 'a.jsonl', read }));
}

const kinds = ({ events }: Read, kind: string): CaptureEvent[] => events.filter((event) => event.kind === kind);

describe('JSON lines', () => {
  const messages = [request({ path: '/é' }), response(), request({ id: '1.2' })];
  const text = messages.map(line).join('');

  it('come in as they went out, wherever they are split', async () => {
    const bytes = Buffer.from(text);
    for (let at = 0; at <= bytes.length; at += 7) {
      const read = await linesOf(bytes.subarray(0, at), bytes.subarray(at));
      expect(read.messages).toEqual(messages);
      expect(read.stats).toMatchObject({ requests: 2, responses: 1, linesPassedOver: 0, linesDamaged: 0 });
    }
  });

  it('need no line feed at the end', async () => {
    expect((await linesOf(text.trimEnd())).messages).toEqual(messages);
  });

  it('stand among others, and after what a log puts before them', async () => {
    const log = '{"level":"info","message":"capture started"}\n\nplain words\n[1,2]\n"direction"\nnull\n';
    const read = await linesOf(log, `[pod/a/b] 2026-01-01T00:00:00.123456789Z ${line(request())}`, log);
    expect(read.messages).toEqual([request()]);
    expect(read.stats).toMatchObject({ linesPassedOver: 10, linesDamaged: 0 });
    expect(kinds(read, 'notice')).toEqual([]);
  });

  it('that are cut or no messages are counted', async () => {
    const read = await linesOf(line(request()).slice(0, 200), '\n', line({ ...request(), headers: null }), text);
    expect(read.messages).toEqual(messages);
    expect(read.stats).toMatchObject({ linesDamaged: 2 });
  });

  it('of several pods keep their ids apart', async () => {
    const other = { destination: { ip: '10.0.0.77', port: 1 } };
    const read = await linesOf(
      ...[request(), request(other), response(other), response(), request({ id: '1.2', ...other })].map(line),
      `[pod/b] ${line(request())}`,
    );
    expect(read.messages.map(({ id }) => id)).toEqual(['1.1', '1-2.1', '1-2.1', '1.1', '1-2.2', '1-3.1']);
  });

  it('are told of if there are none, or if it is a savefile', async () => {
    expect(kinds(await linesOf(), 'notice')[0]?.message).toBe("nothing stands in 'a.jsonl'");
    expect(kinds(await linesOf('a\nb\n'), 'notice')[0]?.message).toBe(
      "no line of 2 is a message of tcp-sniffer in 'a.jsonl'",
    );
    const savefile = await linesOf(Buffer.from('d4c3b2a1020004000000', 'hex'));
    expect(kinds(savefile, 'error')[0]?.message).toContain('name its server ports');
    expect(savefile.events.at(-1)?.kind).toBe('end');
  });

  it('wait for who takes them', async () => {
    let pulled = 0;
    async function* read(): AsyncGenerator<Buffer> {
      for (; pulled < 100; pulled++) yield Buffer.from(line(request()));
    }
    const capture = new LinesCapture({ name: 'x', read });
    let told = 0;
    const ended = new Promise<void>((resolve) => {
      void capture.open(({ kind }) => {
        if (kind === 'batch') {
          told++;
          capture.copyLines();
        }
        if (kind === 'end') resolve();
      });
    });
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect([told, pulled]).toEqual([4, 4]);
    for (let i = 0; i < 100; i++) capture.release();
    await ended;
    expect(told).toBe(100);
  });
});

describe('a message', () => {
  it('is one with every field that the product writes', () => {
    expect(isMessage(request())).toBe(true);
    expect(isMessage(response({ trailers: {}, tls: { version: '1.3', cipher: 'x' }, incomplete: 'gap' }))).toBe(true);
    expect(isMessage({ ...request(), stream: 'sse', data: '', dataSize: 0 })).toBe(true);
  });

  it('has each field as it must be', () => {
    const whole = response({
      reason: 'OK',
      gapBytes: 1,
      trailers: { a: 'b' },
      grpcMessages: [{ size: 1 }],
    }) as unknown as Record<string, unknown>;
    const wrong = fc.constantFrom<unknown>(null, [], {}, true, Number.NaN, -1, { ip: 1 }, { a: 1 }, [{}]);
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(whole)), wrong, (name, value) => {
        const empty = { headers: '{}', trailers: '{}', grpcMessages: '[]' }[name];
        expect(isMessage({ ...whole, [name]: value })).toBe(JSON.stringify(value) === empty);
      }),
    );
    for (const [name, value] of [
      ['tls', { version: '1.3', cipher: 'x', serverName: 5 }],
      ['tls', { version: '1.3', cipher: 'x', alpn: {} }],
      ['bodyRedacted', 5],
      ['pushed', 'yes'],
      ['streamedMessages', '1'],
      ['grpc', { status: 13, statusName: '\u001b]0;x' }],
    ] as const)
      expect(isMessage({ ...whole, [name]: value }), name).toBe(false);
    expect(isMessage({ ...whole, id: '1.1"}' })).toBe(false);
    expect(isMessage({ ...whole, timestamp: '2024-99-17T14:03:00.100Z' })).toBe(false);
  });
});

describe('a message inside a stream', () => {
  const inside = { ...request(), stream: 'sse', sequence: 1, data: '', dataSize: 0 };

  it('is one with every field that the product writes', () => {
    const all = { event: 'a', eventId: '1', retry: 5, opcode: 'text', closeCode: 1000, dataEncoding: 'base64' };
    expect(isMessage({ ...inside, ...all, truncated: true, gapBytes: 1, grpc: { service: 'a', method: 'b' } })).toBe(
      true,
    );
  });

  it.each(['event', 'eventId', 'opcode', 'dataEncoding', 'closeCode', 'retry', 'sequence', 'truncated', 'grpc'])(
    'has %s as it must be',
    (name) => {
      for (const value of [null, [], Number.NaN, -1, false])
        expect(isMessage({ ...inside, [name]: value })).toBe(false);
    },
  );
});

describe('several inputs', () => {
  const sourceOf = (captures: FakeCapture[]) => captures.map((capture) => ({ create: () => capture }));
  const make = (): FakeCapture => new FakeCapture({} as never);

  /** Opened, and with what came out of it. */
  async function chained(captures: FakeCapture[]) {
    const chain = new Chain(sourceOf(captures));
    const events: CaptureEvent[] = [];
    const ids: string[] = [];
    await chain.open((event) => {
      events.push(event);
      if (event.kind !== 'batch') return;
      const lines = Buffer.alloc(event.bytes as number);
      chain.copyLines(lines);
      for (const each of lines.toString().trim().split('\n')) ids.push(JSON.parse(each).id);
    });
    return { chain, events, ids };
  }

  it('follow each other, each with ids of its own', async () => {
    const [first, second] = [make(), make()];
    const { chain, events, ids } = await chained([first, second]);
    first.batch(request(), response());
    chain.release();
    first.end();
    await new Promise(setImmediate);
    second.batch(request(), { stream: 'sse', ...request({ id: '1.2' }) }, { sequence: 1, ...request() });
    second.emit({ kind: 'unanswered', fields: { '1.2': 'closed' } });
    chain.release();
    expect([first.released, second.released]).toEqual([1, 1]);
    expect(chain.stats()).toEqual({ released: 2 });
    second.end();
    expect(ids).toEqual(['1/1.1', '1/1.1', '2/1.1', '2/1.2', '2/1.1']);
    expect(events.map(({ kind }) => kind)).toEqual(['batch', 'batch', 'unanswered', 'end']);
    expect(events[2]?.fields).toEqual({ '2/1.2': 'closed' });
  });

  it('are read on where one of them breaks, which is a failure at the end', async () => {
    const [first, second, third] = [make(), make(), make()];
    second.opening = Promise.reject(Object.assign(new Error('no such file'), { code: 'CAPTURE_OPEN_FAILED' }));
    const { events } = await chained([first, second, third]);
    first.emit({ kind: 'error', code: 'UNRECOVERABLE', message: 'it is cut off' });
    first.end();
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    third.end();
    expect(events.map(({ kind, message }) => [kind, message])).toEqual([
      ['notice', 'it is cut off; the next input is read'],
      ['notice', 'no such file; the next input is read'],
      ['error', 'it is cut off; 1 more of the inputs failed'],
      ['end', undefined],
    ]);
  });

  it('end with a stop', async () => {
    const [first, second] = [make(), make()];
    const { chain, events } = await chained([first, second]);
    chain.stop();
    await new Promise(setImmediate);
    expect(events.map(({ kind }) => kind)).toEqual(['end']);
    expect([first.stops, second.stops]).toEqual([1, 0]);
  });
});

/** A savefile of one packet at that second. */
function pcapAt(seconds: number, big = false): Buffer {
  const bytes = Buffer.alloc(40);
  const write = (value: number, at: number): number =>
    big ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at);
  write(0xa1b2c3d4, 0);
  write(seconds, 24);
  write(500_000, 28);
  return bytes;
}

/** The same as pcapng, with the times in units of 10^-9 s. */
function pcapngAt(seconds: number): Buffer {
  const units = BigInt(seconds) * 1_000_000_000n + 500_000_000n;
  const words = [
    ...[0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28],
    ...[1, 32, 1, 65_535, 9 | (1 << 16), 9, 0, 32],
    ...[6, 32, 0, Number(units >> 32n), Number(units & 0xffffffffn), 0, 0, 32],
  ];
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, index * 4);
  return bytes;
}

describe('a name', () => {
  const path = (name: string): string => join(folder, name);
  const files: Record<string, Buffer | string> = {
    'cap10.pcap': pcapAt(1_000),
    'cap2.pcap': pcapngAt(3_000),
    'cap1.pcap.gz': gzipSync(pcapAt(2_000, true)),
    'a.jsonl': line(request()),
    'pod.log': `[pod/a] ${line(request())}`,
    'notes.txt': 'words',
    '.hidden.pcap': pcapAt(1),
    'a.har': '{\n "log": {}}',
    'array.json': '[{"id":"1.1"}]',
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path(name), bytes);
  mkdirSync(path('empty'));
  const found = (...names: string[]): string[] =>
    findInputs(names.map(path), true).map((input) => `${input.path.slice(folder.length + 1)} ${input.kind}`);

  it('stands for a file, by what is in it', () => {
    expect(found('a.jsonl')).toEqual(['a.jsonl lines']);
    expect(found('pod.log')).toEqual(['pod.log lines']);
    // The engine says what is wrong with these.
    expect(found('notes.txt', 'missing')).toEqual(['missing savefile', 'notes.txt savefile']);
    expect(kindOf(gzipSync('{}'), 'x.jsonl.gz')).toBe('lines');
    expect(kindOf(gzipSync(pcapAt(1)), 'x.jsonl.gz')).toBe('savefile');
    expect(kindOf(gzipSync('words'), 'x.log.gz')).toBe('savefile');
  });

  it('stands for what is packed in a file, whatever its ending', () => {
    expect(kindOf(gzipSync(line(request())), 'x.log.gz')).toBe('lines');
    expect(kindOf(gzipSync(line(request())).subarray(0, 40), 'x.jsonl.gz')).toBe('lines');
    expect(kindOf(gzipSync('{"log": {}}'), 'x.har.gz')).toBe('har');
    const much = gzipSync(line(request()) + '0'.repeat(60_000_000)).subarray(0, 64 * 1024);
    expect(kindOf(much, 'x')).toBe('lines');
    expect(plainHead(much)?.length).toBeLessThan(3_000_000);
    const zstd = Buffer.from('28b52ffd0000', 'hex');
    expect(['x.jsonl.zst', 'x.log.zst', 'x.pcap.zst', 'x'].map((name) => kindOf(zstd, name))).toEqual([
      'lines',
      'lines',
      'savefile',
      'savefile',
    ]);
  });

  it('stands for a log in which others have written much before', () => {
    for (const before of [5_000, 65_530, 200_000]) {
      writeFileSync(path('long.log'), `${'words of others\n'.repeat(before / 16)}[pod/a] ${line(request())}`);
      expect(found('long.log'), `${before}`).toEqual(['long.log lines']);
    }
    writeFileSync(path('long.log'), 'words of others\n'.repeat(20_000));
    expect(found('long.log')).toEqual(['long.log savefile']);
    rmSync(path('long.log'));
  });

  it('stands for a pipe, of which nothing is read', () => {
    mkdirSync(path('pipes'));
    execFileSync('mkfifo', [path('pipes/fifo')]);
    expect(found('pipes/fifo')).toEqual(['pipes/fifo savefile']);
    expect(findInputs([path('pipes/fifo')], false)).toEqual([{ path: path('pipes/fifo'), kind: 'lines' }]);
    expect(() => found('pipes')).toThrow('no file in the folder');
  });

  it('stands for nothing that is not there', () => {
    mkdirSync(path('links/real'), { recursive: true });
    symlinkSync('nowhere', path('links/dangling.pcap'));
    writeFileSync(path('links/a.pcap'), pcapAt(1));
    writeFileSync(path('links/real/z.pcap'), pcapAt(1));
    expect(found('links/*.pcap')).toEqual(['links/a.pcap savefile']);
    expect(found('links/*/z.pcap')).toEqual(['links/real/z.pcap savefile']);
    expect(found('links')).toEqual(['links/a.pcap savefile']);
    expect(found('links/a.pcap/b')).toEqual(['links/a.pcap/b savefile']);
    expect(() => found('links/a.pcap/*')).toThrow('no file is like');
  });

  it('may be several, which are read in the order of their time', () => {
    expect(found('cap2.pcap', 'cap10.pcap', 'cap1.pcap.gz')).toEqual([
      'cap10.pcap savefile',
      'cap1.pcap.gz savefile',
      'cap2.pcap savefile',
    ]);
    expect(firstPacketTime(pcapngAt(3_000))).toBe(3_000.5);
    expect(firstPacketTime(pcapAt(2_000, true))).toBe(2_000.5);
    expect(firstPacketTime(Buffer.alloc(3))).toBeUndefined();
    expect(firstPacketTime(pcapngAt(3_000).subarray(0, 70))).toBeUndefined();
  });

  it('may be a pattern or a folder', () => {
    expect(found('cap*.pcap')).toEqual(['cap10.pcap savefile', 'cap2.pcap savefile']);
    expect(found('cap?.*')).toEqual(['cap1.pcap.gz savefile', 'cap2.pcap savefile']);
    // Not all of them say a time: by their numbers.
    expect(found('')).toEqual([
      'a.jsonl lines',
      'cap1.pcap.gz savefile',
      'cap2.pcap savefile',
      'cap10.pcap savefile',
      'pod.log lines',
    ]);
    expect(() => found('*.zip')).toThrow('no file is like');
    expect(() => found('empty')).toThrow('no file in the folder');
  });

  it('may be a pattern with sets of characters, unless a file has that name', () => {
    mkdirSync(path('sets/day[1]'), { recursive: true });
    const names = ['a.pcap', 'b.pcap', 'c.pcap', ']-.pcap', '^.pcap', '[ab].log', 'day[1]/x.pcap', 'ä.pcap'];
    for (const name of names) writeFileSync(path(`sets/${name}`), pcapAt(1));
    const like = (pattern: string): string[] =>
      found(`sets/${pattern}`).map((line) => line.replace('sets/', '').replace(' savefile', ''));
    expect(like('[ab].pcap').sort()).toEqual(['a.pcap', 'b.pcap']);
    expect(like('[b-cz].pcap').sort()).toEqual(['b.pcap', 'c.pcap']);
    expect(like('[!a-zä]*.pcap').sort()).toEqual([']-.pcap', '^.pcap']);
    expect(like('[^]^].pcap').sort()).toEqual(['a.pcap', 'b.pcap', 'c.pcap', 'ä.pcap'].sort());
    expect(like('[]][-a].pcap')).toEqual([']-.pcap']);
    expect(like('[a^].pcap').sort()).toEqual(['^.pcap', 'a.pcap']);
    expect(like('[ä].p?ap')).toEqual(['ä.pcap']);
    // These are names.
    expect(like('[ab].log')).toEqual(['[ab].log']);
    expect(like('day[1]/*.pcap')).toEqual(['day[1]/x.pcap']);
    expect(like('day[1]/[xy].pcap')).toEqual(['day[1]/x.pcap']);
    // Nothing is like these: the engine says that they are not there.
    expect(like('[x].pcap')).toEqual(['[x].pcap']);
    expect(like('[z-a].pcap')).toEqual(['[z-a].pcap']);
    expect(like('[ab.pcap')).toEqual(['[ab.pcap']);
    expect(() => like('[ab*.pcap')).toThrow('no file is like');
    expect(() => like('[].*')).toThrow('no file is like');
  });

  it('is refused with what is near', () => {
    expect(() => found('a.har')).toThrow('is a HAR file, which is written and not read');
    expect(() => found('array.json')).toThrow("jq -c '.[]'");
    expect(() => findInputs(['-', '-'], true)).toThrow("'-' is named twice");
  });

  it('of several is short in the log', () => {
    expect(labelOf(['a/1', 'a/2', 'b/3', '4'].map((name) => ({ path: name, kind: 'lines' })))).toBe(
      '1, 2, 3 and 1 more',
    );
  });
});
