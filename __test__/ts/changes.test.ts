// Objects made of what changes from message to message. That the engine tells it rightly is tested in src/delivery/changes.
import { describe, expect, it, vi } from 'vitest';
import { ChangedMessages } from '../../ts/outputs/callback/changes';
import { keysOf, Makers, type Value } from '../../ts/outputs/callback/makers';
import { CallbackOutput } from '../../ts/outputs/callback/output';
import { settle } from './setup/fakes';
import { rig } from './setup/rig';

const makers = () => new Makers();
const noCode = () =>
  new Makers(() => {
    throw new EvalError('Code generation from strings disallowed for this context');
  });

function read(changes: string, by = makers()): { messages: unknown[]; broken: boolean; passed: number } {
  const changed = new ChangedMessages(Buffer.from(changes), by);
  const messages: unknown[] = [];
  while (changed.next()) messages.push(changed.message());
  return { messages, broken: changed.broken, passed: changed.passed };
}

/** As the engine would tell of many alike, in two arrays. */
function alike(pattern: object, count: number, change: (n: number) => [bits: number[], values: Value[]]): string {
  const values: Value[] = [];
  keysOf(pattern, values);
  const told = Array.from({ length: count }, (_, n) => [0, ...change(n).flat()]);
  const half = count >> 1;
  return `${JSON.stringify([pattern, -values.length, pattern, ...told.slice(0, half).flat()])}\n${JSON.stringify(told.slice(half).flat())}\n`;
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
    const { messages, broken } = read(
      alike(pattern, 40, (n) => [[1 | (1 << 12)], [`1.${n}`, n]]),
      by(),
    );
    const expected = Array.from({ length: 40 }, (_, n) => ({
      ...pattern,
      id: `1.${n}`,
      proxied: { source: { port: n } },
    }));
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
  });

  it('have values beyond the bits of one number', () => {
    const pattern = Object.fromEntries(Array.from({ length: 95 }, (_, n) => [`k${n}`, n]));
    const text = alike(pattern, 20, (n) => [
      [1 << 29, 1 | (1 << 29), 0, 1 << 4],
      [`a${n}`, `b${n}`, `c${n}`, `d${n}`],
    ]);
    const { messages } = read(text);
    for (let n = 0; n < 20; n++)
      expect(messages[n + 2]).toStrictEqual({ ...pattern, k29: `a${n}`, k30: `b${n}`, k59: `c${n}`, k94: `d${n}` });
  });

  it('share nothing that a listener can change', () => {
    const changed = new ChangedMessages(
      Buffer.from(alike({ id: 0, headers: { a: 'x' } }, 30, (n) => [[1], [n]])),
      makers(),
    );
    for (let n = -2; changed.next(); n++) {
      const message = changed.message() as { id: number; headers?: Record<string, string>; more?: string };
      expect(message).toStrictEqual({ id: Math.max(n, 0), headers: { a: 'x' } });
      message.more = 'mine';
      for (const name of ['a', 'b']) (message.headers as Record<string, string>)[name] = 'changed';
      delete message.headers;
    }
  });

  it.each([
    ['no JSON', '[{"a":1}]\n[{]\n', 1],
    ['no pattern of that number', '[{"a":1},0,1,2]\n', 1],
    ['another number of values', '[{"a":1},-2,{"a":1}]\n', 1],
    ['a key that is more than a key', '[-1,{"__proto__":1}]\n', 0],
    ['a key with a place of its own', '[-2,{"a":1,"1":2}]\n', 0],
    ['a list', '[-1,{"a":[1]}]\n', 0],
    ['no message', '[{"a":1},"text"]\n', 1],
  ])('end where the engine would be wrong: %s', (_what, changes, passed) => {
    expect(read(changes)).toMatchObject({ broken: true, passed });
  });
});

describe('makers', () => {
  const kind = (n: number) => keysOf({ [`k${n}`]: n, headers: { h: n } }, []);

  it('generate code once a kind comes again, and again only what was forgotten', () => {
    const compile = vi.fn((code: string) => new Function('v', `return ${code}`) as never);
    const by = new Makers(compile);
    expect(by.of(kind(1))).toBeUndefined();
    const make = by.of(kind(1));
    expect(make?.([5, 'x'])).toStrictEqual({ k1: 5, headers: { h: 'x' } });
    expect(by.of(kind(1))).toBe(make);
    for (let n = 100; n < 400; n++) by.of(kind(n));
    expect(by.of(kind(1))).toBeUndefined();
    expect(compile).toHaveBeenCalledTimes(1);
  });

  it('generate little in a flood of kinds, and more as messages come', () => {
    const compile = vi.fn(() => (() => ({})) as never);
    const by = new Makers(compile);
    const flood = () => {
      for (let n = 0; n < 100; n++) for (let time = 0; time < 3; time++) by.of(kind(n));
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
    for (let time = 0; time < 4; time++) expect(by.of(kind(1))).toBeUndefined();
    expect(refused).toHaveBeenCalledTimes(1);
    const long = keysOf({ ['x'.repeat(10_000)]: 1 }, []);
    const compile = vi.fn();
    const free = new Makers(compile);
    for (let time = 0; time < 4; time++) expect(free.of(long)).toBeUndefined();
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
    const changes = Buffer.from('[{"id":0},-1,{"id":1},0,1,2,9]\n');
    callback.write({ lines: lines(messages), changes, messages: 20 });
    expect(seen).toEqual(messages);
    expect(callback.stats()).toMatchObject({ accepted: 20, delivered: 20, dropped: 0 });
  });

  it('tells messages inside streams from others', () => {
    const [seen, streams]: unknown[][] = [[], []];
    const { output: callback } = output(seen as unknown[], () => true, streams, true);
    const stream = { stream: 'sse', id: 0 };
    const changes = Buffer.from(
      `${JSON.stringify([stream, -2, stream, { id: 1 }, -1, { id: 2 }, 0, 2, 3, 1, 1, 4, { id: 5, body: 'stream' }])}\n`,
    );
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
