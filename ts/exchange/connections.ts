/** Of which connections lines are, by their ids. In: the lines of batches. Out: for each input a bitmap of its connections. */

import { lineEnd } from './lines';

/** As the engine writes it, and before that the number of its input where there are several. */
const HEAD = /^\{(?:"stream":"[a-z]+",)?"id":"([\d/]+)\./;
const ID = /^(?:(\d+)\/)?(\d+)$/;
/** Where an id ends at the latest. */
const MAX_HEAD_BYTES = 96;
const FIRST_BYTES = 1024;
/** The engine has a bit for each too. */
const MAX_CONNECTIONS = 2 ** 32;

export class Connections {
  /** By the index of the input. */
  readonly #bitmaps: Buffer[] = [];
  #last = '';

  read(lines: Buffer): void {
    for (let start = 0; start < lines.length; ) {
      const end = lineEnd(lines, start);
      const [, connection = ''] =
        HEAD.exec(lines.toString('latin1', start, Math.min(end, start + MAX_HEAD_BYTES))) ?? [];
      this.#add(connection);
      start = end;
    }
  }

  /** The connection of the exchange with this id. */
  add(id: string): void {
    this.#add(id.slice(0, id.lastIndexOf('.')));
  }

  /** The lowest bit of the first byte is 0. */
  of(input: number): Buffer {
    return this.#bitmaps[input] ?? Buffer.alloc(0);
  }

  #add(connection: string): void {
    // Messages of one connection follow each other.
    if (connection === this.#last && connection !== '') return;
    const [id, input = '1', text = ''] = ID.exec(connection) ?? [];
    if (id === undefined) throw new Error('a line without the id of a connection');
    this.#last = connection;
    const [index, number] = [Number(input) - 1, Number(text)];
    if (number >= MAX_CONNECTIONS) throw new Error(`more than ${MAX_CONNECTIONS} connections`);
    const byte = Math.floor(number / 8);
    let bitmap = this.of(index);
    if (byte >= bitmap.length) {
      bitmap = Buffer.concat([bitmap], Math.max(FIRST_BYTES, 2 * bitmap.length, byte + 1));
      this.#bitmaps[index] = bitmap;
    }
    bitmap[byte] = (bitmap[byte] ?? 0) | (1 << (number % 8));
  }
}
