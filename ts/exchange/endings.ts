/**
 * Exchanges that are over without a response. In: what the engine tells of them, which may come before their requests. Out: how that of an
 * id ended, for who settles a request without a response. Bounded: the newest are known, of those that are not left out.
 */

import type { UnansweredExchange } from '../types';

const MAX_ENDINGS = 10_000;

export interface Ending {
  /** For people. */
  words: string;
  /** The same where there is room for 13 characters. */
  brief: string;
  /** As a response is said to be incomplete by that, or the code of the reset. */
  type: string;
  /** When that was, in µs since the epoch, if it is known. */
  atMicros?: number;
}

const CONNECTIONS: Readonly<Record<string, Ending>> = {
  closed: { words: 'connection closed', brief: 'conn. closed', type: 'closed' },
  reset: { words: 'connection reset', brief: 'conn. reset', type: 'reset' },
};

/** From `atMs`, when the exchange began, to its end, if that is known. Never negative. */
export function lastedMs(ending: Pick<Ending, 'atMicros'> | undefined, atMs: number): number | undefined {
  return ending?.atMicros === undefined ? undefined : Math.max(0, Math.round(ending.atMicros - atMs * 1_000) / 1_000);
}

type Watcher = (id: string, exchange: UnansweredExchange) => void;

export class Endings {
  readonly #byId = new Map<string, string>();
  readonly #watchers = new Set<Watcher>();

  /** Calls it for each that comes from now on, until what is returned is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * By ids: who reset the stream, `client` or `server`, and perhaps with which code; or what became of the connection, `closed` or `reset`,
   * and perhaps by whom. After an `@` when that was, in µs.
   */
  note(endings: Readonly<Record<string, string>>): void {
    for (const [id, how] of Object.entries(endings)) {
      this.#byId.set(id, how);
      const [oldest] = this.#byId.keys();
      if (this.#byId.size > MAX_ENDINGS && oldest !== undefined) this.#byId.delete(oldest);
      for (const watch of this.#watchers) watch(id, exchangeOf(id, how));
    }
  }

  /** The exchange is left out, so it is not asked for. */
  forget(id: string): void {
    this.#byId.delete(id);
  }

  /** Of an exchange that is over, as far as is known. */
  of(id: string): Ending | undefined {
    const how = this.#byId.get(id);
    if (how === undefined) return undefined;
    const { first, second, micros } = read(how);
    const connection = CONNECTIONS[first];
    const ending = connection === undefined ? ofStream(first, second) : ofConnection(connection, second);
    return micros === undefined ? ending : { ...ending, atMicros: Number(micros) };
  }
}

/** As `note` takes it. */
function read(how: string): { first: string; second: string | undefined; micros: string | undefined } {
  const [words = '', micros] = how.split('@');
  const [first = '', second] = words.split(' ');
  return { first, second, micros };
}

function exchangeOf(id: string, how: string): UnansweredExchange {
  const { first, second, micros } = read(how);
  const isOfConnection = first === 'closed' || first === 'reset';
  const by = isOfConnection ? second : first;
  return {
    id,
    ended: isOfConnection ? first : 'streamReset',
    ...(isSide(by) && { by }),
    ...(!isOfConnection && second !== undefined && { errorCode: second }),
    ...(micros !== undefined && { timestamp: new Date(Number(micros) / 1_000).toISOString() }),
  };
}

function isSide(word: string | undefined): word is 'client' | 'server' {
  return word === 'client' || word === 'server';
}

function ofConnection(ending: Ending, by: string | undefined): Ending {
  return by === undefined ? ending : { ...ending, words: `${ending.words} by the ${by}` };
}

function ofStream(by: string, code: string | undefined): Ending {
  const words = `reset by the ${by}`;
  if (code === undefined) return { words, brief: 'stream reset', type: 'reset' };
  return { words: `${words} with ${code}`, brief: code, type: code };
}
