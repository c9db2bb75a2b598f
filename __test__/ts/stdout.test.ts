import { describe, expect, it, vi } from 'vitest';
import { type StdoutOptions, StdoutOutput } from '../../ts/outputs/stdout/output';
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

  it.each([
    ['asks for a stream that is its own', true, 0],
    ['minds what others write to a stream that it shares', undefined, 1],
  ])('%s when stdout takes nothing', async (_, ownsStream, asked) => {
    const stream = new FakeStream();
    let times = 0;
    let takes = true;
    const target = {
      get stream() {
        times++;
        return stream;
      },
      direct: { write: (_bytes: Buffer, _start: number, length: number) => (takes ? length : 0), pieceBytes: 4_096 },
    };
    const { stdout, onClosed } = output({ target, ownsStream });
    await stdout.write(two);
    expect([times, stream.text]).toEqual([asked, '']);
    takes = false;
    await stdout.write(two);
    expect([times, stream.text]).toEqual([1, two.lines.toString()]);
    stream.emit('error', new Error('gone'));
    expect(onClosed).toHaveBeenCalledTimes(1);
    await stdout.close();
  });

  it('gives a line that is longer than a piece to its reader as it fits, and leaves no more than a piece to the stream', async () => {
    const stream = new FakeStream();
    const copies: number[] = [];
    let out = '';
    // As much as the pipe has room for, one time after the other; then only the stream waits for it.
    const rooms = [5, 0, 70_000, 0, 0, 3];
    const write = (bytes: Buffer, start: number, length: number): number => {
      const fits = Math.min(rooms.shift() ?? 0, length);
      out += bytes.toString('latin1', start, start + fits);
      return fits;
    };
    stream._write = (chunk: Buffer, _encoding, done) => {
      copies.push(chunk.length);
      out += chunk.toString('latin1');
      setImmediate(done);
    };
    const { stdout } = output({ target: { stream, direct: { write, pieceBytes: 4_096 } } });
    const lines = `${'a'.repeat(300_000)}\n${'b'.repeat(10)}\n`;
    await stdout.write({ lines: Buffer.from(lines), messages: 2 });
    expect(out === lines).toBe(true);
    expect(Math.max(...copies)).toBe(4_096);
    expect(stdout.stats()).toMatchObject({ delivered: 2, waiting: 0, dropped: 0 });
  });

  it.each([0, 4, 11, 100])(
    'live, keeps what waits when its memory is used for another batch: %i bytes fit at once',
    async (room) => {
      let left = room;
      let direct = '';
      const write = (bytes: Buffer, start: number, length: number): number => {
        const fits = Math.min(left, length);
        direct += bytes.toString('latin1', start, start + fits);
        left -= fits;
        return fits;
      };
      const stream = new FakeStream();
      // The chunk is read when the stream is done with it, as a slow pipe does.
      stream._write = (chunk: Buffer, _encoding, done) => {
        stream.held.push(() => {
          direct += chunk.toString('latin1');
          done();
        });
      };
      const { stdout } = output({ target: { stream, direct: { write, pieceBytes: 4096 } }, lossless: false });
      const lent = Buffer.alloc(32);
      let expected = '';
      for (const name of ['a', 'b', 'c']) {
        const line = `{"${name}":${expected.length}}\n`;
        expected += line;
        lent.write(line);
        stdout.write({ lines: lent.subarray(0, line.length), messages: 1 });
        lent.fill('#');
      }
      for (let turn = 0; turn < 5; turn++) {
        stream.held.shift()?.();
        await settle();
      }
      await stdout.close();
      expect(direct).toBe(expected);
      expect(stdout.stats()).toMatchObject({ delivered: 3, waiting: 0 });
    },
  );

  it('counts line by line what a disk takes that is full in the middle of a batch', async () => {
    let left = 11;
    let disk = '';
    const write = (bytes: Buffer, start: number, length: number): number => {
      if (left === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      const fits = Math.min(left, length);
      disk += bytes.toString('latin1', start, start + fits);
      left -= fits;
      return fits;
    };
    // As the stream of a file: a write that took only some of it is a success.
    const stream = new FakeStream();
    stream._write = (chunk: Buffer, _encoding, done) => {
      write(chunk, 0, chunk.length);
      done();
    };
    const direct = { write, pieceBytes: Number.POSITIVE_INFINITY };
    const { stdout, onClosed } = output({ target: { stream, direct } });
    const lines = Buffer.from('{"a":1}\n{"b":2}\n{"c":3}\n');
    await stdout.write({ lines, messages: 3 });
    expect(disk).toBe('{"a":1}\n{"b');
    expect(stdout.stats()).toMatchObject({ delivered: 1, droppedBy: { closed: 2 }, waiting: 0, errors: 1 });
    expect(onClosed).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'ENOSPC' }));
  });

  it.each([
    [11, '{"a":1}\n', 1, 3],
    [8, '{"a":1}\n', 1, 0],
    [3, '', 0, 3],
    [23, '{"a":1}\n{"b":2}\n', 2, 7],
  ])('takes back what a full disk has torn: room for %i bytes', async (room, left, delivered, torn) => {
    let disk = '';
    const takenBack: number[] = [];
    const direct = {
      pieceBytes: Number.POSITIVE_INFINITY,
      write: (bytes: Buffer, start: number, length: number): number => {
        const fits = Math.min(room - disk.length, length);
        if (fits === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        disk += bytes.toString('latin1', start, start + fits);
        return fits;
      },
      takeBack: (bytes: number): boolean => {
        takenBack.push(bytes);
        disk = disk.slice(0, -bytes);
        return true;
      },
    };
    const { stdout } = output({ target: { stream: new FakeStream(), direct } });
    await stdout.write({ lines: Buffer.from('{"a":1}\n{"b":2}\n{"c":3}\n'), messages: 3 });
    expect(disk).toBe(left);
    expect(takenBack).toEqual(torn === 0 ? [] : [torn]);
    expect(stdout.stats()).toMatchObject({ delivered, droppedBy: { closed: 3 - delivered }, errors: 1 });
  });

  it('says so where a torn line cannot be taken back', async () => {
    let room = 3;
    const write = (_bytes: Buffer, _start: number, length: number): number => {
      if (room === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      const fits = Math.min(room, length);
      room -= fits;
      return fits;
    };
    const direct = { write, pieceBytes: Number.POSITIVE_INFINITY, takeBack: () => false };
    const { stdout, log } = output({ target: { stream: new FakeStream(), direct } });
    await stdout.write({ lines: Buffer.from('{"a":1}\n'), messages: 1 });
    expect(log.messages('warn')).toEqual(['the last line is cut off: it could not be taken back']);
    expect(stdout.stats()).toMatchObject({ delivered: 0, droppedBy: { closed: 1 } });
  });

  it('writes again what a file took in parts, none of it by the stream', async () => {
    let disk = '';
    const write = (bytes: Buffer, start: number, length: number): number => {
      const fits = Math.min(5, length);
      disk += bytes.toString('utf8', start, start + fits);
      return fits;
    };
    const { stdout, stream } = output({
      target: { stream: new FakeStream(), direct: { write, pieceBytes: Number.POSITIVE_INFINITY } },
    });
    const lines = Buffer.from('{"a":1}\n{"b":2}\n');
    await stdout.write({ lines, messages: 2 });
    expect(disk).toBe(lines.toString());
    expect(stream.text).toBe('');
    expect(stdout.stats()).toMatchObject({ delivered: 2, waiting: 0 });
  });

  it('leaves lines to the engine as long as nothing waits here, and counts them', async () => {
    const turns: boolean[] = [];
    const engine = { openStdout: (open: boolean) => turns.push(open), writtenToStdout: () => 40 };
    const stream = new FakeStream();
    stream.hold = true;
    const { stdout } = output({ target: { stream, direct: { write: () => 0, pieceBytes: 4_096 } }, engine });
    expect(turns, 'what is early comes before it').toEqual([]);
    stdout.begin();
    expect(turns).toEqual([true]);
    const taken = [stdout.write(two), stdout.write(two)];
    expect(turns).toEqual([true, false]);
    stream.held.shift()?.();
    await settle();
    expect(turns, 'the second waits').toEqual([true, false]);
    expect(stdout.stats()).toMatchObject({ accepted: 44, delivered: 42, waiting: 2 });
    stream.held.shift()?.();
    await Promise.all(taken);
    expect(turns).toEqual([true, false, true]);
    expect(stdout.stats()).toMatchObject({ accepted: 44, delivered: 44, waiting: 0 });
  });

  it.each(['closed', 'abandoned'])(
    'takes all from the engine again, to count it as dropped, once it is %s',
    (reason) => {
      const turns: boolean[] = [];
      const engine = { openStdout: (open: boolean) => turns.push(open), writtenToStdout: () => 0 };
      const { stdout, stream, time } = output({ engine });
      stdout.begin();
      if (reason === 'closed') stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      stdout.limitDrain(10);
      time.advance(10);
      expect(turns).toEqual([true, false]);
      stdout.write(two);
      expect(turns).toEqual([true, false]);
      expect(stdout.stats()).toMatchObject({ accepted: 2, droppedBy: { [reason]: 2 } });
    },
  );

  it('leaves the stream open and without its listener', async () => {
    const { stdout, stream } = output();
    await stdout.write(two);
    await stdout.close();
    await stdout.close();
    expect(stream.listenerCount('error')).toBe(0);
    expect(stream.writable).toBe(true);
  });
});
