import { type EventEmitter, once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { SnifferConfig } from '../../ts/config';
import { AlreadyRunningError, EngineError, ValidationError } from '../../ts/errors';
import { createSniffer } from '../../ts/index';
import type { SnifferEvents } from '../../ts/types';
import { FakeStream, settle } from './setup/fakes';
import { type FakeCapture, rig } from './setup/rig';

/** events.once() would listen for `error` as well. */
function stopped(sniffer: EventEmitter<SnifferEvents>): Promise<void> {
  return new Promise((resolve) => sniffer.once('stop', resolve));
}

describe('start', () => {
  it('is not begun by createSniffer, whatever the config', async () => {
    for (const config of [undefined, null, 5, { ports: [] }] as unknown as SnifferConfig[]) {
      const sniffer = createSniffer(config);
      expect(sniffer.isRunning()).toBe(false);
      await sniffer.stop();
    }
  });

  it('rejects and logs a bad config, and makes no engine', async () => {
    const { sniffer, captures, log } = rig({ sampleRate: 2 });
    await expect(sniffer.start()).rejects.toBeInstanceOf(ValidationError);
    expect(log.lines).toMatchObject([{ level: 'error', field: 'sampleRate', code: 'INVALID_CONFIG' }]);
    expect(captures).toHaveLength(0);
    expect(sniffer.isRunning()).toBe(false);
  });

  it('wants https in production', async () => {
    const env = { production: true, identity: {} };
    await expect(rig({ outputUrl: 'http://h/' }, { env }).sniffer.start()).rejects.toMatchObject({
      field: 'outputUrl',
    });
  });

  it('refuses a token that cannot be sent, without showing it', async () => {
    const env = { production: false, authToken: 'hunter 2', identity: {} };
    const { sniffer, log } = rig({ outputUrl: 'http://h/' }, { env });
    await expect(sniffer.start()).rejects.toMatchObject({ field: 'outputUrlAuthToken' });
    expect(JSON.stringify(log.lines)).not.toContain('hunter');
    await rig({}, { env }).sniffer.start();
  });

  it('gives the engine the config in its own words', async () => {
    const { sniffer, captures } = rig({ interface: 'lo', maxBodySize: 2 ** 40, sampleRate: 0.5 });
    await sniffer.start();
    expect(captures[0]?.options).toMatchObject({
      interface: 'lo',
      ports: [8080],
      sampleRate: 0.5,
      maxBodySize: 2 ** 40,
      maxConcurrentConnections: 10_000,
      connectionIdleTimeoutMs: 300_000,
      redactHeaders: ['authorization', 'cookie'],
      ringBufferBytes: 33_554_432,
    });
    const file = rig({ interface: 'lo', pcapFile: 'x.pcap' });
    await file.sniffer.start();
    expect(file.capture.options).toMatchObject({ pcapFile: 'x.pcap' });
    expect(file.capture.options).not.toHaveProperty('interface');
  });

  it('says whose CPU time and whose size of the ring it is', async () => {
    const library = rig({ cpuLimitShare: 0.2 });
    await library.sniffer.start();
    expect(library.capture.options).toMatchObject({ cpuLimitShare: 0.2, cpuOfProcess: false, ringBufferFits: true });
    const command = rig({ ringBufferBytes: 33_554_432 }, { ownsProcess: true });
    await command.sniffer.start();
    expect(command.capture.options).toMatchObject({ cpuOfProcess: true, ringBufferFits: false });
    expect(command.capture.options).not.toHaveProperty('cpuLimitShare');
  });

  it('keeps the code of a failed open, logs it, and can be tried again', async () => {
    let fail = true;
    const { sniffer, log } = rig(
      { outputStdout: true },
      {
        prepare: (capture) => {
          if (fail)
            capture.opening = Promise.reject(Object.assign(new Error('no interface'), { code: 'INVALID_INTERFACE' }));
        },
      },
    );
    const error = await sniffer.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ code: 'INVALID_INTERFACE', message: 'no interface' });
    expect(log.lines).toMatchObject([{ level: 'error', code: 'INVALID_INTERFACE', message: 'no interface' }]);
    fail = false;
    await sniffer.start();
    expect(sniffer.isRunning()).toBe(true);
  });

  it('is one at a time: a second one rejects while starting, running and stopping', async () => {
    const { sniffer, captures } = rig();
    const first = sniffer.start();
    const second = sniffer.start();
    expect(sniffer.isRunning()).toBe(false);
    await expect(second).rejects.toBeInstanceOf(AlreadyRunningError);
    await first;
    expect(sniffer.isRunning()).toBe(true);
    await expect(sniffer.start()).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
    const stopping = sniffer.stop();
    expect(sniffer.isRunning()).toBe(true);
    await expect(sniffer.start()).rejects.toBeInstanceOf(AlreadyRunningError);
    await stopping;
    expect(sniffer.isRunning()).toBe(false);
    expect(captures).toHaveLength(1);
  });

  it('logs who captures what and where, and warns when messages go nowhere', async () => {
    const env = { production: false, identity: { pod: 'p', namespace: 'ns', node: 'n' } };
    const { sniffer, log } = rig({}, { env });
    await sniffer.start();
    expect(log.lines[0]).toMatchObject({
      level: 'info',
      message: 'capture started',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      interface: 'eth0',
      loopback: false,
      ports: [8080],
      pod: 'p',
      namespace: 'ns',
      node: 'n',
    });
    expect(log.lines[0]?.timestamp).toBe(new Date(String(log.lines[0]?.timestamp)).toISOString());
    expect(log.lines[0]).not.toHaveProperty('pid');
    expect(log.messages('warn')).toEqual(['no output is configured: messages go nowhere']);
    const listened = rig();
    listened.sniffer.on('message', () => {});
    await listened.sniffer.start();
    expect(listened.log.messages('warn')).toEqual([]);
  });

  it.each([
    [['Authorization', 'COOKIE', 'x'], []],
    [['x-api-key'], ['authorization and cookie']],
    [['cookie'], ['authorization']],
    [[], []],
    [['+x-api-key'], []],
  ])('warns of the usual secrets that %o does not name', async (redactHeaders, shown) => {
    const { sniffer, log } = rig({ redactHeaders });
    sniffer.on('message', () => {});
    await sniffer.start();
    const words = (names: string) =>
      `values of ${names} are shown: redactHeaders replaces the default; +name adds to it`;
    expect(log.messages('warn')).toEqual(shown.map(words));
  });
});

