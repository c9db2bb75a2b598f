/** Inputs that are packed by gzip or zstd, to their end. In: bytes. Out: what was packed. */

import { pipeline, Readable } from 'node:stream';
import { type Packing, packingOf, type Unpack, ZSTD, zlib } from './packing';

/** The bytes as they are, or as they were before they were packed. */
export async function* unpacked(source: Readable): AsyncGenerator<Buffer> {
  const pieces = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head = Buffer.alloc(0);
  let isOver = false;
  while (head.length < ZSTD.length && !isOver) {
    const { value, done } = await pieces.next();
    if (done === true) isOver = true;
    else head = Buffer.concat([head, value]);
  }
  const packing = packingOf(head);
  if (packing === undefined) yield* rest(head, pieces);
  else {
    const unpack = createUnpack(packing);
    let given = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const bytes of rest(head, pieces)) {
        given += bytes.length;
        yield bytes;
      }
    };
    // An error of either comes out of the loop below.
    pipeline(Readable.from(counted(), { objectMode: false }), unpack, () => {});
    for await (const bytes of unpack) yield bytes as Buffer;
    // Node.js ends at the end of a frame, and says nothing of those that follow.
    if (packing === 'zstd' && unpack.bytesWritten < given)
      throw new Error(`it goes on after its first frame of zstd, where Node.js ends; ${INSTEAD}`);
  }
}

async function* rest(head: Buffer, pieces: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
}

const INSTEAD = 'zstd -dc FILE | tcp-sniffer --read -';

function createUnpack(packing: Packing): Unpack {
  const { createGunzip, createZstdDecompress } = zlib();
  if (packing === 'gzip') return createGunzip();
  if (createZstdDecompress === undefined)
    throw new Error(`to unpack zstd here needs Node.js 22.15 or later; ${INSTEAD}`);
  return createZstdDecompress();
}
