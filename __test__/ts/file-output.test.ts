import { describe, expect, it, vi } from 'vitest';
import { FILE_RETRY_MS, FileOutput, MAX_FILE_WAITING_BYTES } from '../../ts/outputs/file/output';
import { FakeLog, FakeTime, settle } from './setup/fakes';

/** A file on a disk that takes what it is told to take. */
class FakeFile {
  text = '';
  closed = 0;
  calledOff = 0;
  rotations = 0;
  failure: Error | undefined;
  hold = false;
  room = Number.POSITIVE_INFINITY;
  dueInMs: number | undefined;
  readonly held: (() => void)[] = [];

  async open(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
  }

  async append(lines: Buffer): Promise<void> {
    if (this.hold) await new Promise<void>((resolve) => this.held.push(resolve));
    if (this.failure !== undefined) throw this.failure;
    this.text += lines.toString();
  }

  async rotate(): Promise<void> {
    this.rotations++;
    this.dueInMs = undefined;
  }

  callOff(): void {
    this.calledOff++;
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

const FULL = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

function output({ lossless = false } = {}) {
  const [file, time, log, onClosed] = [new FakeFile(), new FakeTime(), new FakeLog(), vi.fn()];
  const out = new FileOutput({
    file,
    path: '/logs/messages.jsonl',
    lossless,
    log: log.createLogger('info'),
    schedule: time.schedule,
    now: time.now,
    onClosed,
  });
  out.begin();
  return { out, file, time, log, onClosed };
}

const two = { lines: Buffer.from('{"id":"1"}\n{"id":"2"}\n'), messages: 2 };

/** Of `bytes` bytes, in one line. */
function large(bytes: number) {
  let holders = 0;
  const keep = () => {
    holders++;
    return () => holders--;
  };
  const lines = Buffer.alloc(bytes, 'x');
  lines[bytes - 1] = 0x0a;
  return { batch: { lines, messages: 1, keep }, holders: () => holders };
}

const QUARTER = large(MAX_FILE_WAITING_BYTES / 4).batch;

describe('the output file', () => {
  it('writes the bytes as they are, also where the next batch overwrites them', async () => {
    const { out, file } = output();
    const lines = Buffer.from(two.lines);
    file.hold = true;
    out.write({ lines, messages: 2 });
    lines.fill(0);
    await settle();
    expect(out.stats()).toMatchObject({ accepted: 2, delivered: 0, waiting: 2 });
    file.held.shift()?.();
    await out.close();
    expect(file.text).toBe(two.lines.toString());
    expect(file.closed).toBe(1);
    expect(out.stats()).toMatchObject({ accepted: 2, delivered: 2, dropped: 0, waiting: 0, errors: 0 });
  });

  it('of a savefile settles when all of a batch is written', async () => {
    const { out, file } = output({ lossless: true });
    file.hold = true;
    const taken = vi.fn();
    const write = Promise.resolve(out.write(two)).then(taken);
    await settle();
    expect(taken).not.toHaveBeenCalled();
    file.held.shift()?.();
    await write;
    expect(file.text).toBe(two.lines.toString());
  });

  it('takes no more lines at one time than go into the file', async () => {
    const { out, file } = output();
    file.room = 12;
    const append = vi.spyOn(file, 'append');
    out.write(two);
    await out.close();
    expect(append.mock.calls.map(([lines]) => lines.toString())).toEqual(['{"id":"1"}\n', '{"id":"2"}\n']);
    expect(out.stats()).toMatchObject({ delivered: 2 });
  });

  it('says once that the disk is full, names its code, and writes what waited when there is room again', async () => {
    const { out, file, time, log } = output();
    file.failure = FULL;
    for (let i = 0; i < 3; i++) {
      out.write(two);
      await settle();
      time.advance(FILE_RETRY_MS);
      await settle();
    }
    expect(log.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { output: 'file', file: '/logs/messages.jsonl', code: 'ENOSPC' },
    ]);
    expect(out.stats()).toMatchObject({ accepted: 6, delivered: 0, dropped: 0, waiting: 6 });
    file.failure = undefined;
    time.advance(FILE_RETRY_MS);
    await settle();
    expect(file.text).toBe(two.lines.toString().repeat(3));
    expect(out.stats()).toMatchObject({ accepted: 6, delivered: 6, waiting: 0 });
    expect(log.messages('info')).toEqual(['messages are written to the output file again']);
    await out.close();
  });

  it('counts what a full disk costs as failed, and what a slow one costs as overflow', async () => {
    const { out, file, time } = output();
    file.hold = true;
    for (let i = 0; i < 6; i++) out.write(QUARTER);
    await settle();
    const { overflow = 0 } = out.stats().droppedBy;
    expect(overflow).toBeGreaterThan(0);
    expect(out.stats().droppedBy).toEqual({ overflow });
    file.failure = FULL;
    file.held.shift()?.();
    await settle();
    for (let i = 0; i < 3; i++) out.write(QUARTER);
    const { failed = 0 } = out.stats().droppedBy;
    expect(failed).toBeGreaterThan(0);
    expect(out.stats().droppedBy).toEqual({ overflow, failed });
    file.failure = undefined;
    file.hold = false;
    time.advance(FILE_RETRY_MS);
    await out.close();
    const { accepted, delivered, dropped } = out.stats();
    expect([accepted, delivered + dropped]).toEqual([9, 9]);
    expect(file.text.split('\n')).toHaveLength(delivered + 1);
  });

  it('lets each batch go that it has kept, written or given up', async () => {
    const { out, file, time } = output();
    file.hold = true;
    const batches = Array.from({ length: 9 }, () => large(MAX_FILE_WAITING_BYTES / 4));
    for (const { batch } of batches) {
      out.write(batch);
      await settle();
    }
    file.held.shift()?.();
    await settle();
    out.limitDrain(50);
    time.advance(50);
    for (const write of file.held) write();
    await settle();
    expect(batches.map(({ holders }) => holders())).toEqual(batches.map(() => 0));
  });

  it('of a savefile a full disk ends it: nothing is waited for any more', async () => {
    const { out, file, onClosed } = output({ lossless: true });
    file.failure = FULL;
    await out.write(two);
    expect(onClosed).toHaveBeenCalledExactlyOnceWith(FULL);
    expect(out.write(two)).toBeUndefined();
    await out.close();
    expect(out.stats()).toMatchObject({ accepted: 4, delivered: 0, droppedBy: { closed: 4 }, waiting: 0 });
  });

  it('gives up at the end of the drain, and does not wait for a disk that hangs', async () => {
    const { out, file, time } = output();
    file.hold = true;
    out.write(two);
    await settle();
    out.write(two);
    out.limitDrain(100);
    const closed = out.close();
    time.advance(100);
    await settle();
    expect(out.stats()).toMatchObject({ accepted: 4, droppedBy: { abandoned: 4 }, waiting: 0 });
    expect(file.calledOff).toBe(1);
    time.advance(1_000);
    await closed;
    expect(file.closed).toBe(0);
    file.held.shift()?.();
    await settle();
    expect(file.closed).toBe(1);
    expect(out.stats()).toMatchObject({ delivered: 0, droppedBy: { abandoned: 4 } });
  });

  it('finishes a file that is old enough, also while no line comes', async () => {
    const { out, file, time } = output();
    out.write(two);
    file.dueInMs = 5_000;
    await settle();
    expect(time.pending).toEqual([5_000]);
    file.dueInMs = 0;
    time.advance(5_000);
    await settle();
    expect(file.rotations).toBe(1);
    await out.close();
    expect(time.pending).toEqual([]);
  });

  it('says what it cannot write to, and where', async () => {
    const { out, file } = output();
    file.failure = new Error('EACCES: permission denied');
    await expect(out.open()).rejects.toMatchObject({
      code: 'UNRECOVERABLE',
      message: "cannot write to the output file '/logs/messages.jsonl': EACCES: permission denied",
    });
  });
});
