/** The readers of `messages()`, which may come and go at any time. */

import { isOfStream, linesOf } from '../../exchange/lines';
import { LimitedLine } from '../../logger';
import type { OutputKind } from '../kind';
import { type Batch, Tally } from '../output';
import { MAX_READER_BYTES } from './readers';

export const iterator: OutputKind = {
  dropReasons: ['overflow', 'closed', 'invalid'],
  always: true,
  create({ readers, config, lossless, log, deps: { now } }) {
    const tally = new Tally();
    const overflows = new LimitedLine(log.warn, now);
    const invalid = new LimitedLine(log.error, now);
    readers.begin({
      lossless,
      tally,
      maxBytes: MAX_READER_BYTES,
      onOverflow: () =>
        overflows.write(
          { output: 'iterator', dropped: tally.droppedFor('overflow') },
          'a reader of messages() is slower than the traffic: the oldest waiting messages were dropped',
        ),
      onInvalid: (bytes) =>
        invalid.write({ output: 'iterator', bytes }, 'the engine wrote a line that is not JSON; it was dropped'),
    });
    return {
      name: 'iterator',
      get isUnused() {
        return !readers.isUsed;
      },
      async write(batch) {
        const own = config.streamMessages ? withoutStreams(batch) : batch;
        if (own.messages > 0) await readers.push(own);
      },
      limitDrain: () => readers.letGo(),
      // Messages that wait can be read after the run too.
      async close() {},
      stats: () => tally.stats(),
    };
  },
};

/** Messages inside streams are for listeners of their own event. */
function withoutStreams({ lines }: Batch): Batch {
  const own = [...linesOf(lines)].filter((line) => !isOfStream(line));
  return { lines: Buffer.concat(own.flatMap((line) => [Buffer.from(line), LINE_FEED_BYTES])), messages: own.length };
}

const LINE_FEED_BYTES = Buffer.from('\n');
