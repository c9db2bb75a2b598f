/**
 * Savefiles whose packets are copied after they were read. In: their names before that, and later the numbers of connections. Out: a
 * pcapng. Refuses a savefile that is not what it was: its connections would be others.
 */

import { statSync } from 'node:fs';
import { ENGINE_ERROR_CODES, EngineError } from '../errors';
import { type CaptureOptions, type Extracted, extractPackets } from '../native';
import type { Connections } from './connections';

export class Savefiles {
  readonly #paths: readonly string[];
  readonly #identities: readonly string[];

  /** In the order of their numbers in ids. */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.#identities = paths.map(identityOf);
  }

  get paths(): readonly string[] {
    return this.#paths;
  }

  /**
   * To a file that is there. `options` are those with which the savefiles were read.
   * @throws {EngineError}
   */
  async copy(
    options: CaptureOptions,
    connections: Connections,
    file: string,
    withSecrets: boolean,
  ): Promise<Extracted> {
    this.#refuseChanged();
    const wanted = this.#paths.map((pcapFile, index) => ({ pcapFile, connections: connections.of(index) }));
    const extracted = await extractPackets(options, wanted, file, withSecrets);
    this.#refuseChanged();
    return extracted;
  }

  #refuseChanged(): void {
    const changed = this.#paths.find((path, index) => identityOf(path) !== this.#identities[index]);
    if (changed === undefined) return;
    const what = 'it was written to, or another file has its name';
    const message = `savefile '${changed}' has changed since it was read: ${what}; read it again`;
    throw new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, message);
  }
}

/** Tells a file from another, and from itself once it was written to; empty if the file is not there. */
function identityOf(path: string): string {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (status === undefined) return '';
  return [status.dev, status.ino, status.size, status.mtimeNs].join(' ');
}
