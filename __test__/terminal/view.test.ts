import { beforeAll, describe, expect, it } from 'vitest';
import { Lines } from '../../ts/command/terminal/line';
import { Summary } from '../../ts/command/terminal/summary';
import { loadText, type Text } from '../../ts/command/terminal/text';
import { View } from '../../ts/command/terminal/view';
import { Endings } from '../../ts/exchange/endings';
import { MAX_ROUTES } from '../../ts/exchange/servers';
import { MAX_WAITING, PATIENCE_MS } from '../../ts/exchange/unanswered';
import type { HttpMessage, HttpRequest, HttpResponse } from '../../ts/types';
import { EITHER } from '../bases';
import { FakeLog, FakeStream, FakeTime, settle } from '../ts/setup/fakes';

let text: Text;
beforeAll(async () => {
  text = await loadText();
});

const plain = (_: unknown, words: string): string => words;

interface Given {
  verbose?: boolean;
  together?: boolean;
  lossless?: boolean;
  maxWaitingBytes?: number;
  endings?: Endings;
}

function view(options: Given = {}) {
  const { endings = new Endings(), verbose = false, together = false, lossless = true } = options;
  const { maxWaitingBytes = 1 << 20 } = options;
  const stream = new FakeStream();
  const time = new FakeTime();
  const output = new View(
    {
      lines: new Lines(text, plain, () => 80),
      text,
      paint: plain,
      endings,
      verbose,
      together,
      schedule: time.schedule,
    },
    {
      target: { stream },
      lossless,
      maxWaitingBytes,
      log: new FakeLog().createLogger('silent'),
      schedule: time.schedule,
      now: time.now,
      onClosed: () => {},
    },
  );
  /** Behind the heading and the day. */
  const rows = (): string[] => stream.text.split('\n').slice(2, -1);
  const adds = (): void => {
    const { accepted, delivered, dropped, waiting } = output.stats();
    expect(accepted).toBe(delivered + dropped + waiting);
  };
  return { output, stream, rows, adds, time };
}

const at = (ms: number): string => new Date(1_700_000_000_000 + ms).toISOString();
const request = (id: string, ms = 0): HttpRequest => ({
  ...{ ...EITHER, id, direction: 'request', timestamp: at(ms), method: 'GET', path: `/${id}` },
});
const response = (id: string, ms = 5, statusCode = 200): HttpResponse => ({
  ...{ ...EITHER, id, direction: 'response', timestamp: at(ms), statusCode },
  request: { method: 'GET', path: `/${id}` },
  latencyMs: 5,
});
const batch = (...messages: HttpMessage[]) => ({
  lines: Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join('')),
  messages: messages.length,
});

