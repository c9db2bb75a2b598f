// Objects made of what changes from message to message. That the engine tells it rightly is tested in src/delivery/changes.
import { describe, expect, it, vi } from 'vitest';
import { ChangedMessages } from '../../ts/outputs/callback/changes';
import { Makers, type Value } from '../../ts/outputs/callback/makers';
import { CallbackOutput } from '../../ts/outputs/callback/output';
import { settle } from './setup/fakes';
import { rig } from './setup/rig';

const makers = () => new Makers();
const noCode = () =>
  new Makers(() => {
    throw new EvalError('Code generation from strings disallowed for this context');
  });

/** As the engine writes them: arrays of items, texts, words. */
interface Told {
  words: number[];
  items?: unknown[] | undefined;
  texts?: string;
}

function bytesOf({ words, items = [], texts = '' }: Told): Buffer {
  const half = items.length >> 1;
  const arrays = [items.slice(0, half), items.slice(half)].filter(({ length }) => length > 0);
  return sections(arrays.map((array) => `${JSON.stringify(array)}\n`).join(''), texts, words);
}

function sections(arrays: string, texts: string, words: number[]): Buffer {
  const arraysBytes = Buffer.byteLength(arrays);
  const spaces = ' '.repeat((4 - ((arraysBytes + texts.length) % 4)) % 4);
  const numbers = Buffer.from(Int32Array.from([...words, words.length, arraysBytes]).buffer);
  return Buffer.concat([Buffer.from(arrays + texts + spaces), numbers]);
}

function readBytes(changes: Buffer, by = makers()): { messages: unknown[]; broken: boolean; passed: number } {
  const changed = new ChangedMessages(changes, by);
  const messages: unknown[] = [];
  while (changed.next()) messages.push(changed.message());
  return { messages, broken: changed.broken, passed: changed.passed };
}

const read = (told: Told, by = makers()) => readBytes(bytesOf(told), by);

function valuesOf(pattern: object): Value[] {
  const values: Value[] = [];
  makers().kindOf(pattern, values);
  return values;
}

/** As the engine would tell of many alike: those values that `change` returns, by their places. */
function alike(pattern: object, count: number, change: (n: number) => Record<number, Value>): Told {
  const places = valuesOf(pattern).length;
  const words = [0, -places];
  const items: unknown[] = [pattern, pattern];
  const texts: string[] = [];
  for (let n = 0; n < count; n++) {
    const how = Array.from({ length: Math.ceil(places / 15) }, () => 0);
    const tell = (place: number, way: number) => {
      how[Math.floor(place / 15)] = (how[Math.floor(place / 15)] ?? 0) | (way << (2 * (place % 15)));
    };
    const own: number[] = [];
    for (const [at, value] of Object.entries(change(n))) {
      if (typeof value === 'number') {
        tell(Number(at), 1);
        const [, decimals = ''] = String(value).split('.');
        own.push((Number(String(value).replace('.', '')) << 3) | decimals.length);
      } else if (typeof value === 'string' && /^[ -~]{0,12}$/.test(value)) {
        tell(Number(at), 2);
        const known = texts.indexOf(value);
        own.push(known === -1 ? value.length : ~known);
        if (known === -1) texts.push(value);
      } else {
        tell(Number(at), 3);
        items.push(value);
      }
    }
    words.push(1, ...how, ...own);
  }
  return { words, items, texts: texts.join('') };
}

const HOSTILE = [
  '"',
  '\\',
  '\u2028',
  '\u2029',
  '\n',
  '`$' + '{process.exit()}`',
  '"]:(()=>{throw 1})(),["',
  'ä€😀',
  '\ud800',
  '',
];

