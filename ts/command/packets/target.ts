/**
 * The file that packets are written to: under another name next to it, until it is whole. A file that was there before stays
 * until then, and must have been a pcapng.
 */

import { closeSync, lstatSync, openSync, readSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';

/** Bodies and headers are in it, so that only its owner may read it. */
const MODE = 0o600;
const PCAPNG = Buffer.from([0x0a, 0x0d, 0x0d, 0x0a]);

const NO_PCAPNG = 'there is a file that is no pcapng, which would be lost; remove it, or name another one';

export class Target {
  /** Where the packets go until they are all there. */
  readonly path: string;
  readonly #whole: string;
  readonly #discard = (): void => this.discard();
  #isThere = true;

  /** @throws {Error} what is wrong */
  constructor(path: string) {
    if (path === '-' || path === '/dev/stdout') throw new Error('names a file; stdout has the messages');
    this.#whole = realPath(path);
    refuseOthers(this.#whole);
    this.path = `${this.#whole}.${process.pid}.partial`;
    closeSync(openSync(this.path, 'wx', MODE));
    process.once('exit', this.#discard);
  }

  /**
   * It has all packets.
   * @throws {Error} if another file is there by now
   */
  finish(): void {
    refuseOthers(this.#whole);
    renameSync(this.path, this.#whole);
    this.#isThere = false;
    process.off('exit', this.#discard);
  }

  /** Never throws: it is called where something else went wrong. */
  discard(): void {
    if (!this.#isThere) return;
    this.#isThere = false;
    process.off('exit', this.#discard);
    try {
      rmSync(this.path, { force: true });
    } catch {
      // It stays; its name says that it is not whole.
    }
  }
}

/** A link stays, and what it leads to is replaced. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Nothing is there yet.
    return path;
  }
}

function refuseOthers(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
    throw new Error('it is a link to a file that is not there; remove it, or name the file');
  }
  if (!status.isFile()) throw new Error('it is no regular file');
  const head = Buffer.alloc(PCAPNG.length);
  const fd = openSync(path, 'r');
  try {
    const length = readSync(fd, head, 0, head.length, 0);
    if (length > 0 && !head.equals(PCAPNG)) throw new Error(NO_PCAPNG);
  } finally {
    closeSync(fd);
  }
}
