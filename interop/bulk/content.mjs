// The messages of a bulk run: the n-th is a function of n, here and in peers/websockets_peer.py.
import { createHash } from 'node:crypto';

/** Every so many messages one is empty, one takes several packets and frames, and one is binary. */
const EMPTY_EVERY = 97;
const LARGE_EVERY = 1009;
const BINARY_EVERY = 5;
const LARGE_BYTES = 70_000;

export function messageOf(n) {
  const unit = Buffer.from(`${n} ä€ `);
  const size = n % EMPTY_EVERY === 0 ? 0 : n % LARGE_EVERY === 0 ? LARGE_BYTES : (n * 31) % 400;
  const bytes = Buffer.concat(Array.from({ length: Math.ceil(size / unit.length) }, () => unit));
  const isBinary = n % BINARY_EVERY === 0;
  return { isBinary, bytes: isBinary ? bytes.reverse() : bytes };
}

/** Messages in their order, as their number and one hash over all of them. */
export class Fold {
  #hash = createHash('sha256');
  count = 0;

  add(bytes, isBinary) {
    const head = Buffer.alloc(5);
    head.writeUInt8(isBinary ? 1 : 0, 0);
    head.writeUInt32BE(bytes.length, 1);
    this.#hash.update(head).update(bytes);
    this.count++;
  }

  /** For a message of JSON. */
  end() {
    return { count: this.count, sha256: this.#hash.digest('hex') };
  }
}

/** The hash over all that a peer sends which sends the first `count` messages. */
export function foldOf(count, isBinary = (message) => message.isBinary) {
  const fold = new Fold();
  for (let n = 0; n < count; n++) {
    const message = messageOf(n);
    fold.add(message.bytes, isBinary(message));
  }
  return fold.end();
}

/** The answer to the n-th request. */
export const answerOf = (n) => messageOf(7 * n + 3).bytes;
