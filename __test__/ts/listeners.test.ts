// Listeners that throw, in every way and whatever: none ends the process, stops anything, or keeps others from being called.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorFields, listenerErrorFields } from '../../ts/logger';
import { Sniffer } from '../../ts/run/sniffer';
import type { SnifferEvents } from '../../ts/types';
import { settle } from './setup/fakes';
import { rig } from './setup/rig';

const hostile = (): never => {
  throw new Error('reading it throws');
};

/** Each is made anew, since some are used up. */
const THROWN: Record<string, () => unknown> = {
  'an error': () => new Error('words'),
  null: () => null,
  undefined: () => undefined,
  'a symbol': () => Symbol('s'),
  'a bigint': () => 1n,
  'a string': () => 'words',
  'a function': () => hostile,
  'an object without a prototype': () => Object.create(null),
  'a Proxy whose every trap throws': () =>
    new Proxy(() => {}, new Proxy({}, { get: () => hostile }) as ProxyHandler<() => void>),
  'a Proxy with a getter that throws': () => new Proxy(new Error('words'), { get: hostile }),
  'a Proxy that was revoked': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  'an object whose toString throws': () => ({ toString: hostile }),
  'an object whose toPrimitive throws': () => ({ [Symbol.toPrimitive]: hostile }),
  'an object whose toString gives no text': () => ({ toString: () => ({}) }),
  'an error with getters that throw': () =>
    Object.defineProperties(new Error('words'), {
      // First: to replace it V8 reads the others.
      stack: { get: hostile },
      name: { get: hostile },
      message: { get: hostile },
      code: { get: hostile },
    }),
  'an error with a name that is no text': () => Object.assign(new Error('words'), { name: { toJSON: hostile } }),
  'an error with a stack that is no text': () => Object.defineProperty(new Error('words'), 'stack', { value: 5 }),
  'an error with a message that is no text': () => Object.assign(new Error(), { message: { toString: hostile } }),
  'an object with a toJSON that throws': () => ({ toJSON: hostile }),
};

/** The ways in which a listener may fail. */
const WAYS: Record<string, (thrown: unknown) => unknown> = {
  'throws it': (thrown) => {
    throw thrown;
  },
  'returns a promise that is rejected with it': (thrown) => Promise.reject(thrown),
  'returns a promise of a class whose then throws': (thrown) =>
    class extends Promise<unknown> {
      // biome-ignore lint/suspicious/noThenProperty: that is what it is about
      override then(): never {
        throw thrown;
      }
    }.reject(thrown),
  'returns a thenable that throws it': (thrown) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is about
    then: () => {
      throw thrown;
    },
  }),
  'returns a thenable that rejects with it twice': (thrown) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is about
    then: (_: unknown, reject: (reason: unknown) => void) => {
      reject(thrown);
      reject(thrown);
    },
  }),
  'returns a thenable whose then returns a rejected promise': (thrown) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is about
    then: () => Promise.reject(thrown),
  }),
  'returns an object whose then throws when it is read': (thrown) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is about
    get then() {
      throw thrown;
    },
  }),
};

const EVENTS: (keyof SnifferEvents)[] = ['message', 'stats', 'error', 'stop'];

describe('a listener', () => {
  const unhandled: unknown[] = [];
  const keep = (): void => void unhandled.push(1);
  beforeEach(() => void process.on('unhandledRejection', keep));
  afterEach(() => void process.off('unhandledRejection', keep));

  it.each(Object.keys(WAYS).flatMap((way) => Object.keys(THROWN).map((thrown) => [way, thrown])))(
    'that %s: %s',
    async (way, thrown) => {
      const fail = (): unknown => WAYS[way]?.(THROWN[thrown]?.());
      const called: string[] = [];
      const { sniffer, captures, log } = rig({ onHttpMessage: fail, statsIntervalMs: 100 });
      for (const name of EVENTS) {
        sniffer.on(name, fail);
        sniffer.on(name, () => called.push(name));
      }
      await sniffer.start();
      await settle();
      captures[0]?.batch({ id: '1' }, { id: '2' });
      captures[0]?.emit({ kind: 'stats', stats: { packets: 1 } });
      captures[0]?.emit({ kind: 'error', code: 'UNRECOVERABLE', message: 'broken' });
      await sniffer.stop();
      await settle();
      expect(called).toEqual(['message', 'message', 'stats', 'error', 'stop']);
      // Two messages at the callback and a listener each, and once each for the three other events.
      expect(sniffer.stats().outputs.callback).toMatchObject({ delivered: 2, dropped: 0, errors: 5 });
      const said = log.lines.filter(({ message }) => String(message).includes('threw; the capture goes on'));
      expect(said).toMatchObject([{ level: 'error', error: expect.any(String) }]);
      expect(JSON.stringify(said)).not.toContain('words');
      expect(unhandled).toEqual([]);
    },
  );
});

describe('what is logged of what was thrown', () => {
  it.each(Object.keys(THROWN))('is a short text for %s', (name) => {
    for (const fields of [errorFields(THROWN[name]?.()), listenerErrorFields(THROWN[name]?.())]) {
      expect(fields.error).toEqual(expect.any(String));
      expect(['string', 'undefined']).toContain(typeof fields.at);
    }
  });

  it('is the name and the words of an error of a foreign library, as far as they can be read', () => {
    expect(errorFields(Object.assign(new Error('words'), { name: { toJSON: hostile } })).error).toBe('Error: words');
    expect(errorFields('words').error).toBe('words');
    expect(errorFields(Object.create(null)).error).toBe('object');
  });
});

describe('a config', () => {
  it('that cannot be read makes start() reject, and nothing else', async () => {
    const config = new Proxy({ ports: [80] }, { ownKeys: hostile, get: hostile });
    const { log } = rig();
    const broken = new Sniffer(config, { createLogger: log.createLogger, runtime: () => ({ identity: {} }) } as never);
    await expect(broken.start()).rejects.toThrow('reading it throws');
    expect(log.lines).toMatchObject([{ level: 'error', message: 'reading it throws' }]);
  });
});
