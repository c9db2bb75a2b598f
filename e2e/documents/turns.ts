// Which blocks of documents `npm run e2e` runs, and when. Known to the tests of the documents too: a block that is marked and
// has no turn here is an error there.

import type { Block } from '../../__test__/docs/blocks';

/** Its marked blocks are run here. Those of docs/injector.md are about `npm run e2e` itself, so e2e/run.mjs runs them all. */
export const GUIDE = 'docs/deployment.md';
export const MARK = 'run by npm run e2e';

const SEE = 'kubectl label namespace shop tcp-sniffer/inject=true';
/** The beginnings of the blocks, in the order in which they are run: first all of an installation with Helm, then one without. */
export const TURNS = [
  'docker/build.sh',
  'helm install',
  SEE,
  "printf '%s\\n' 'FROM ",
  'helm uninstall',
  'cd deploy/kustomize',
  SEE,
  'kubectl delete -k',
] as const;
export type Turn = (typeof TURNS)[number];

const isMarked = ({ file, mark }: Block): boolean => file === GUIDE && mark === MARK;

/** @throws when there is not just one */
export function blockOf(turn: Turn, blocks: Block[]): Block {
  const found = blocks.filter((block) => isMarked(block) && block.text.startsWith(turn));
  const [block] = found;
  if (block === undefined || found.length > 1)
    throw new Error(`${GUIDE} has ${found.length} blocks with the mark '${MARK}' that begin with: ${turn}`);
  return block;
}

/** The complaint about the mark of a block, if there is any. */
export function complaintAboutTurn({ file, line, text }: Block): string | undefined {
  if (file === 'docs/injector.md') return undefined;
  if (file !== GUIDE) return `${file}:${line}: npm run e2e runs blocks of ${GUIDE} and docs/injector.md only`;
  return TURNS.some((turn) => text.startsWith(turn)) ? undefined : 'has no turn in e2e/documents/turns.ts';
}