describe('stop', () => {
  it('resolves at any time: never started, twice, and after it all', async () => {
    const { sniffer } = rig();
    await sniffer.stop();
    await sniffer.start();
    await Promise.all([sniffer.stop(), sniffer.stop()]);
    await sniffer.stop();
    expect(sniffer.isRunning()).toBe(false);
  });

  it('waits for the last batch and for `end`', async () => {
    const { sniffer, captures } = rig({}, { prepare: (made) => (made.holdEnd = true) });
    const seen: string[] = [];
    sniffer.on('message', ({ id }) => seen.push(id));
    sniffer.on('stop', () => seen.push('stop'));
    await sniffer.start();
    const capture = captures[0] as FakeCapture;
    await settle();
    const stopped = sniffer.stop().then(() => seen.push('stopped'));
    capture.batch({ id: '1' });
    await settle();
    expect(seen).toEqual(['1']);
    capture.batch({ id: '2' });
    capture.end();
    await stopped;
    expect(seen).toEqual(['1', '2', 'stop', 'stopped']);
    expect(capture.released).toBe(2);
  });

  it('during start waits for the open and then stops', async () => {
    let open = (): void => {};
    const { sniffer, captures } = rig(
      {},
      { prepare: (capture) => (capture.opening = new Promise((done) => (open = done))) },
    );
    const started = sniffer.start();
    const stopped = sniffer.stop();
    await settle();
    expect(sniffer.isRunning()).toBe(false);
    open();
    await started;
    await stopped;
    expect(sniffer.isRunning()).toBe(false);
    expect(captures[0]?.stops).toBeGreaterThan(0);
  });

  it('during a start that fails resolves too', async () => {
    const { sniffer } = rig(
      {},
      { prepare: (capture) => (capture.opening = settle().then(() => Promise.reject(new Error('no')))) },
    );
    const started = sniffer.start();
    await sniffer.stop();
    await expect(started).rejects.toMatchObject({ code: 'CAPTURE_OPEN_FAILED' });
  });

  it('is followed by a start that captures again', async () => {
    const { sniffer, captures } = rig();
    const seen: string[] = [];
    sniffer.on('message', ({ id }) => seen.push(id));
    for (const id of ['1', '2']) {
      await sniffer.start();
      await settle();
      captures.at(-1)?.batch({ id });
      await sniffer.stop();
    }
    expect(seen).toEqual(['1', '2']);
    expect(captures).toHaveLength(2);
  });

  describe('the engine writes to stdout itself', () => {
    const target = () => ({ stream: new FakeStream(), direct: { write: () => 0, pieceBytes: 4_096 } });
    const ours = { stdoutIsOurs: true, stdout: target };

    it('where nobody else wants the lines, from the start on, and they count', async () => {
      const { sniffer, captures } = rig({ outputStdout: true }, ours);
      await sniffer.start();
      expect(captures[0]?.stdoutOpen, "'capture started' is logged before the first line").toBe(false);
      await settle();
      expect(captures[0]?.stdoutOpen).toBe(true);
      if (captures[0]) captures[0].messagesOnStdout = 7;
      expect(sniffer.stats().outputs.stdout).toMatchObject({ accepted: 7, delivered: 7, waiting: 0 });
      await sniffer.stop();
    });

    it.each([
      ['others write there', {}, { stdout: target }],
      ['it is no descriptor', {}, { stdoutIsOurs: true }],
      ['there is another output', { outputUrl: 'http://127.0.0.1:9/' }, ours],
      ['lines are rewritten', {}, { ...ours, rewrite: (lines: Buffer) => ({ lines, messages: 1 }) }],
      ['a callback wants messages', { onHttpMessage: () => {} }, ours],
    ])('but not where %s', async (_, config, deps) => {
      const { sniffer, captures } = rig({ outputStdout: true, ...config }, deps);
      await sniffer.start();
      await settle();
      expect(captures[0]?.stdoutOpen).toBe(false);
      await sniffer.stop();
    });

    it('nor where somebody listens', async () => {
      const { sniffer, captures } = rig({ outputStdout: true }, ours);
      sniffer.on('message', () => {});
      await sniffer.start();
      await settle();
      expect(captures[0]?.stdoutOpen).toBe(false);
      await sniffer.stop();
    });
  });

  describe('the engine leaves out what no output looks at', () => {
    const outputOtlp = 'http://127.0.0.1:9/';
    const ours = { stdoutIsOurs: true };

    it.each([
      [{ outputOtlp }, ours, expect.not.arrayContaining(['body', 'bodySize'])],
      [{ outputOtlp, otlpBodies: true }, ours, expect.arrayContaining(['body', 'headers', 'grpc'])],
      [{ outputUrl: outputOtlp }, ours, undefined],
      [{ outputOtlp, outputUrl: outputOtlp }, ours, undefined],
      [{ outputOtlp, filter: 'status >= 500' }, ours, undefined],
      [{ outputOtlp, onHttpMessage: () => {} }, ours, undefined],
      [{ outputOtlp }, { ...ours, observe: () => {} }, undefined],
      // A listener may be added later.
      [{ outputOtlp }, {}, undefined],
    ])('%o, %o', async (config, deps, fields) => {
      const { sniffer, captures } = rig(config, deps);
      await sniffer.start();
      expect(captures[0]?.options.fields).toEqual(fields);
      await sniffer.stop();
    });
  });

  it('gives up on a stdout that nobody reads, after 10 s, and counts that', async () => {
    const { sniffer, captures, stdout, time } = rig({ outputStdout: true });
    stdout.hold = true;
    await sniffer.start();
    await settle();
    captures[0]?.batch({ id: '1' }, { id: '2' });
    const stopped = vi.fn();
    const stopping = sniffer.stop().then(stopped);
    await settle();
    time.advance(9_999);
    await settle();
    expect(stopped).not.toHaveBeenCalled();
    time.advance(1);
    await stopping;
    expect(sniffer.stats().outputs.stdout).toMatchObject({ delivered: 0, dropped: 2, droppedBy: { abandoned: 2 } });
  });

  it('logs the counters', async () => {
    const { sniffer, log } = rig();
    await sniffer.start();
    await sniffer.stop();
    expect(log.lines.at(-1)).toMatchObject({ message: 'capture stopped', engine: {}, outputs: { callback: {} } });
  });
});

