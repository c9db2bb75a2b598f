/** A file that is there whole or not at all: it has another name next to it until then. A file of another kind is never replaced. */

import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ValidationError } from '../errors';

/** A file of any kind that is known here says so early. */
const HEAD_BYTES = 4_096;
const PERMISSIONS = 0o777;
/** Until it has those of the file that it replaces. */
const MODE_OF_OWNER = 0o600;

/** The files that may be replaced. */
export interface FileKind {
  /** How each of them begins. */
  head: RegExp;
  /** `OpenAPI document` */
  name: string;
  /** The option that names the file. */
  field: string;
  flag: string;
}

/** Another file would be lost. @throws {ValidationError} */
export function refuseOthers(path: string, { head: pattern, name, field, flag }: FileKind): void {
  const refuse = (complaint: string): ValidationError => new ValidationError(field, `'${path}' ${complaint}`, flag);
  let head: string;
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined && !existsSync(dirname(path))) throw refuse('is in a folder that does not exist');
    if (status?.isDirectory()) throw refuse('is a folder');
    if (status === undefined || !status.isFile() || status.size === 0) return;
    const bytes = Buffer.alloc(HEAD_BYTES);
    const fd = openSync(path, 'r');
    head = bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
    closeSync(fd);
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    throw refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  if (!pattern.test(head)) throw refuse(`is no ${name}, and would be lost; remove it, or name another file`);
}

/** `mode`: of a new file; with `keepsMode` one that is there keeps its own. @throws {Error} */
export function writeWhole(path: string, text: string, kind: FileKind, mode: number, { keepsMode = false } = {}): void {
  const status = statSync(path, { throwIfNoEntry: false });
  // A pipe or a device is written as it is.
  if (status !== undefined && !status.isFile()) {
    writeFileSync(path, text);
    return;
  }
  // A link stays, and its file is replaced.
  const whole = status === undefined ? path : realpathSync(path);
  const partial = `${whole}.${process.pid}.partial`;
  try {
    const kept = keepsMode && status !== undefined ? status.mode & PERMISSIONS : undefined;
    writeFileSync(partial, text, { mode: kept === undefined ? mode : MODE_OF_OWNER, flag: 'wx' });
    if (kept !== undefined) chmodSync(partial, kept);
    // Another program may have written it meanwhile.
    refuseOthers(path, kind);
    renameSync(partial, whole);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
