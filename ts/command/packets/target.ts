/**
 * The file that packets are written to: under another name next to it, until it is whole. A file that was there before stays
 * until then, and must have been a pcapng.
 */

import { statSync } from 'node:fs';
import { headOf, PartialFile, refuseDangling } from '../whole-file';

/** Bodies and headers are in it, so that only its owner may read it. */
const MODE = 0o600;
const PCAPNG = Buffer.from([0x0a, 0x0d, 0x0d, 0x0a]);

const NO_PCAPNG = 'there is a file that is not a pcapng, which would be lost; remove it, or name another file';

export class Target {
  readonly #partial: PartialFile;
  readonly #discard = (): void => this.discard();
  #isThere = true;

  /** @throws {Error} what is wrong */
  constructor(path: string) {
    if (path === '-' || path === '/dev/stdout') throw new Error('names a file; stdout has the messages');
    refuseOthers(path);
    this.#partial = new PartialFile(path, MODE);
    process.once('exit', this.#discard);
  }

  /** Where the packets are until they are all there. */
  get path(): string {
    return this.#partial.path;
  }

  /** The same file for the engine, which opens it late: whatever has its name by then (proc_pid_fd(5)). */
  get opened(): string {
    return `/proc/self/fd/${this.#partial.fd}`;
  }

  /**
   * It has all packets.
   * @throws {Error} if another file is there by now
   */
  finish(): void {
    refuseOthers(this.#partial.whole);
    this.#partial.finish();
    this.#isThere = false;
    process.off('exit', this.#discard);
  }

  /** Never throws: it is called where something else went wrong. */
  discard(): void {
    if (!this.#isThere) return;
    this.#isThere = false;
    process.off('exit', this.#discard);
    this.#partial.discard();
  }
}

function refuseOthers(path: string): void {
  refuseDangling(path);
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (!status.isFile()) throw new Error('it is not a regular file');
  const head = headOf(path, PCAPNG.length);
  if (head.length > 0 && !head.equals(PCAPNG)) throw new Error(NO_PCAPNG);
}
