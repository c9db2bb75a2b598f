/** Ids that stay distinct where the lines of several runs, pods or containers are read as one text. */

import type { Message } from './message';

/** Connections that are told apart; past it the oldest is forgotten. */
const MAX_CONNECTIONS = 100_000;

export class Names {
  /** By what is before an id's last point: those that have it, the first as it is. */
  readonly #known = new Map<string, string>();
  readonly #taken = new Map<string, number>();

  /** The id of a message that stood after `prefix` on its line. */
  idOf({ id, receiver, destination }: Message, prefix: string): string {
    const end = id.lastIndexOf('.');
    const connection = end === -1 ? id : id.slice(0, end);
    const key = [connection, receiver.ip, receiver.port, destination.ip, destination.port, prefix].join(' ');
    let name = this.#known.get(key);
    if (name === undefined) {
      const before = this.#taken.get(connection) ?? 0;
      this.#taken.delete(connection);
      this.#taken.set(connection, before + 1);
      name = before === 0 ? connection : `${connection}-${before + 1}`;
      this.#known.set(key, name);
      forgetOldest(this.#known);
      forgetOldest(this.#taken);
    }
    return name === connection ? id : `${name}${id.slice(connection.length)}`;
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size <= MAX_CONNECTIONS) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
