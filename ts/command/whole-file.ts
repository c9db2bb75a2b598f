/** A file that is there whole or not at all: it has another name next to it until then. A file of another kind is never replaced. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
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
const GROUP_BITS = 0o070;
const GROUP_SHIFT = 3;
/** In place of an owner that stays. */
const SAME_OWNER = -1;
/** Of the name: a process that was killed leaves its part, and in a container the next has the same number. */
const RANDOM_BYTES = 6;
const LEADS_NOWHERE = 'is a link to a file that is not there; remove it, or name the file';
/** Until it has those of the file that it replaces. */
const MODE_OF_OWNER = 0o600;

/** The files that may be replaced. */
export interface FileKind {
  /** How each of them begins. */
  head: RegExp;
  /** `document of OpenAPI` */
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
    if (status === undefined) refuseDangling(path);
    if (status?.isDirectory()) throw refuse('is a folder');
    if (status === undefined || !status.isFile() || status.size === 0) return;
    head = headOf(path, HEAD_BYTES).toString();
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    if (error instanceof DanglingLink) throw refuse(LEADS_NOWHERE);
    throw refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  if (!pattern.test(head)) throw refuse(`is not a ${name}, and would be lost; remove it, or name another file`);
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

/** A link to a file that is not there: replaced it would be no link, and followed it would make a file elsewhere. */
class DanglingLink extends Error {
  constructor() {
    super(`it ${LEADS_NOWHERE}`);
  }
}

/** @throws {DanglingLink} */
export function refuseDangling(path: string): void {
  const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  if (isThere && statSync(path, { throwIfNoEntry: false }) === undefined) throw new DanglingLink();
}

/** A file as long as it is not whole: it is there from the beginning, and nothing else has its name. */
export class PartialFile {
  readonly path: string;
  /** The path of the whole file that it becomes. */
  readonly whole: string;
  /** By its name another user, who may write to the folder, could have put a link there meanwhile. */
  readonly fd: number;
  #isOpen = true;

  /** A link stays, and its file is replaced. @throws {Error} */
  constructor(path: string, mode: number) {
    this.whole = realPath(path);
    this.path = `${this.whole}.${randomBytes(RANDOM_BYTES).toString('hex')}.partial`;
    this.fd = openSync(this.path, 'wx', mode);
  }

  /** Nothing more is written through `fd`. @throws {Error} */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.fd);
  }

  /** It is whole. @throws {Error} */
  finish(): void {
    this.close();
    renameSync(this.path, this.whole);
  }

  /** Never throws: it is called where something else went wrong. */
  discard(): void {
    try {
      this.close();
    } catch {
      // Its descriptor is released all the same.
    }
    try {
      rmSync(this.path, { force: true });
    } catch {
      // It stays; its name says that it is not whole.
    }
  }
}

function realPath(path: string): string {
  refuseDangling(path);
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // Nothing is there yet.
    return path;
  }
}

interface WholeOptions {
  /** A file that is there keeps its own mode, and its owner. */
  keepsMode?: boolean;
  chown?: typeof fchownSync;
}

/** `mode`: of a new file. @throws {Error} */
export function writeWhole(
  path: string,
  text: string,
  kind: FileKind,
  mode: number,
  { keepsMode = false, chown = fchownSync }: WholeOptions = {},
): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status !== undefined && !status.isFile()) {
    writeAsItIs(path, text);
    return;
  }
  const kept = keepsMode ? status : undefined;
  const partial = new PartialFile(path, kept === undefined ? mode : MODE_OF_OWNER);
  try {
    writeFileSync(partial.fd, text);
    if (kept !== undefined) fchmodSync(partial.fd, keepOwner(kept, partial.fd, chown));
    // Another program may have written it meanwhile.
    refuseOthers(path, kind);
    partial.finish();
  } catch (error) {
    partial.discard();
    throw error;
  }
}

/** A pipe or a device. */
function writeAsItIs(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY);
  try {
    if (fstatSync(fd).isFile()) throw new Error(`'${path}' was replaced by a file meanwhile`);
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Returns the mode that it may have: only root may give a file away, and another group must not get what the old one had. */
function keepOwner({ uid, gid, mode }: Stats, fd: number, chown: typeof fchownSync): number {
  const permissions = mode & PERMISSIONS;
  for (const owner of [uid, SAME_OWNER]) {
    try {
      chown(fd, owner, gid);
      return permissions;
    } catch {
      // It is the user's own then.
    }
  }
  return permissions & (~GROUP_BITS | (permissions << GROUP_SHIFT));
}
