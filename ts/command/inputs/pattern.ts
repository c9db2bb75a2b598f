/** Patterns that no shell has expanded, as `'captures/*.pcap'`. In: a pattern. Out: the paths that are like it, in no order. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { statusOf } from './status';

/** A set as in glob(7): a `]` that stands first is one of it. */
const SET = /\[([!^]?)(\]?[^\]]*)\]/;
/** A part of a path up to the next set or wildcard, and that. */
const PIECES = new RegExp(`${SET.source}|\\*+|\\?|[^*?[]+|\\[`, 'gs');

/** True if `name` has a wildcard, and so is meant as a pattern. A set alone may as well be a part of a file's name. */
export function isPattern(name: string): boolean {
  return /[*?]/.test(name);
}

/** True if `name` may be a pattern. */
export function mayBePattern(name: string): boolean {
  return isPattern(name) || SET.test(name);
}

/** `*`, `?` and sets as `[ab]` in any part of a path; a part whose name is there stands for that. Hidden files are like none. */
export function matching(pattern: string): string[] {
  const [first = '', ...rest] = pattern.split('/').filter((part, index) => part !== '' || index === 0);
  let folders = first === '' ? ['/'] : [''];
  for (const part of first === '' ? rest : [first, ...rest]) {
    const isLike = mayBePattern(part) ? likeOf(part) : undefined;
    folders = folders.flatMap((folder) => {
      const path = join(folder, part);
      if (statusOf(path) !== undefined) return [path];
      if (isLike === undefined) return [];
      try {
        return entriesOf(folder === '' ? '.' : folder)
          .filter((entry) => isLike.test(entry))
          .map((entry) => join(folder, entry));
      } catch {
        // No folder, or a folder that may not be looked into.
        return [];
      }
    });
  }
  return folders;
}

export function entriesOf(folder: string): string[] {
  return readdirSync(folder).filter((entry) => !entry.startsWith('.'));
}

function likeOf(part: string): RegExp {
  const source = part.replace(PIECES, (piece, not: string | undefined, set: string | undefined) => {
    if (set !== undefined && set !== '') return setOf(not === '' ? '' : '^', set);
    if (piece === '?') return '.';
    return piece.startsWith('*') ? '.*' : piece.replace(/[\\^$+.()|[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 'su');
}

/** A range that ends before it begins holds nothing, as in a shell. */
function setOf(not: string, set: string): string {
  const members = [...set.matchAll(/(.)-(.)|./gsu)].map(([one, from, to]) => {
    if (from === undefined || to === undefined) return escaped(one);
    return from <= to ? `${escaped(from)}-${escaped(to)}` : '';
  });
  return `[${not}${members.join('')}]`;
}

function escaped(character: string): string {
  return /[\\\]^[-]/.test(character) ? `\\${character}` : character;
}
