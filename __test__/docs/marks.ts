/** Blocks that are run elsewhere: by what. The list is closed, and each entry sees to it that it is so. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { complaintAboutTurn } from '../../e2e/documents/turns.js';
import { type Block, ROOT } from './blocks.js';

export const SHELL: ReadonlySet<string> = new Set(['sh', 'bash']);
/** A path from the root of the repository; `dist/` and `target/` are made. */
export const OUR_FILES =
  /^(?:\.ci|\.github|__test__|bench|benches|deploy|docker|docs|examples|fixtures|fuzz|interop|launcher|packaging|scripts|src|tests|ts)\/[\w./-]*$/;

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const SCRIPTS = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);

/** Returns a complaint where it does not run the block, or nothing. */
const RUNNERS: Record<string, (block: Block) => string | undefined> = {
  '.ci/run': ({ text }) => {
    const run = plain(read('.ci/run') + read('scripts/test.mjs').replaceAll(/', (?:args: \[)?'/g, ' '));
    const missing = commandsOf(text).find((line) => line !== '.ci/run' && !run.includes(plain(line)));
    return missing === undefined ? undefined : `.ci/run does not run '${missing}'`;
  },
  // In an empty project of a bare machine, from a registry of its own.
  'packaging/install.mjs': ({ text }) =>
    text.trim() === 'npm install tcp-sniffer' &&
    read('packaging/install.mjs').includes("install('by-name', [MANIFEST.name]")
      ? undefined
      : 'packaging/install.mjs installs by name and does nothing else',
  // With images and a cluster: e2e/documents.test.ts.
  'npm run e2e': complaintAboutTurn,
};

/** The mark of a block that is not run here, right or wrong; without it the block has to be run. */
export function elsewhere({ mark }: Block): string | undefined {
  return /^(?:run by|not run)\b/.test(mark ?? '') ? mark : undefined;
}

export function complaintAbout(block: Block): string | undefined {
  const runner = /^run by (.+)$/.exec(block.mark ?? '')?.[1] ?? '';
  if (!Object.hasOwn(RUNNERS, runner)) {
    return `'${block.mark}' is no mark; a block that is run elsewhere is run by one of: ${Object.keys(RUNNERS).join(', ')}`;
  }
  return RUNNERS[runner]?.(block) ?? (SHELL.has(block.language) ? withoutRunning(block.text) : undefined);
}

/** The faults of a script with any user: its syntax, and files of ours that it names and that are not there. */
function withoutRunning(text: string): string | undefined {
  const { stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
  if (stderr !== '') return stderr;
  const missing = text.split(/[\s='"]+/).find((word) => OUR_FILES.test(word) && !existsSync(join(ROOT, word)));
  return missing === undefined ? undefined : `there is no ${missing}`;
}

const plain = (text: string): string => text.replace(/ (--silent|-s)\b/g, '');

/** The lines without comments, continued lines as one line. */
const commandsOf = (text: string): string[] =>
  text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

/** The names in a command line of a developer that the repository does not have. */
export function missingIn(command: string): string | undefined {
  const script = /\bnpm (?:run (?:--silent |-s )?([\w:-]+)|(test))\b/.exec(command);
  const name = script?.[1] ?? script?.[2];
  if (name !== undefined && !SCRIPTS.includes(name)) return `package.json has no script '${name}'`;
  const files = [
    /\b(?:node|python3|bash) (?:-\S+ )*([\w./-]+\.(?:m?js|py|sh))\b/,
    /\bvitest run ([\w./-]+)/,
    /(?:^| )(\.ci\/run|fuzz\/run\.sh)\b/,
    /\bcargo (?:run|build) (?:--\S+ )*--example (\w+)/,
  ];
  for (const [index, pattern] of files.entries()) {
    const found = pattern.exec(command)?.[1];
    if (found === undefined) continue;
    const file = index === files.length - 1 ? `examples/${found}.rs` : found;
    if (!existsSync(join(ROOT, file))) return `there is no ${file}`;
  }
  return undefined;
}