describe('changed messages', () => {
  it.each([
    ['generated code', makers],
    ['assignments', noCode],
  ])('are the same objects as those of lines, by %s', (_way, by) => {
    const headers = Object.fromEntries(HOSTILE.map((name, n) => [name, `v${n}`]));
    const pattern = {
      id: '1.0',
      constructor: 'c',
      headers,
      empty: {},
      proxied: { source: { port: 1 } },
      wide: '€',
      ok: true,
    };
    const expected = Array.from({ length: 40 }, (_, n) => ({
      ...pattern,
      id: `1.${n}`,
      headers: { ...headers, '"': `ä${n}`, '\u2028': `1.${n}`, '\\': 'a text of more than a few bytes' },
      proxied: { source: { port: n % 2 === 0 ? n : n / 1000 } },
    }));
    const kinds = by();
    // Those of the second batch are made in a better way, if there is one.
    for (let batch = 0; batch < 2; batch++) {
      const { messages, broken } = read(
        alike(pattern, 40, (n) => {
          const { id, headers, proxied } = expected[n] as (typeof expected)[number];
          return { 0: id, 2: headers['"'], 3: headers['\\'], 4: headers['\u2028'], 12: proxied.source.port };
        }),
        kinds,
      );
      expect(broken).toBe(false);
      expect(messages).toStrictEqual([pattern, pattern, ...expected]);
      messages.slice(2).forEach((message, n) => {
        expect(JSON.stringify(message)).toBe(JSON.stringify(expected[n]));
        // The value named 'constructor' is not that of a class.
        expect(Object.getOwnPropertyDescriptors(message)).toEqual(
          Object.getOwnPropertyDescriptors(JSON.parse(JSON.stringify(expected[n]))),
        );
        expect(structuredClone(message)).toStrictEqual(expected[n]);
      });
    }
  });

  it('have values beyond those of one word', () => {
    const pattern = Object.fromEntries(Array.from({ length: 95 }, (_, n) => [`k${n}`, n]));
    const { messages } = read(alike(pattern, 20, (n) => ({ 14: `a${n}`, 15: n, 29: `c${n}`, 94: `d${n}` })));
    for (let n = 0; n < 20; n++)
      expect(messages[n + 2]).toStrictEqual({ ...pattern, k14: `a${n}`, k15: n, k29: `c${n}`, k94: `d${n}` });
  });

  it.each(['0', '1', '0.1', '0.05', '26843545.5', '268435455', '2.6843545', '0.0000001', '1.005', '0.727', '4.35'])(
    'have the number %s as JSON.parse has it',
    (text) => {
      const [whole, decimals = ''] = text.split('.');
      const word = (Number(`${whole}${decimals}`) << 3) | decimals.length;
      const { messages } = read({ words: [-1, 1, 1, word], items: [{ a: 'x' }] });
      expect(messages[1]).toStrictEqual({ a: JSON.parse(text) });
    },
  );

  it('share nothing that a listener can change', () => {
    const kinds = makers();
    for (let batch = 0; batch < 2; batch++) {
      const changed = new ChangedMessages(bytesOf(alike({ id: 0, headers: { a: 'x' } }, 30, (n) => ({ 0: n }))), kinds);
      for (let n = -2; changed.next(); n++) {
        const message = changed.message() as { id: number; headers?: Record<string, string>; more?: string };
        expect(message).toStrictEqual({ id: Math.max(n, 0), headers: { a: 'x' } });
        message.more = 'mine';
        for (const name of ['a', 'b']) (message.headers as Record<string, string>)[name] = 'changed';
        delete message.headers;
      }
    }
  });

  const item = { a: 1 };
  it.each([
    ['no pattern of that number', { words: [0, 1, 1, 8], items: [item] }, 1],
    ['another number of values', { words: [0, -2], items: [item, item] }, 1],
    ['a key that is more than a key', { words: [-1], items: [JSON.parse('{"__proto__":1}')] }, 0],
    ['a key with a place of its own', { words: [-2], items: [{ a: 1, 1: 2 }] }, 0],
    ['a list', { words: [-1], items: [{ a: [1] }] }, 0],
    ['no message', { words: [0, 0], items: [item, 'text'] }, 1],
    ['no further item', { words: [0, 0], items: [item] }, 1],
    ['no text of that number', { words: [0, -1, 1, 2, ~0], items: [item, item] }, 2],
    ['no further word', { words: [0, -1, 1, 1], items: [item, item] }, 2],
    ['no further ways', { words: [0, -1, 1], items: [item, item] }, 2],
  ])('end where the engine would be wrong: %s', (_what, told, passed) => {
    expect(read(told)).toMatchObject({ broken: true, passed });
  });

  it.each([
    ['no JSON', sections('[{"a":1}]\n[{]\n', '', [0, 0]), 1],
    ['no words', Buffer.from('[]\n'), 0],
    ['more words than bytes', sections('', '', [0, 0]).subarray(4), 0],
  ])('end where the bytes are not those of the engine: %s', (_what, changes, passed) => {
    expect(readBytes(changes)).toMatchObject({ broken: true, passed });
  });
});

