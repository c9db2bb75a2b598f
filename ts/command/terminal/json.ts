/**
 * JSON on its way to a terminal: what the terminal would obey is escaped, and the JSON says the same. Whole lines in, the same
 * lines out.
 */

import { Writable } from 'node:stream';

/** Outside of strings there are no such bytes. JSON has to escape the controls below U+0020 alone (RFC 8259 §7). */
const OBEYED = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu;

function escapedJson(lines: string): string {
  return lines.replace(OBEYED, (character) => character.split('').map(escaped).join(''));
}

/** A character beyond U+FFFF has two units, and an escape for each. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

export class JsonOnTerminal extends Writable {
  readonly #terminal: Writable;

  constructor(terminal: Writable) {
    super({ decodeStrings: true });
    this.#terminal = terminal;
    // After the last line there may be no other listener.
    this.on('error', () => {});
  }

  override _write(lines: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#terminal.write(escapedJson(lines.toString()), done);
  }
}
