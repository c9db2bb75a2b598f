// A run that ends by a signal, or with its scope; and where its log goes.
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../ts/types';
import { settle } from './setup/fakes';
import { type FakeCapture, rig } from './setup/rig';

describe('an AbortSignal', () => {
  it('stops its run when it is aborted, and that one only', async () => {
    const { sniffer, captures, log } = rig();
    const stops: number[] = [];
    sniffer.on('stop', () => stops.push(1));
    const abort = new AbortController();
    await sniffer.start({ signal: abort.signal });
    await settle();
    expect(sniffer.isRunning()).toBe(true);
    abort.abort();
    await settle();
    expect(sniffer.isRunning()).toBe(false);
    expect(stops).toHaveLength(1);
    expect(log.messages('error')).toEqual([]);
    await sniffer.start();
    await settle();
    expect(sniffer.isRunning()).toBe(true);
    await sniffer.stop();
    expect(captures).toHaveLength(2);
  });

  it('that is aborted already makes start() reject with its reason, and nothing is opened', async () => {
    const { sniffer, captures } = rig();
    await expect(sniffer.start({ signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
    expect(captures).toHaveLength(0);
    await sniffer.start();
    await sniffer.stop();
  });

  it('that is aborted while the capture is opened makes start() reject; what was opened is closed', async () => {
    let open = (): void => {};
    const prepare = (capture: FakeCapture): void => {
      capture.opening = new Promise((resolve) => (open = resolve));
    };
    const { sniffer, captures } = rig({}, { prepare });
    const abort = new AbortController();
    const started = sniffer.start({ signal: abort.signal });
    const read = sniffer.messages().next();
    await settle();
    abort.abort(new Error('enough'));
    open();
    await expect(started).rejects.toThrow('enough');
    expect(captures[0]?.stops).toBeGreaterThan(0);
    expect(sniffer.isRunning()).toBe(false);
    expect(await read).toEqual({ done: true, value: undefined });
  });

  it('keeps no listener of a run that is over', async () => {
    const abort = new AbortController();
    const { sniffer, captures } = rig();
    await sniffer.start({ signal: abort.signal });
    await sniffer.stop();
    await sniffer.start();
    await settle();
    abort.abort();
    await settle();
    expect(captures[1]?.stops).toBe(0);
    await sniffer.stop();
  });

  it('that is none is refused', async () => {
    const { sniffer } = rig();
    await expect(sniffer.start({ signal: {} as AbortSignal })).rejects.toThrow(TypeError);
    await sniffer.start();
    await sniffer.stop();
  });
});

describe('a sniffer as a resource', () => {
  it('is stopped at the end of its scope', async () => {
    const { sniffer, captures } = rig();
    {
      await using scoped = sniffer;
      await scoped.start();
      await settle();
      captures[0]?.batch({ id: '1.1' });
      expect(scoped.isRunning()).toBe(true);
    }
    expect(sniffer.isRunning()).toBe(false);
    expect(captures[0]?.stops).toBe(1);
  });

  it('has the symbol like a method of its class, and nothing else by that', () => {
    const { sniffer } = rig();
    expect(Object.keys(sniffer)).not.toContain('undefined');
    expect(Reflect.get(Object.getPrototypeOf(sniffer), Symbol.asyncDispose)).toBeTypeOf('function');
    expect(Object.getOwnPropertySymbols(sniffer)).not.toContain(Symbol.asyncDispose);
  });
});

describe('a logger', () => {
  const kept = () => {
    const lines: [level: string, fields: object, message: string][] = [];
    const line = (level: string) => (fields: object, message: string) => void lines.push([level, fields, message]);
    const logger: Logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
    return { lines, logger };
  };

  it('gets the lines in place of stderr, as far as logLevel lets them through', async () => {
    const { lines, logger } = kept();
    const { sniffer, log } = rig({ logger, logLevel: 'warn' });
    await sniffer.start();
    await sniffer.stop();
    expect(lines.map(([level, , message]) => [level, message])).toEqual([
      ['warn', 'no output is configured: messages go nowhere'],
    ]);
    expect(log.lines).toEqual([]);
    const loud = kept();
    const other = rig({ logger: loud.logger });
    await other.sniffer.start();
    await other.sniffer.stop();
    expect(loud.lines[0]).toMatchObject(['info', { interface: 'eth0', ports: [8080] }, 'capture started']);
  });

  it('gets the complaint about a config too', async () => {
    const { lines, logger } = kept();
    const { sniffer, log } = rig({ logger, ports: [] });
    await expect(sniffer.start()).rejects.toThrow('ports');
    expect(lines).toMatchObject([['error', { field: 'ports' }, expect.stringContaining('ports')]]);
    expect(log.lines).toEqual([]);
  });

  it('that throws, or whose promise is rejected, stops nothing', async () => {
    const fail = (): never => {
      throw new Error('full');
    };
    const reject = (): Promise<void> => Promise.reject(new Error('full'));
    const { sniffer } = rig({ logger: { debug: fail, info: fail, warn: reject, error: reject } });
    await sniffer.start();
    expect(sniffer.isRunning()).toBe(true);
    await sniffer.stop();
  });

  it('that is none is refused, and stderr says so', async () => {
    const { sniffer, log } = rig({ logger: { info: () => {} } as never });
    await expect(sniffer.start()).rejects.toMatchObject({ field: 'logger' });
    expect(log.messages('error')).toEqual([expect.stringContaining('the methods debug, info, warn, error')]);
  });
});
