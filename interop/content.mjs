// The bodies of the exchanges: functions of an id and a size, so that a server in any language makes them in a line, and a
// body that came out under another exchange's id is told apart.
import { createHash } from 'node:crypto';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** The body that a server answers with: the id and a line feed, again and again, cut to `size` bytes. */
export function answered(id, size) {
  const line = Buffer.from(`${id}\n`);
  return Buffer.alloc(size, line);
}

/** The body that a client sends: the id, then bytes that are not text. */
export function uploaded(id, size) {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (const character of id) state = (Math.imul(state, 31) + character.charCodeAt(0)) >>> 0;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  bytes.write(`${id}\n`);
  return bytes;
}
