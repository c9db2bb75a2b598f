import { describe, expect, it, vi } from 'vitest';
import { type StdoutOptions, StdoutOutput } from '../../ts/outputs/stdout';
import { FakeLog, FakeStream, FakeTime, settle } from './setup/fakes';

function output(options: Partial<StdoutOptions> = {}) {
  const stream = new FakeStream();
  const time = new FakeTime();
  const onClosed = vi.fn();
  const log = new FakeLog();
  const stdout = new StdoutOutput({
    target: { stream },
    lossless: true,
    log: log.createLogger('debug'),
    schedule: time.schedule,
    now: time.now,
    onClosed,
    ...options,
  });
  return { stream, time, onClosed, log, stdout };
}

const two = { lines: Buffer.from('{"a":1}\n{"b":"ä"}\n'), messages: 2 };

describe('stdout output', () => {
  it('writes the bytes as they are and waits until they are out', async () => {
    const { stdout, stream } = output();
    stream.hold = true;
    const taken = vi.fn();
    const write = Promise.resolve(stdout.write(two)).then(taken);
    await settle();
    expect(taken).not.toHaveBeenCalled();
    expect(stdout.stats()).toMatchObject({ delivered: 0, waiting: 2 });
    stream.held.shift()?.();
    await write;
    expect(stream.text).toBe(two.lines.toString());
    expect(stdout.stats()).toMatchObject({ delivered: 2, waiting: 0, dropped: 0 });
  });

  it('says once that its reader is gone, lets go of everything, and drops and counts from then on', async () => {
    const { stdout, stream, onClosed } = output();
    stream.hold = true;
    const writes = [stdout.write(two), stdout.write(two)];
    stream.held.shift()?.(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await Promise.all(writes);
    expect(stdout.write(two)).toBeUndefined();
    await settle();
    expect(onClosed).toHaveBeenCalledTimes(1);
    expect(onClosed.mock.calls[0]?.[0]).toMatchObject({ code: 'EPIPE' });
    expect(stdout.stats()).toMatchObject({ delivered: 0, waiting: 0, dropped: 6, droppedBy: { closed: 6 } });
    await stdout.close();
  });

  it('leaves the stream open and without its listener', async () => {
    const { stdout, stream } = output();
    await stdout.write(two);
    await stdout.close();
    await stdout.close();
    expect(stream.listenerCount('error')).toBe(0);
    expect(stream.writable).toBe(true);
  });
});