describe('errors and ends', () => {
  it('a fatal error comes after what came before it, and stops the sniffer', async () => {
    const { sniffer, captures, log } = rig({ pcapFile: 'broken' });
    const seen: unknown[] = [];
    sniffer.on('message', ({ id }) => seen.push(id));
    sniffer.on('error', (error) => seen.push(error.code, error instanceof EngineError, sniffer.isRunning()));
    sniffer.on('end', () => seen.push('end'));
    sniffer.on('stop', () => seen.push('stop'));
    await sniffer.start();
    await settle();
    captures[0]?.batch({ id: '1' });
    captures[0]?.emit({ kind: 'error', code: 'UNRECOVERABLE', message: 'broken after packet 1' });
    captures[0]?.end();
    await stopped(sniffer);
    expect(seen).toEqual(['1', 'UNRECOVERABLE', true, false, 'stop']);
    expect(log.messages('error')).toEqual(['broken after packet 1']);
    await sniffer.stop();
  });

  it('an error without a listener is logged and ends no process', async () => {
    const { sniffer, captures, log } = rig();
    await sniffer.start();
    await settle();
    captures[0]?.emit({ kind: 'error', code: 'WHATEVER', message: 'panicked' });
    await stopped(sniffer);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', code: 'UNRECOVERABLE', message: 'panicked' }),
    );
  });

  it('a live capture that ends by itself is an error', async () => {
    const { sniffer, captures } = rig();
    await sniffer.start();
    await settle();
    const errors: unknown[] = [];
    sniffer.on('error', (error) => errors.push(error));
    captures[0]?.end();
    await stopped(sniffer);
    expect(errors).toMatchObject([{ code: 'UNRECOVERABLE' }]);
  });

  it('`end` comes when the savefile is delivered; then it has stopped by itself', async () => {
    const { sniffer, captures, stdout } = rig({ pcapFile: 'x', outputStdout: true });
    stdout.hold = true;
    const seen: unknown[] = [];
    sniffer.on('end', () => seen.push('end', sniffer.isRunning()));
    sniffer.on('stop', () => seen.push('stop'));
    await sniffer.start();
    await settle();
    captures[0]?.batch({ id: '1' });
    captures[0]?.end();
    await settle();
    expect(seen).toEqual([]);
    stdout.held.shift()?.();
    await stopped(sniffer);
    expect(seen).toEqual(['end', false, 'stop']);
    await sniffer.stop();
  });

  it('a savefile that was stopped has not ended', async () => {
    const { sniffer } = rig({ pcapFile: 'x' });
    const end = vi.fn();
    sniffer.on('end', end);
    await sniffer.start();
    await sniffer.stop();
    expect(end).not.toHaveBeenCalled();
  });

  it('a listener of `end` may start again', async () => {
    const { sniffer, captures } = rig({ pcapFile: 'x' });
    const restarted = new Promise<void>((resolve, reject) => {
      sniffer.once('end', () => sniffer.start().then(resolve, reject));
    });
    await sniffer.start();
    await settle();
    captures[0]?.end();
    await restarted;
    expect(sniffer.isRunning()).toBe(true);
    await sniffer.stop();
  });
});