describe('makers', () => {
  const message = (n: number) => ({ [`k${n}`]: n, headers: { h: n } });
  /** A kind that comes in another batch, of which many were made. */
  const come = (by: Makers, of: object): unknown => {
    const values: Value[] = [];
    const kind = by.kindOf(of, values);
    for (let made = 1; made < 20; made++) kind.make(values);
    expect(kind.make(values)).toStrictEqual(of);
    return kind;
  };
  const compiler = () => vi.fn((code: string) => new Function('v', `return ${code}`) as never);

  it('generate code once a kind comes again, and again only what was forgotten', () => {
    const compile = compiler();
    const by = new Makers(compile);
    const kind = come(by, message(1));
    expect(compile).not.toHaveBeenCalled();
    for (let time = 0; time < 3; time++) expect(come(by, message(1))).toBe(kind);
    expect(compile).toHaveBeenCalledTimes(1);
    for (let n = 100; n < 400; n++) by.kindOf(message(n), []);
    expect(come(by, message(1))).not.toBe(kind);
    expect(compile).toHaveBeenCalledTimes(1);
  });

  it('generate none for a kind of few messages', () => {
    const compile = compiler();
    const by = new Makers(compile);
    for (let time = 0; time < 8; time++) {
      expect(compile).not.toHaveBeenCalled();
      const values: Value[] = [];
      by.kindOf(message(1), values).make(values);
    }
    by.kindOf(message(1), []);
    expect(compile).toHaveBeenCalledTimes(1);
  });

  it('tell kinds apart by all of their keys', () => {
    const by = makers();
    const kinds = [
      { a: 1, b: { c: 1 } },
      { a: 1, b: { c: 1, d: 1 } },
      { a: 1, b: { c: 1 }, d: 1 },
      { b: { c: 1 }, a: 1 },
      { a: 1, b: {}, c: 1 },
      { a: 1, b: 1, c: 1 },
      { 'a1:b': 1, c: 1 },
      { a: { b: 1, c: 1 } },
      { a: { b: 1 }, c: 1 },
      { 'a{1:b': 1, '}': 1 },
    ];
    expect(new Set(kinds.map((each) => come(by, each))).size).toBe(kinds.length);
    for (const each of kinds) come(by, each);
    expect(by.kindOf({ b: 1, a: { c: 2 } }, [])).not.toBe(by.kindOf({ a: 1, b: { c: 2 } }, []));
    expect(() => by.kindOf({ a: 1, b: [] }, [])).toThrow(TypeError);
  });

  it('generate little in a flood of kinds, and more as messages come', () => {
    const compile = compiler();
    const by = new Makers(compile);
    const flood = () => {
      for (let n = 0; n < 100; n++) for (let time = 0; time < 3; time++) come(by, message(n));
    };
    flood();
    const atOnce = compile.mock.calls.length;
    expect(atOnce).toBeLessThan(20);
    flood();
    expect(compile).toHaveBeenCalledTimes(atOnce);
    for (let messages = 0; messages < 5 * 1024; messages += 512) by.earn(512);
    flood();
    expect(compile).toHaveBeenCalledTimes(atOnce + 5);
  });

  it('generate nothing where that is not allowed, and nothing that is long', () => {
    const refused = vi.fn(() => {
      throw new EvalError();
    });
    const by = new Makers(refused);
    for (let time = 0; time < 4; time++) for (const n of [1, 2]) come(by, message(n));
    expect(refused).toHaveBeenCalledTimes(1);
    const compile = vi.fn();
    const free = new Makers(compile);
    // As long as a name as it may be, and longer as code.
    for (const name of ['x'.repeat(10_000), '\u2028'.repeat(2_000)]) {
      for (let time = 0; time < 4; time++) come(free, { [name]: 1 });
    }
    expect(compile).not.toHaveBeenCalled();
  });
});

