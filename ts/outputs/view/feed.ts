/**
 * Rows to every page that is open, as server-sent events (WHATWG HTML §9.2). In: a ring that changes. Out: batches of rows, at
 * most ten a second, and the state of the capture once a second. A page that reads slowly gets its rows later, and never more
 * than are current; nothing waits for it.
 */

import type { ServerResponse } from 'node:http';
import type { Schedule } from '../output';
import type { Ring } from './ring';
import type { Row, State } from './shapes';

const TICK_MS = 100;
const STATE_MS = 1_000;
/** Rows of one event: some 600 kB. */
const MAX_ROWS_AT_ONCE = 2_000;
/** And their bytes, but for the last row: nothing more waits for a page that does not read. */
export const MAX_EVENT_BYTES = 1024 * 1024;
/** A page that has not read for so long is gone, or its machine sleeps; it asks again by itself. */
const MAX_SILENT_MS = 60_000;

interface Client {
  readonly response: ServerResponse;
  /** All changes up to there were sent. */
  version: number;
  /** It has not taken what it was sent. */
  full: boolean;
  lastTaken: number;
  /** The state that it has. */
  state: string;
}

interface FeedOptions {
  ring: Ring;
  state(): State;
  schedule: Schedule;
  now(): number;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #clients = new Set<Client>();
  #cancel: (() => void) | undefined;
  #nextState = Number.NEGATIVE_INFINITY;
  /** Pages that were disconnected since they did not read. */
  silenced = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** `version`: what the page has already. */
  open(response: ServerResponse, version: number): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.socket?.setTimeout(0);
    const client: Client = { response, version, full: false, lastTaken: this.#options.now(), state: '' };
    response.on('close', () => this.#clients.delete(client));
    response.on('drain', () => {
      client.full = false;
      client.lastTaken = this.#options.now();
      this.#sendRows(client);
    });
    this.#clients.add(client);
    this.#send(client, 'retry: 1000\n\n');
    // The state comes after all rows: the page of a capture that has ended asks for no more.
    this.#sendRows(client);
    this.#sendState(client, JSON.stringify(this.#options.state()));
    this.#arm();
  }

  /** Tells every page how it stands now. */
  flush(): void {
    const state = JSON.stringify(this.#options.state());
    for (const client of this.#clients) {
      this.#sendRows(client);
      this.#sendState(client, state);
    }
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const { response } of this.#clients) response.end();
    this.#clients.clear();
  }

  #arm(): void {
    if (this.#cancel !== undefined || this.#clients.size === 0) return;
    this.#cancel = this.#options.schedule(TICK_MS, () => {
      this.#cancel = undefined;
      this.#tick();
      this.#arm();
    });
  }

  #tick(): void {
    const now = this.#options.now();
    const state = now >= this.#nextState ? JSON.stringify(this.#options.state()) : undefined;
    if (state !== undefined) this.#nextState = now + STATE_MS;
    for (const client of this.#clients) {
      if (client.full && now - client.lastTaken > MAX_SILENT_MS) {
        this.silenced++;
        this.#clients.delete(client);
        client.response.destroy();
        continue;
      }
      this.#sendRows(client);
      if (state !== undefined) this.#sendState(client, state);
    }
  }

  #sendRows(client: Client): void {
    const { ring } = this.#options;
    while (!client.full && client.version < ring.version) {
      const texts: string[] = [];
      let bytes = 0;
      const take = (row: Row): boolean => {
        if (bytes >= MAX_EVENT_BYTES) return false;
        const text = JSON.stringify(row);
        bytes += Buffer.byteLength(text);
        texts.push(text);
        return true;
      };
      const { version } = ring.changedAfter(client.version, MAX_ROWS_AT_ONCE, take);
      client.version = version;
      if (texts.length === 0) break;
      this.#send(client, `id: ${version}\ndata: {"rows":[${texts}]}\n\n`);
    }
  }

  #sendState(client: Client, state: string): void {
    if (client.full || client.state === state) return;
    client.state = state;
    this.#send(client, `event: state\ndata: ${state}\n\n`);
  }

  #send(client: Client, text: string): void {
    if (client.response.write(text)) client.lastTaken = this.#options.now();
    else client.full = true;
  }
}
