/** Inputs that are packed by gzip or zstd, told by their first bytes. In: bytes. Out: what was packed. */

import { pipeline, Readable, type Transform } from 'node:stream';

type Packing = 'gzip' | 'zstd';

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Those of zstd came with Node.js 22.15. */
interface WithZstd {
  zstdDecompressSync?(bytes: Buffer, options: { finishFlush: number; maxOutputLength: number }): Buffer;
  createZstdDecompress?(): Unpack;
  constants: { ZSTD_e_flush?: number };
}
type Unpack = Transform & { readonly bytesWritten: number };
/** Loaded by who unpacks. */
const zlib = (): typeof import('node:zlib') & WithZstd => require('node:zlib');

export function packingOf(bytes: Buffer): Packing | undefined {
  if (bytes.subarray(0, GZIP.length).equals(GZIP)) return 'gzip';
  return bytes.subarray(0, ZSTD.length).equals(ZSTD) ? 'zstd' : undefined;
}

/** Some KiB of zstd may be GiB of zeros. */
const MAX_HEAD_BYTES = 4 * 1024 * 1024;
/** A file that unpacks to more than that is looked at in as few bytes: of gzip they cannot be more, and a block of zstd is in them. */
const SHORT_HEAD_BYTES = 2 * 1024;

/**
 * Of the first bytes of a file as much as they hold, unpacked if they are packed; `undefined` if they cannot be unpacked here, or are
 * made to be much.
 */
export function plainHead(bytes: Buffer): Buffer | undefined {
  const packing = packingOf(bytes);
  if (packing === undefined) return bytes;
  try {
    return unpackHead(packing, bytes);
  } catch (error) {
    const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return isLarge && bytes.length > SHORT_HEAD_BYTES ? plainHead(bytes.subarray(0, SHORT_HEAD_BYTES)) : undefined;
  }
}

function unpackHead(packing: Packing, bytes: Buffer): Buffer | undefined {
  const { constants, gunzipSync, zstdDecompressSync } = zlib();
  const maxOutputLength = MAX_HEAD_BYTES;
  if (packing === 'gzip') return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength });
  return zstdDecompressSync?.(bytes, { finishFlush: constants.ZSTD_e_flush ?? 1, maxOutputLength });
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