describe('callback output', () => {
  const output = (seen: unknown[], wanted: () => boolean, streams: unknown[] = [], wantStreams = false) => {
    const engine = { wantChanges: vi.fn() };
    const listeners = {
      wanted,
      dispatch: (message: unknown) => seen.push(message),
      streams: { wanted: () => wantStreams, dispatch: (message: unknown) => streams.push(message) },
      errors: () => 0,
    };
    return {
      engine,
      output: new CallbackOutput({ listeners, engine, log: { write: () => {} } as never, now: () => 0 }),
    };
  };
  const lines = (messages: object[]) => Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));

  it('goes on with the lines where changes break off: no message is lost, none comes twice', () => {
    const seen: unknown[] = [];
    const messages = Array.from({ length: 20 }, (_, n) => ({ id: n }));
    const { output: callback } = output(seen, () => true);
    const changes = bytesOf({ words: [0, -1, 1, 1, 2 << 3, 9], items: [{ id: 0 }, { id: 1 }] });
    callback.write({ lines: lines(messages), changes, messages: 20 });
    expect(seen).toEqual(messages);
    expect(callback.stats()).toMatchObject({ accepted: 20, delivered: 20, dropped: 0 });
  });

  it('tells messages inside streams from others', () => {
    const [seen, streams]: unknown[][] = [[], []];
    const { output: callback } = output(seen as unknown[], () => true, streams, true);
    const stream = { stream: 'sse', id: 0 };
    const items = [stream, stream, { id: 1 }, { id: 2 }, { id: 5, body: 'stream' }];
    const changes = bytesOf({ words: [0, -2, 0, -1, 1, 1 << 2, 3 << 3, 2, 1, 4 << 3, 0], items });
    callback.write({ lines: Buffer.alloc(0), changes, messages: 7 });
    expect(streams).toEqual([stream, stream, { stream: 'sse', id: 3 }]);
    expect(seen).toEqual([{ id: 1 }, { id: 2 }, { id: 4 }, { id: 5, body: 'stream' }]);
  });

  it('asks the engine for changes only while there is a listener', async () => {
    let listening = false;
    const { engine, output: callback } = output([], () => listening);
    const batch = { lines: lines([{ id: 1 }]), messages: 1 };
    await callback.open();
    callback.write(batch);
    expect(engine.wantChanges).not.toHaveBeenCalled();
    listening = true;
    callback.write(batch);
    callback.write(batch);
    listening = false;
    callback.write(batch);
    expect(engine.wantChanges.mock.calls).toEqual([[true], [false]]);
  });

  it.each([
    [{}, true],
    [{ filter: 'method = GET' }, false],
    [{ maxExchanges: 5 }, false],
  ])('with %o they are of use: %s', async (config, wanted) => {
    const { sniffer, capture: _, ...rest } = rig(config);
    sniffer.on('message', () => {});
    await sniffer.start();
    expect(rest.captures[0]?.changesWanted).toBe(wanted);
    await settle();
    await sniffer.stop();
  });
});
