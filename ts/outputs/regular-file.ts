/** A regular file, opened for writing at positions. Its content stays until the file is cut. */

import { closeSync, constants, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** Without O_NONBLOCK the open of a FIFO without a reader would hold the process, signals and all (`fifo(7)`). */
const OPEN_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK;
/** Bodies and headers are in it, so that only its owner may read it (`open(2)`; an existing file keeps its own mode). */
const MODE = 0o600;

const NO_FILE = 'it is not a regular file, and is written at positions';

/** @throws {Error} */
function openRegularFile(path: string): { fd: number; isNew: boolean } {
  const isNew = !existsSync(path);
  const fd = open(path);
  if (fstatSync(fd).isFile()) return { fd, isNew };
  closeSync(fd);
  throw new Error(NO_FILE);
}

/** The files that may be replaced: how they begin, and what they are called. */
interface Replaceable {
  head: RegExp;
  name: string;
}

/** More than any tool puts before what tells the kind. */
const HEAD_BYTES = 4_096;

/** The same, if it is empty or of that kind: another would be lost. @throws {Error} */
export function openReplaceableFile(path: string, { head, name }: Replaceable): { fd: number; isNew: boolean } {
  const file = openRegularFile(path);
  try {
    const found = headOf(path);
    if (found === '' || head.test(found)) return file;
    throw new Error(`there is a file that is not a ${name}, which would be lost; remove it, or name another file`);
  } catch (error) {
    closeSync(file.fd);
    throw error;
  }
}

function headOf(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.toString('utf8', 0, readSync(fd, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    return openSync(path, OPEN_FLAGS, MODE);
  } catch (error) {
    // A FIFO without a reader, a socket, a device that is not there (`open(2)`).
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') throw new Error(NO_FILE, { cause: error });
    throw error;
  }
}
