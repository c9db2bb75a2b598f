/** A file that is there whole or not at all: it has another name next to it until then. A file of another kind is never replaced. */

import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
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
    head = headOf(path, HEAD_BYTES).toString();
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    throw refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  if (!pattern.test(head)) throw refuse(`is no ${name}, and would be lost; remove it, or name another file`);
}

/** The first bytes of a file. @throws {Error} */
export function headOf(path: string, bytes: number): Buffer {
  const head = Buffer.alloc(bytes);
  const fd = openSync(path, 'r');
  try {
    return head.subarray(0, readSync(fd, head, 0, bytes, 0));
  } finally {
    closeSync(fd);
  }
}

/** A file as long as it is not whole: it is there from the beginning, and nothing else has its name. */
export class PartialFile {
  readonly path: string;
  /** What it becomes. */
  readonly whole: string;

  /** A link stays, and its file is replaced. @throws {Error} */
  constructor(path: string, mode: number) {
    this.whole = realPath(path);
    this.path = `${this.whole}.${process.pid}.partial`;
    closeSync(openSync(this.path, 'wx', mode));
  }

  /** It is whole. @throws {Error} */
  finish(): void {
    renameSync(this.path, this.whole);
  }

  /** Never throws: it is called where something else went wrong. */
  discard(): void {
    try {
      rmSync(this.path, { force: true });
    } catch {
      // It stays; its name says that it is not whole.
    }
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Nothing is there yet.
    return path;
  }
}

/** `mode`: of a new file; with `keepsMode` one that is there keeps its own, and its owner. @throws {Error} */
export function writeWhole(path: string, text: string, kind: FileKind, mode: number, { keepsMode = false } = {}): void {
  const status = statSync(path, { throwIfNoEntry: false });
  // A pipe or a device is written as it is.
  if (status !== undefined && !status.isFile()) {
    writeFileSync(path, text);
    return;
  }
  const kept = keepsMode ? status : undefined;
  const partial = new PartialFile(path, kept === undefined ? mode : MODE_OF_OWNER);
  try {
    writeFileSync(partial.path, text);
    if (kept !== undefined) keep(kept, partial.path);
    // Another program may have written it meanwhile.
    refuseOthers(path, kind);
    partial.finish();
  } catch (error) {
    partial.discard();
    throw error;
  }
}

function keep({ uid, gid, mode }: Stats, path: string): void {
  try {
    chownSync(path, uid, gid);
  } catch {
    // Only root may give a file away: it is the user's own then.
  }
  chmodSync(path, mode & PERMISSIONS);
}
