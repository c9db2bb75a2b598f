/** Compression that not every Node.js has. */

import { ValidationError } from '../errors';

/** @throws {ValidationError} where it is zstd and this Node.js has none */
export function checkCompression(compression: string, field: string): void {
  if (compression !== 'zstd') return;
  const { constants } = require('node:zlib') as typeof import('node:zlib');
  if ('ZSTD_c_compressionLevel' in constants) return;
  throw new ValidationError(field, 'compression=zstd needs Node.js 22.15 or later; there is compression=gzip');
}
