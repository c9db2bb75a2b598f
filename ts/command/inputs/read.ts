/** The bytes of a file or of stdin, once or as long as they come. */

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpacked } from './unpacked';

const CHUNK_BYTES = 256 * 1024;
/** How soon what is added to a file is seen. */
const POLL_MS = 200;

/** Unpacked, if it is packed. */
export function bytesOf(path: string, signal: AbortSignal): AsyncIterable<Buffer> {
  if (path !== '-') return unpacked(createReadStream(path, { highWaterMark: CHUNK_BYTES, signal }));
  signal.addEventListener('abort', () => process.stdin.destroy(), { once: true });
  return unpacked(process.stdin);
}

/** The file from its beginning, then what is added to it, until it is cut off or `signal` says so. */
export async function* follow(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    for (let position = 0; !signal.aborted; ) {
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
      position += bytesRead;
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
      else if ((await file.stat()).size < position) throw new Error('it was cut off while it was followed');
      else await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    }
  } finally {
    await file.close();
  }
}
