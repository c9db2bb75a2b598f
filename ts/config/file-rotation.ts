/** `outputFileRotation`: when an output file is finished, and what becomes of it then; how its text is read. */

import type { FileCompression, FileRotation } from '../types';
import { type Check, integer, oneOf, parts } from './checks';
import { checkCompression } from './compression';
import { MAX_TIMER_MS } from './limits';
import { list, number, size } from './texts';

/** Smaller files would be finished faster than their names, which are times, can differ. */
const MIN_FILE_BYTES = 65_536;

const COMPRESSIONS: readonly FileCompression[] = ['none', 'gzip', 'zstd'];
const checkKnown = oneOf(COMPRESSIONS);

const checkFileCompression: Check<FileCompression> = (value, field, production) => {
  const compression = checkKnown(value, field, production);
  checkCompression(compression, field);
  return compression;
};

/** With these the files together take some GiB at most: 11 of 100 MiB. */
export const DEFAULT_FILE_ROTATION: Readonly<FileRotation> = Object.freeze({
  maxBytes: 104_857_600,
  maxAgeMs: 0,
  maxFiles: 10,
  compression: 'none',
});

export const checkFileRotation = parts<FileRotation>(
  {
    maxBytes: integer(MIN_FILE_BYTES),
    maxAgeMs: integer(0, MAX_TIMER_MS),
    maxFiles: integer(1),
    compression: checkFileCompression,
  },
  DEFAULT_FILE_ROTATION,
);

const EXPECTED = 'must be parts such as maxBytes=100MiB,maxAgeMs=3600000,maxFiles=10,compression=gzip';

export function parseFileRotation(value: string): unknown {
  return Object.fromEntries(
    list(value).map((part) => {
      const [name = '', text, more] = part.split('=').map((half) => half.trim());
      if (name === '' || text === undefined || more !== undefined) throw new Error(EXPECTED);
      if (name === 'compression') return [name, text];
      return [name, name === 'maxBytes' ? size(text) : number(text)];
    }),
  );
}
