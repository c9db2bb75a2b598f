/**
 * The open connections of a server, by kind: what each of them is doing. Each kind has a cap; when it is reached, the oldest
 * connection of that kind is closed. So a new connection always has room, and a silent one takes no room from a connection that
 * is served.
 */

import type { Socket } from 'node:net';

export class Connections<Kind extends string> {
  readonly #caps: Readonly<Record<Kind, number>>;
  readonly #onEvicted: (socket: Socket) => void;
  readonly #kinds = new Map<Socket, Kind>();
  /** The connections of each kind, in the order in which they became of that kind. */
  readonly #ofKind = new Map<Kind, Set<Socket>>();

  /** `onEvicted` is called before a connection is closed to make room. */
  constructor(caps: Readonly<Record<Kind, number>>, onEvicted: (socket: Socket) => void = () => {}) {
    this.#caps = caps;
    this.#onEvicted = onEvicted;
  }

  /** The connection is of that kind from now on, and its youngest. A connection that has closed is not taken in. */
  put(socket: Socket, kind: Kind): void {
    if (socket.destroyed) return;
    if (!this.#kinds.has(socket)) socket.once('close', () => this.#forget(socket));
    this.#forget(socket);
    this.#kinds.set(socket, kind);
    const alike = this.#alike(kind);
    alike.add(socket);
    if (alike.size <= this.#caps[kind]) return;
    const [oldest] = alike;
    if (oldest === undefined) return;
    this.#onEvicted(oldest);
    this.#end(oldest);
  }

  /** `undefined` for a connection that was never put here or has been closed. */
  kindOf(socket: Socket): Kind | undefined {
    return this.#kinds.get(socket);
  }

  /** Closes the connections of these kinds; without a kind, all. */
  end(...kinds: Kind[]): void {
    for (const [socket, kind] of this.#kinds) {
      if (kinds.length === 0 || kinds.includes(kind)) this.#end(socket);
    }
  }

  #end(socket: Socket): void {
    this.#forget(socket);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    const kind = this.#kinds.get(socket);
    if (kind === undefined) return;
    this.#kinds.delete(socket);
    this.#alike(kind).delete(socket);
  }

  #alike(kind: Kind): Set<Socket> {
    const known = this.#ofKind.get(kind);
    if (known !== undefined) return known;
    const made = new Set<Socket>();
    this.#ofKind.set(kind, made);
    return made;
  }
}

/** No two open connections of a server have the same. */
export function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
