/**
 * A HAR file that grows. In: entries. Out: a file that is a whole document after every write: each one puts the end of the
 * document after its entries, and the next one begins where that end stands. Refuses to know what an entry holds.
 */

import { closeSync, ftruncateSync, unlinkSync, writeSync, writev } from 'node:fs';
import { promisify } from 'node:util';
import { VERSION } from '../../version';
import { openReplaceableFile } from '../regular-file';
import { PAGE_ID } from './pages';

const writeAt = promisify(writev);

export const BEGIN = `{"log":{"version":"1.2","creator":{"name":"tcp-sniffer","version":"${VERSION}"},"entries":[`;
/** With or without a byte order mark, as each tool indents it. */
const HAR = { name: 'HAR', head: /^\ufeff?\s*\{\s*"log"\s*:/ };

export class HarFile {
  readonly #fd: number;
  readonly #path: string;
  readonly #isNew: boolean;
  /** Where the end of the document begins; 0 before `begin`. */
  #end = 0;
  /** Of the file. */
  #size = 0;
  #empty = true;
  #closed = false;
  /** When the first entry began; without entries, the capture. */
  #startedAt = new Date().toISOString();
  /** The end of the document as it stands in the file. */
  #endText = endOf(this.#startedAt);

  /** Opens it for writing; what is in it stays until `begin`. */
  constructor(path: string) {
    this.#path = path;
    const { fd, isNew } = openReplaceableFile(path, HAR);
    this.#fd = fd;
    this.#isNew = isNew;
  }

  /** From here on it is a HAR, without entries yet. */
  begin(): void {
    ftruncateSync(this.#fd, 0);
    const text = Buffer.from(BEGIN + this.#endText);
    for (let written = 0; written < text.length; ) {
      written += writeSync(this.#fd, text, written, text.length - written, written);
    }
    this.#end = BEGIN.length;
    this.#size = text.length;
  }

  /** JSON texts of entries, each in pieces, when the first of them began, and the pages, if there are several; one call at a time. */
  async append(entries: readonly (readonly (string | Buffer)[])[], startedAt: string, pages?: string): Promise<void> {
    if (entries.length === 0) return;
    // Exchanges are written as they become whole: an exchange that began before others may come after them.
    if (startedAt.length === this.#startedAt.length && (this.#empty || startedAt < this.#startedAt))
      this.#startedAt = startedAt;
    const end = endOf(this.#startedAt, pages);
    let buffers = joined(
      entries.flatMap((pieces, index) => [this.#empty && index === 0 ? '\n' : ',\n', ...pieces]).concat(end),
    );
    let position = this.#end;
    while (buffers.length > 0) {
      const { bytesWritten } = await writeAt(this.#fd, buffers, position);
      position += bytesWritten;
      buffers = behind(buffers, bytesWritten);
    }
    // The list of pages may be shorter than it was: then an end of the text before stands after it.
    if (position < this.#size) ftruncateSync(this.#fd, position);
    this.#size = position;
    this.#end = position - Buffer.byteLength(end);
    this.#endText = end;
    this.#empty = false;
  }

  /**
   * After a write that failed: back to the entries before it. True if it is a whole document then. The end is written first,
   * where it has stood before, so that it needs no room of a full disk; then the bytes after it are cut off.
   */
  repair(): boolean {
    try {
      if (this.#end === 0) return false;
      writeSync(this.#fd, this.#endText, this.#end);
      this.#size = this.#end + Buffer.byteLength(this.#endText);
      ftruncateSync(this.#fd, this.#size);
      return true;
    } catch {
      return false;
    }
  }

  /** A file that is ours and never began is taken away. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
    if (this.#end === 0 && this.#isNew) unlinkSync(this.#path);
  }
}

/** With the one page that there is if there are no others. */
export function endOf(startedAt: string, pages?: string): string {
  const one = `[{"startedDateTime":"${startedAt}","id":"${PAGE_ID}","title":"HTTP","pageTimings":{}}]`;
  return `\n],"pages":${pages ?? one}}}\n`;
}

/** Texts that follow each other as one buffer; the others as they are. */
function joined(pieces: readonly (string | Buffer)[]): Buffer[] {
  const buffers: Buffer[] = [];
  let text = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    else {
      buffers.push(Buffer.from(text), piece);
      text = '';
    }
  }
  return [...buffers, Buffer.from(text)];
}

/** The rest of the buffers, after so many bytes. */
function behind(buffers: readonly Buffer[], bytes: number): Buffer[] {
  let skip = bytes;
  return buffers.flatMap((buffer) => {
    const left = buffer.subarray(skip);
    skip = Math.max(0, skip - buffer.length);
    return left.length > 0 ? [left] : [];
  });
}