describe('the view', () => {
  it('writes an exchange when its response is there, whichever half comes first', async () => {
    const { output, rows, adds } = view();
    void output.write(batch(request('a'), response('b'), request('b')));
    expect(rows().map((row) => row.slice(17, 19))).toEqual(['/b']);
    await settle();
    expect(output.stats()).toMatchObject({ accepted: 3, delivered: 2, waiting: 1 });
    adds();
    void output.write(batch(response('a', 7, 103), response('a')));
    expect(rows().map((row) => row.slice(17, 19))).toEqual(['/b', '/a']);
    await output.close();
    expect(rows().length).toBe(2);
    expect(output.stats()).toMatchObject({ accepted: 5, delivered: 5, waiting: 0 });
  });

  it('shows the status of a call by gRPC', async () => {
    const { output, rows } = view();
    const answer = { ...response('a'), incomplete: 'reset' as const };
    void output.write(
      batch(
        ...[request('a'), { ...answer, grpc: { status: 16, statusName: 'UNAUTHENTICATED' } }],
        ...[request('b'), { ...response('b', 5, 503), grpc: { status: 14, statusName: 'UNAVAILABLE' } }],
        ...[request('c'), { ...response('c'), grpc: { messageCount: 1 } }],
      ),
    );
    await settle();
    expect(rows().map((row) => / \/\w +(\S+) /.exec(row)?.[1])).toEqual(['g16!', '503', '200']);
  });

  it('says how much of an upload and of a download late segments took, if it is verbose', async () => {
    const { output, rows } = view({ verbose: true });
    const answer = { ...response('a', 500), latencyMs: 500, waitMs: 290, durationMs: 30, stallMs: 20 };
    void output.write(batch({ ...request('a'), durationMs: 210, stallMs: 200 }, answer));
    await output.close();
    const at = rows().findIndex((row) => row.startsWith('* '));
    expect(rows().slice(at, at + 2)).toEqual([
      '* upload 210ms (200ms of it for late segments), server 290ms, download 30.0ms',
      '  (20.0ms of it for late segments)',
    ]);
  });

  it('says in which TLS an exchange came: by a mark, and in words once an exchange if it is verbose', async () => {
    const tls = { version: '1.3', cipher: 'TLS_AES_128_GCM_SHA256', serverName: 'shop.test', alpn: 'h2' };
    const messages = [request('a'), response('a'), response('b'), request('c')].map((each) => ({ ...each, tls }));
    const brief = view();
    void brief.output.write(batch(...messages));
    await brief.output.close();
    expect(brief.rows().map((row) => / \/\w +(\S+) /.exec(row)?.[1])).toEqual(['200+', '200+', '-+']);
    const verbose = view({ verbose: true });
    void verbose.output.write(batch(...messages));
    await verbose.output.close();
    const words = verbose.rows().flatMap((row) => / \/\w +(\S+) /.exec(row)?.[1] ?? / TLS .*/.exec(row)?.[0] ?? []);
    const row = ' TLS 1.3, TLS_AES_128_GCM_SHA256, server name shop.test, ALPN h2';
    // The response of a request that was not seen says it itself.
    expect(words).toEqual(['-+', row, '200+', '200+', row, '-+', row, '-+']);
  });

  it('shows a message inside a stream as an indented line', async () => {
    const { output, rows, adds } = view();
    const inside = {
      ...{ stream: 'websocket', id: 'a', sequence: 1, receiver: EITHER.receiver, destination: EITHER.destination },
      ...{ direction: 'request', timestamp: at(7), data: 'two\n\x1b[2J lines', dataSize: 15, opcode: 'text' },
    };
    const lines = [
      request('a'),
      response('a', 5, 101),
      inside,
      { ...inside, direction: 'response', opcode: 'close', closeCode: 1001, data: 'bye', dataSize: 3, truncated: true },
      { ...inside, direction: 'response', opcode: 'binary', data: 'AAE=', dataEncoding: 'base64', dataSize: 2 },
      { ...inside, stream: 'sse', opcode: undefined, event: 'note', data: '' },
    ];
    void output.write(batch(...(lines as HttpMessage[])));
    await output.close();
    expect(rows().slice(1)).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d\.\d{3} {2}10\.0\.0\.9:40000 > text 15B two .*lines$/),
      expect.stringMatching(/ {2}10\.0\.0\.9:40000 < close 1001 3B! bye$/),
      expect.stringMatching(/ < binary 2B$/),
      expect.stringMatching(/ > note 15B$/),
    ]);
    expect(rows().join('')).not.toContain('\x1b');
    adds();
    expect(output.stats()).toMatchObject({ accepted: 6, delivered: 6, waiting: 0 });
  });

  it('shows a request that waits too long, its response when it comes, and what is left at the end', async () => {
    const { output, rows, adds } = view();
    void output.write(batch(request('slow'), request('late', 1)));
    void output.write(batch(request('other', PATIENCE_MS)));
    expect(rows()).toEqual([expect.stringMatching(/\/slow .* still waiting /)]);
    void output.write(batch(response('slow', PATIENCE_MS + 1)));
    adds();
    await output.close();
    expect(rows().slice(1)).toEqual(
      [
        expect.stringMatching(/\/late .* still waiting /),
        expect.stringMatching(/\/slow .* 200 /),
        expect.stringMatching(/\/other .* no response /),
      ].sort(() => 0),
    );
    expect(output.stats()).toMatchObject({ accepted: 4, delivered: 4, waiting: 0 });
  });

  it('says of a request that will have no response how it ended, and does not wait for it', async () => {
    const endings = new Endings();
    const { output, rows } = view({ endings });
    void output.write(batch(request('reset'), request('closed', 1), request('hung', 2)));
    endings.note({ reset: 'client CANCEL', closed: 'closed' });
    void output.write(batch(request('last', PATIENCE_MS), request('other', PATIENCE_MS + 5)));
    endings.note({ last: 'reset' });
    await output.close();
    expect(rows()).toEqual([
      expect.stringMatching(/\/reset .* CANCEL /),
      expect.stringMatching(/\/closed .* conn\. closed /),
      expect.stringMatching(/\/hung .* still waiting /),
      expect.stringMatching(/\/last .* conn\. reset /),
      expect.stringMatching(/\/other .* no response /),
    ]);
  });

  it('live shows it also when nothing else comes, each once', async () => {
    const { output, rows, adds, time } = view({ lossless: false });
    void output.write(batch(request('answered'), request('slow')));
    time.advance(10_000);
    void output.write(batch(response('answered'), request('later', 10_000)));
    expect(time.pending).toEqual([PATIENCE_MS - 10_000]);
    time.advance(PATIENCE_MS - 10_000 - 1);
    await settle();
    expect(rows()).toEqual([expect.stringMatching(/\/answered .* 200 /)]);
    time.advance(1);
    await settle();
    expect(rows().slice(1)).toEqual([expect.stringMatching(/\/slow .* still waiting /)]);
    adds();
    expect(output.stats()).toMatchObject({ delivered: 3, waiting: 1 });
    time.advance(10_000);
    await settle();
    expect(rows().slice(2)).toEqual([expect.stringMatching(/\/later .* still waiting /)]);
    expect(time.pending).toEqual([]);
    void output.write(batch(response('slow', 50_000)));
    expect(time.pending).toEqual([]);
    await output.close();
    expect(rows().slice(3)).toEqual([expect.stringMatching(/\/slow .* 200 /)]);
    expect(output.stats()).toMatchObject({ accepted: 5, delivered: 5, waiting: 0 });
  });

  it('gives the timer of an answered request to the next one', async () => {
    const { output, rows, time } = view({ lossless: false });
    void output.write(batch(request('a')));
    time.advance(1_000);
    void output.write(batch(response('a'), request('b', 1_000)));
    time.advance(PATIENCE_MS - 1_000);
    await settle();
    expect(rows().length).toBe(1);
    expect(time.pending).toEqual([1_000]);
    time.advance(1_000);
    await settle();
    expect(rows()[1]).toMatch(/\/b .* still waiting /);
  });

  it('has no such timer for a savefile, nor after the stop', async () => {
    const savefile = view();
    void savefile.output.write(batch(request('a')));
    expect(savefile.time.pending).toEqual([]);

    const closed = view({ lossless: false });
    void closed.output.write(batch(request('a')));
    expect(closed.time.pending).toEqual([PATIENCE_MS]);
    await closed.output.close();
    expect(closed.time.pending).toEqual([]);

    const stopped = view({ lossless: false });
    void stopped.output.write(batch(request('a')));
    stopped.output.limitDrain(1_000);
    void stopped.output.write(batch(request('b')));
    // That of the drain.
    expect(stopped.time.pending).toEqual([1_000]);
    await stopped.output.close();
    stopped.time.advance(PATIENCE_MS);
    await settle();
    expect(stopped.rows().filter((row) => row.includes('still waiting'))).toEqual([]);
  });

  it('keeps no more requests than its limit', async () => {
    const { output, adds } = view();
    void output.write(batch(...Array.from({ length: MAX_WAITING + 5 }, (_, n) => request(`${n}`))));
    await settle();
    expect(output.stats()).toMatchObject({ waiting: MAX_WAITING, delivered: 5 });
    adds();
  });

  it('live drops and counts what a slow terminal does not take; a savefile waits', async () => {
    const live = view({ lossless: false, maxWaitingBytes: 10_000 });
    live.stream.hold = true;
    for (let n = 0; n < 1_000; n++) expect(live.output.write(batch(request(`${n}`), response(`${n}`)))).toBeUndefined();
    expect(live.output.stats().droppedBy.overflow).toBeGreaterThan(1_000);
    live.adds();
    live.output.limitDrain(10);
    live.time.advance(10);
    await live.output.close();
    live.adds();

    const savefile = view();
    savefile.stream.hold = true;
    let taken = false;
    void Promise.resolve(savefile.output.write(batch(request('a'), response('a')))).then(() => {
      taken = true;
    });
    await settle();
    expect(taken).toBe(false);
    savefile.stream.held.shift()?.();
    await settle();
    expect(taken).toBe(true);
  });

  it('has the time of the request as the clock beside it shows it, and the day where that changes', async () => {
    const zone = process.env.TZ;
    process.env.TZ = 'Asia/Kolkata';
    try {
      const { output, stream } = view();
      // 22:13:20 UTC; with what the latency leaves out the response alone would say 22:13:20.001.
      const slow = { ...response('a', 5), latencyMs: 4.4 };
      void output.write(batch(request('a'), slow, response('lone', 20_000), response('b', 86_400_000)));
      await output.close();
      expect(stream.text.split('\n').map((row) => row.slice(0, 16).trimEnd())).toEqual([
        'TIME     METHOD',
        '2023-11-15 UTC+5',
        '03:43:20 GET',
        '03:43:39 GET',
        '2023-11-16 UTC+5',
        '03:43:19 GET',
        '',
      ]);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it.each([
    [
      'before its exchange is whole',
      ['inside a', 'request a', 'inside a', 'response a'],
      ['request a', 'response a', 'inside a', 'inside a'],
    ],
    [
      'after it',
      ['request a', 'switch a', 'inside a', 'request b', 'inside a', 'response b'],
      ['request a', 'switch a', 'inside a', 'inside a', 'request b', 'response b'],
    ],
    ['without it', ['inside a', 'request b', 'response b'], ['request b', 'response b', 'inside a']],
  ])('--verbose of a savefile has what passed inside a stream below its exchange: %s', async (_, come, shown) => {
    const { output, rows, adds } = view({ verbose: true, together: true });
    const made: Record<string, (id: string) => object> = {
      request: (id) => request(id),
      response: (id) => response(id),
      switch: (id) => response(id, 5, 101),
      inside: (id) => ({
        ...{ stream: 'websocket', ...EITHER, id, sequence: 1, direction: 'request', timestamp: at(7) },
        ...{ data: `/${id}`, dataSize: 1, opcode: 'text' },
      }),
    };
    const lines = come.map((each) => made[each.slice(0, -2)]?.(each.slice(-1)));
    void output.write(batch(...(lines as HttpMessage[])));
    await output.close();
    const kinds: [string, RegExp][] = [
      ['inside', / > text /],
      ['request', / - +request /],
      ['switch', / 101 /],
      ['response', / 200 /],
    ];
    const found = rows().flatMap((row) => {
      const [kind] = kinds.find(([, words]) => words.test(row)) ?? [];
      return kind === undefined ? [] : `${kind} ${/\/([ab])\b/.exec(row)?.[1]}`;
    });
    expect(found).toEqual(shown);
    adds();
    expect(output.stats()).toMatchObject({ accepted: come.length, delivered: come.length, waiting: 0 });
  });

  it('--verbose of a savefile says below a request that it has no response', async () => {
    const endings = new Endings();
    const { output, rows, adds } = view({ verbose: true, together: true, endings });
    void output.write(batch(request('a'), request('b'), request('c'), response('c')));
    endings.note({ a: 'closed' });
    await output.close();
    const ends = rows().flatMap((row) => / (request|200|conn\. closed|no response) /.exec(row)?.[1] ?? []);
    expect(ends).toEqual(['request', '200', 'request', 'conn. closed', 'request', 'no response']);
    adds();
    expect(output.stats()).toMatchObject({ accepted: 4, delivered: 4, waiting: 0 });
  });

  it('--verbose shows each message as it comes, and counts the same', async () => {
    const { output, stream, adds } = view({ verbose: true });
    void output.write(batch({ ...request('a'), headers: { host: 'h' } }));
    await settle();
    expect(stream.text).toContain('> host: h\n');
    adds();
    void output.write(batch({ ...response('a'), body: 'one\ntwo', bodySize: 7 }));
    await settle();
    expect(stream.text).toContain('< one\n< two\n');
    await output.close();
    expect(output.stats()).toMatchObject({ accepted: 2, delivered: 2, waiting: 0 });
  });
});

describe('the summary', () => {
  const rowsOf = (messages: HttpMessage[], engine: Record<string, number> = {}, columns = 79): string[] => {
    const summary = new Summary({ text, paint: plain });
    summary.read(batch(...messages).lines);
    return summary.rows({ engine, outputs: { callback: { ...NONE } } }, { columns, rows: 50 });
  };
  const NONE = { accepted: 0, delivered: 0, dropped: 0, droppedBy: {}, waiting: 0, errors: 0 };

  it('names the losses of the command', () => {
    const summary = new Summary({ text, paint: plain });
    const size = { columns: 300, rows: 50 };
    const rows = summary.rows({ engine: { gapBytes: 7 }, outputs: { callback: { ...NONE } } }, size, [
      [3, 'bodies left out'],
      [0, 'lines left out'],
    ]);
    expect(rows).toContain('lost       bytes that never arrived: 7; bodies left out: 3');
  });

  it('counts what could not be read, with what helps', () => {
    const summary = new Summary({ text, paint: plain });
    for (const protocol of ['tls', 'ssh', 'tls', 'unknown']) summary.note({ event: 'not-http', protocol });
    for (const protocol of ['http/2', 'websocket']) summary.note({ event: 'unread', protocol });
    summary.note({ event: 'gap', protocol: 'tls' });
    const rowsFor = (engine: Record<string, number>) =>
      summary.rows({ engine, outputs: { callback: { ...NONE } } }, { columns: 300, rows: 50 });
    const rows = rowsFor({ notHttpStreams: 6, unreadConnections: 2, tlsUnreadNoKeys: 3 });
    expect(rows.filter((row) => /^not read|^lost/.test(row))).toEqual([
      expect.stringMatching(/^not read {3}streams that are not HTTP\/1\.x: 6 \(SSH, TLS\); .*--tls-keylog FILE/),
      expect.stringMatching(
        /^not read {3}connections of which .*: 2 \(HTTP\/2, WEBSOCKET\); HTTP\/2 was met in its middle: capture .*; .* --stream-messages$/,
      ),
      expect.stringMatching(/^not read {3}TLS connections whose keys did not come: 3; the key log has to be/),
      'lost       nothing else',
    ]);
    // Without what the log says there is nothing to advise.
    expect(rowsOf([], { notHttpStreams: 2, gapBytes: 7 })).toEqual(
      expect.arrayContaining(['not read   streams that are not HTTP/1.x: 2', 'lost       bytes that never arrived: 7']),
    );
  });

  it('tells classes, halves without their others, losses and endpoints, the worst first', () => {
    const alone = { ...response('z'), request: undefined } as unknown as HttpMessage;
    const rows = rowsOf([request('a'), response('a', 5, 503), request('b'), request('c'), response('c'), alone], {
      ...{ requests: 3, responses: 3, filtered: 1, gapBytes: 1_234 },
    });
    expect(rows).toContain('messages   6; filtered out: 1');
    expect(rows.join('\n')).toMatch(
      /^exchanges {2}2; requests without a response: 1 \(under way at the end: 1\);\n {11}responses without a request: 1$/m,
    );
    expect(rows).toContain('status     2xx 2  5xx 1');
    expect(rows).toContain('lost       bytes that never arrived: 1 234');
    expect(rows.slice(-5)).toEqual([
      '   count   4xx   5xx  none wait50     95     99  all99  endpoint',
      '10.0.0.5:8080: 3 exchanges',
      '       1     -     1     -      -      -      - 5.00ms  GET /a',
      '       1     -     -     -      -      -      - 5.00ms  GET /c',
      '       1     -     -     1      -      -      -      -  GET /b',
    ]);
  });

  it('tells how many endpoints it does not show', () => {
    const names = [...'abcdefghij'].flatMap((a) => [...'klmnopq'].map((b) => a + b));
    const rowsOfPaths = (paths: number): string[] =>
      rowsOf(names.slice(0, paths).map((name) => ({ ...request(name), path: `/${name}` })));
    const shown = rowsOfPaths(names.length).filter((row) => / \/[a-j][k-q]$/.test(row)).length;
    expect(rowsOfPaths(shown + 1).at(-1)).toBe('and 1 endpoint more, not worse');
    expect(rowsOfPaths(shown + 2).at(-1)).toBe('and 2 endpoints more, not worse');
  });

  it('counts calls by gRPC by their own status', () => {
    const rows = rowsOf([
      { ...response('a'), grpc: { status: 0, statusName: 'OK' } },
      { ...response('a'), grpc: { status: 5, statusName: 'NOT_FOUND' } },
      { ...response('a'), grpc: { status: 99 } },
      { ...response('a', 5, 503), grpc: {} },
      { ...response('a'), grpc: {} },
    ]);
    expect(rows).toContain('status     2xx 1  5xx 1  gRPC NOT_FOUND 1  gRPC OK 1  gRPC other 1');
  });

  it('tells no more endpoints apart than its limit, and says so', () => {
    const word = (n: number): string => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
    const many = Array.from({ length: MAX_ROUTES + 50 }, (_, n) => ({
      ...{ ...request(`${n}`), path: `/${word(n % 40)}/${word(n % 41)}/${word(n % 43)}` },
    }));
    const rows = rowsOf(many);
    expect(rows).toContain('limits     requests to endpoints beyond the first 1 000: 50');
    expect(rows.at(-2)).toMatch(/^and \d+ endpoints more, not worse$/);
    expect(rows.at(-1)).toBe('beyond the limits: 50 exchanges, not told apart');
  });

  it.each([1, 10, 39, 60, 79, 132])('is never wider than %i columns', (columns) => {
    const wide = { ...request('w'), path: `/日本語/${'x'.repeat(200)}/\u001b[2J`, headers: { host: 'h'.repeat(200) } };
    const rows = rowsOf([wide, response('w', 5, 500), request('a'), response('a')], {}, columns);
    expect(Math.max(...rows.map((row) => text.width(row)))).toBeLessThanOrEqual(Math.max(columns, 12));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
    expect(rows.join('')).not.toMatch(/[\x00-\x1f]/);
  });
});
