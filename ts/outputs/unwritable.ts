/** A file that cannot be written, as an error that says what to do. */

import { dirname } from 'node:path';
import { ENGINE_ERROR_CODES, EngineError } from '../errors';

/** By the system's reason. */
const ADVICE: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `make the folder '${dirname(path)}', or name another file`,
  ENOTDIR: (path) => `'${dirname(path)}' is not a folder; name another file`,
  EISDIR: () => 'it is a folder; name a file in it',
  EACCES: () => 'name a file in a folder in which this user may write',
  EROFS: () => 'name a file in a folder in which this user may write',
};

/** `what`: `the HAR file`. */
export function unwritable(what: string, path: string, cause: unknown): EngineError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const advice = Object.hasOwn(ADVICE, code) ? `; ${ADVICE[code]?.(path)}` : '';
  const words = `cannot write ${what} '${path}': ${message}${advice}`;
  return new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, words, { cause });
}
