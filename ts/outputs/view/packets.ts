/**
 * The packets of exchanges that the page has chosen. In: savefiles, and the ids of exchanges. Out: a pcapng in a file without a name, so
 * that nothing is left of it, whatever ends. One at a time, without the secrets of TLS.
 */

import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { type FileHandle, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connections } from '../../exchange/connections';
import type { Savefiles } from '../../exchange/savefiles';
import type { CaptureOptions } from '../../native';

/** Of the free space of the folder for temporary files, by the size of the savefiles: others need it too. */
const MAX_SHARE_OF_SPACE = 0.5;
const MODE = 0o600;

/** Why there are no packets. */
export class NoPackets extends Error {
  readonly status: number;

  /** `status`: of the answer to the page (RFC 9110 §15; 507: RFC 4918 §11.5). */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface PacketCopy {
  /** To be closed. */
  file: FileHandle;
  bytes: number;
}

export interface PacketCopiesOptions {
  savefiles: Pick<Savefiles, 'copy' | 'paths'>;
  /** As they were read. */
  capture: CaptureOptions;
  folder?: string;
}

export class PacketCopies {
  readonly #options: PacketCopiesOptions;
  #isBusy = false;

  constructor(options: PacketCopiesOptions) {
    this.#options = options;
  }

  /**
   * Of the whole connections of these exchanges.
   * @throws {NoPackets | EngineError}
   */
  async copy(ids: Iterable<string>): Promise<PacketCopy> {
    if (this.#isBusy) throw new NoPackets(409, 'packets are being saved already');
    this.#isBusy = true;
    try {
      return await this.#copy(ids);
    } finally {
      this.#isBusy = false;
    }
  }

  async #copy(ids: Iterable<string>): Promise<PacketCopy> {
    const { savefiles, capture, folder = tmpdir() } = this.#options;
    const connections = new Connections();
    for (const id of ids) connections.add(id);
    await refuseWithoutSpace(savefiles.paths, folder);
    const file = await openUnnamed(folder);
    try {
      const { bytes } = await savefiles.copy(capture, connections, `/proc/self/fd/${file.fd}`, false);
      return { file, bytes };
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

/** Its last reader takes it away. */
async function openUnnamed(folder: string): Promise<FileHandle> {
  const path = join(folder, `tcp-sniffer-${randomUUID()}`);
  const file = await open(path, 'wx+', MODE);
  try {
    await rm(path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The copy is hardly larger than what is copied from. */
async function refuseWithoutSpace(paths: readonly string[], folder: string): Promise<void> {
  const size = paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  const { bavail, bsize } = await statfs(folder);
  if (size > MAX_SHARE_OF_SPACE * bavail * bsize)
    throw new NoPackets(507, `there is not enough space in ${folder}; save them with -w FILE`);
}
