/** Inputs that are packed by gzip or zstd, told by their first bytes. In: bytes. Out: what was packed. */

import { pipeline, Readable, type Transform } from 'node:stream';

export type Packing = 'gzip' | 'zstd';

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Those of zstd came with Node.js 22.15. */
interface WithZstd {
  zstdDecompressSync?(bytes: Buffer, options: { finishFlush: number }): Buffer;
  createZstdDecompress?(): Transform;
  constants: { ZSTD_e_flush?: number };
}
/** Loaded by who unpacks. */
const zlib = (): typeof import('node:zlib') & WithZstd => require('node:zlib');

export function packingOf(bytes: Buffer): Packing | undefined {
  if (bytes.subarray(0, GZIP.length).equals(GZIP)) return 'gzip';
  return bytes.subarray(0, ZSTD.length).equals(ZSTD) ? 'zstd' : undefined;
}

/** Of the first bytes of a packed file as much as they hold; `undefined` if they cannot be unpacked here. */
export function unpackHead(bytes: Buffer): Buffer | undefined {
  try {
    const { constants, gunzipSync, zstdDecompressSync } = zlib();
    if (packingOf(bytes) === 'gzip') return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    return zstdDecompressSync?.(bytes, { finishFlush: constants.ZSTD_e_flush ?? 1 });
  } catch {
    return undefined;
  }
}

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
    // An error of either comes out of the loop below.
    pipeline(Readable.from(rest(head, pieces), { objectMode: false }), unpack, () => {});
    for await (const bytes of unpack) yield bytes as Buffer;
  }
}

async function* rest(head: Buffer, pieces: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
}

function createUnpack(packing: Packing): Transform {
  const { createGunzip, createZstdDecompress } = zlib();
  if (packing === 'gzip') return createGunzip();
  if (createZstdDecompress === undefined)
    throw new Error('to unpack zstd here needs Node.js 22.15 or later; zstd -dc FILE | tcp-sniffer --read -');
  return createZstdDecompress();
}