describe('stats and notices', () => {
  it('the ledger is there before, during and after, and the caller cannot change it', async () => {
    const { sniffer, captures } = rig();
    expect(sniffer.stats()).toEqual({
      engine: {},
      outputs: { callback: { accepted: 0, delivered: 0, dropped: 0, droppedBy: {}, waiting: 0, errors: 0 } },
    });
    sniffer.on('message', () => {});
    await sniffer.start();
    await settle();
    captures[0]?.batch({ id: '1' });
    await settle();
    expect(sniffer.stats()).toMatchObject({ engine: { released: 1 }, outputs: { callback: { delivered: 1 } } });
    await sniffer.stop();
    sniffer.stats().engine.released = 99;
    expect(sniffer.stats()).toMatchObject({ engine: { released: 1 }, outputs: { callback: { delivered: 1 } } });
  });

  it('the event `stats` carries it', async () => {
    const { sniffer, captures, log, time } = rig();
    await sniffer.start();
    await settle();
    time.advance(60_000);
    const heard = once(sniffer, 'stats');
    captures[0]?.emit({ kind: 'stats', stats: { released: 0 } });
    expect((await heard)[0]).toEqual(sniffer.stats());
    expect(log.messages('info').at(-1)).toBe('counters');
    captures[0]?.emit({ kind: 'stats', stats: { released: 0 } });
    await sniffer.stop();
    expect(log.messages('info')).toEqual(['capture started', 'counters', 'capture stopped']);
  });

  it('a notice is one log line with its fields', async () => {
    const { sniffer, captures, log } = rig();
    await sniffer.start();
    await settle();
    captures[0]?.emit({
      kind: 'notice',
      level: 'warn',
      name: 'connection-evicted',
      message: 'evicted',
      fields: { connection: 'a -> b' },
    });
    expect(log.lines.at(-1)).toMatchObject({
      level: 'warn',
      event: 'connection-evicted',
      message: 'evicted',
      connection: 'a -> b',
    });
  });

  it('logLevel is kept, also for complaints about the config', async () => {
    const silent = rig({ logLevel: 'silent', sampleRate: 7 });
    await expect(silent.sniffer.start()).rejects.toThrow();
    expect(silent.log.lines).toEqual([]);
    const loud = rig({ logLevel: 'loud' as 'info' });
    await expect(loud.sniffer.start()).rejects.toMatchObject({ field: 'logLevel' });
    expect(loud.log.lines).toHaveLength(1);
  });

  it('two sniffers do not know each other', async () => {
    const one = rig();
    const two = rig();
    const seen: string[] = [];
    one.sniffer.on('message', ({ id }) => seen.push(`one ${id}`));
    two.sniffer.on('message', ({ id }) => seen.push(`two ${id}`));
    await Promise.all([one.sniffer.start(), two.sniffer.start()]);
    await settle();
    one.captures[0]?.batch({ id: '1' });
    await one.sniffer.stop();
    two.captures[0]?.batch({ id: '2' });
    await two.sniffer.stop();
    expect(seen).toEqual(['one 1', 'two 2']);
  });
});
