/** From what a user names (files, folders, patterns, `-`) to inputs in the order of their time, or a refusal that says what to do. */

import { basename, join } from 'node:path';
import { type Kind, type Peeked, peek } from './kind';
import { entriesOf, isPattern, matching, mayBePattern } from './pattern';
import { isPipe, statusOf } from './status';

export interface Input {
  readonly path: string;
  readonly kind: 'savefile' | 'lines';
}

/** More of them are a mistake. */
const MAX_INPUTS = 10_000;

interface Found {
  path: string;
  peeked: Peeked | undefined;
}

/**
 * `arePortsNamed`: a pipe is a savefile then, which needs them, else JSON lines.
 * @throws {Error} what is wrong
 */
export function findInputs(names: readonly string[], arePortsNamed: boolean): Input[] {
  const found = names.flatMap((name) => expand(name));
  if (found.length > MAX_INPUTS) throw new Error(`${found.length} files are too many, ${MAX_INPUTS} are the most`);
  if (found.filter(({ path }) => path === '-').length > 1) throw new Error("'-' is named twice; stdin is read once");
  return inOrder(found).map(({ path, peeked }) => ({ path, kind: kindOf(path, peeked, arePortsNamed) }));
}

function expand(name: string): Found[] {
  if (name === '-') return [{ path: name, peeked: peek(name) }];
  const status = statusOf(name);
  if (status?.isDirectory() === true) return inFolder(name);
  if (status !== undefined || !mayBePattern(name)) return [{ path: name, peeked: peek(name) }];
  const paths = matching(name).filter((path) => statusOf(path)?.isFile() === true);
  if (paths.length === 0 && isPattern(name)) throw new Error(`no file is like '${name}'`);
  // The engine reports a missing file, with the system's own reason.
  if (paths.length === 0) return [{ path: name, peeked: undefined }];
  return paths.map((path) => ({ path, peeked: peek(path) }));
}

/** Those of its files that can be read; a folder may hold others. */
function inFolder(folder: string): Found[] {
  const found = entriesOf(folder)
    .map((entry) => join(folder, entry))
    .map((path) => ({ path, peeked: peek(path) }))
    .filter(({ peeked }) => peeked?.kind === 'savefile' || peeked?.kind === 'lines');
  if (found.length === 0) throw new Error(`no file in the folder '${folder}' is a savefile or has JSON lines`);
  return found;
}

/** By the time of the first packets where all say it; else as numbers in their names say, `cap2` before `cap10`. */
function inOrder(found: Found[]): Found[] {
  if (found.length < 2) return found;
  if (found.every(({ peeked }) => peeked?.since !== undefined))
    return found.sort((a, b) => (a.peeked?.since ?? 0) - (b.peeked?.since ?? 0));
  // To make it takes milliseconds, which most runs do not need.
  const { compare } = new Intl.Collator('en', { numeric: true });
  return found.sort((a, b) => compare(a.path, b.path));
}

const INSTEAD: Readonly<Partial<Record<Kind, string>>> = {
  har: 'is a HAR file, which is written and not read; name the savefile or the JSON lines that it was made of',
  array: "is one JSON array; JSON lines are read: jq -c '.[]' makes lines of it",
};

function kindOf(path: string, peeked: Peeked | undefined, arePortsNamed: boolean): Input['kind'] {
  if (peeked === undefined) return isPipe(path) && !arePortsNamed ? 'lines' : 'savefile';
  const instead = INSTEAD[peeked.kind];
  if (instead !== undefined) throw new Error(`'${path}' ${instead}`);
  // If the file is not a savefile, the engine says so best.
  return peeked.kind === 'lines' ? 'lines' : 'savefile';
}

/** For the log: the first three, and how many more. */
export function labelOf(inputs: readonly Input[]): string {
  const [first] = inputs;
  if (first !== undefined && inputs.length === 1) return first.path;
  const names = inputs.slice(0, 3).map(({ path }) => basename(path));
  const more = inputs.length - names.length;
  return more === 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`;
}
