/** Inputs that are packed by gzip or zstd, told by their first bytes. In: these. Out: how, and what is packed in them. */

import type { Transform } from 'node:stream';

export type Packing = 'gzip' | 'zstd';

const GZIP = Buffer.from([0x1f, 0x8b]);
export const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Those of zstd came with Node.js 22.15. */
interface WithZstd {
  zstdDecompressSync?(bytes: Buffer, options: { finishFlush: number; maxOutputLength: number }): Buffer;
  createZstdDecompress?(): Unpack;
  constants: { ZSTD_e_flush?: number };
}
export type Unpack = Transform & { readonly bytesWritten: number };
/** Loaded by who unpacks. */
export const zlib = (): typeof import('node:zlib') & WithZstd => require('node:zlib');

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
