// Batches lie in memory that later batches overwrite: whatever the reader does, what comes out is what was handed in.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PIPE_BUF_BYTES, StdoutOutput } from '../../ts/outputs/stdout/output';
import { FakeLog, FakeStream, FakeTime, settle } from './setup/fakes';

type Step =
  | { do: 'write'; lengths: number[] }
  | { do: 'make room'; bytes: number }
  | { do: 'finish a chunk' }
  | { do: 'turn' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      lengths: fc.array(fc.integer({ min: 1, max: 6000 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('make room' as const), bytes: fc.integer({ min: 1, max: 9000 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'finish a chunk' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'turn' as const }) },
);

const TARGETS = {
  /** All of a small piece or nothing. */
  pipe: { pieceBytes: PIPE_BUF_BYTES, parts: false },
  socket: { pieceBytes: PIPE_BUF_BYTES, parts: true },
  file: { pieceBytes: Number.POSITIVE_INFINITY, parts: true },
  /** By its stream alone. */
  terminal: undefined,
};

class Reader {
  text = '';
  room = 0;
  readonly stream = new FakeStream();
  readonly #held: (() => void)[] = [];

  constructor() {
    // A chunk is read when the stream is done with it, as of a slow pipe.
    this.stream._write = (chunk: Buffer, _encoding, done) => {
      this.#held.push(() => {
        this.text += chunk.toString('latin1');
        done();
      });
    };
  }

  target({ pieceBytes, parts }: { pieceBytes: number; parts: boolean }) {
    const write = (bytes: Buffer, start: number, length: number): number => {
      const fits = Math.min(this.room, length);
      if (fits < length && !parts) return 0;
      this.text += bytes.toString('latin1', start, start + fits);
      this.room -= fits;
      return fits;
    };
    return { stream: this.stream, direct: { write, pieceBytes } };
  }

  finishChunk(): boolean {
    const finish = this.#held.shift();
    finish?.();
    return finish !== undefined;
  }
}

describe('memory that is lent', () => {
  for (const lossless of [false, true]) {
    it.each(Object.entries(TARGETS))(`${lossless ? 'lossless' : 'live'}, to a %s`, async (_name, kind) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          const reader = new Reader();
          const time = new FakeTime();
          const stdout = new StdoutOutput({
            target: kind === undefined ? { stream: reader.stream } : reader.target(kind),
            lossless,
            log: new FakeLog().createLogger('silent'),
            schedule: time.schedule,
            now: time.now,
            onClosed: () => {},
            maxWaitingBytes: 20_000,
          });
          const sent: string[] = [];
          for (const now of steps) {
            if (now.do === 'write') {
              const fresh = now.lengths.map((length, at) => `${sent.length + at}:${'x'.repeat(length)}\n`);
              sent.push(...fresh);
              const lent = Buffer.from(fresh.join(''));
              const taken = stdout.write({ lines: lent, messages: fresh.length });
              if (taken === undefined) lent.fill('#');
              else void taken.then(() => lent.fill('#'));
            } else if (now.do === 'make room') reader.room = now.bytes;
            else if (now.do === 'finish a chunk') reader.finishChunk();
            else await settle(1);
          }
          reader.room = Number.MAX_SAFE_INTEGER;
          while (reader.finishChunk() || stdout.stats().waiting > 0) await settle(1);
          await stdout.close();
          const out = reader.text.split('\n').map((line) => `${line}\n`);
          expect(out.pop()).toBe('\n');
          const { accepted, delivered, dropped, droppedBy } = stdout.stats();
          expect(sent.filter((line) => out.includes(line))).toEqual(out);
          expect([accepted, delivered]).toEqual([sent.length, out.length]);
          expect(dropped).toBe(droppedBy.overflow ?? 0);
          expect(delivered + dropped).toBe(accepted);
          if (lossless) expect(dropped).toBe(0);
        }),
        { numRuns: 150 },
      );
    });
  }
});
