// The blocks of docs/receivers.md, as they stand there, and how one of them is run: `npx` and `duckdb` in it are ours.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../processes.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BLOCK_LIMIT_MS = 120_000;

/** [{language, text}] under a heading. */
export function blocksUnder(heading) {
  const markdown = readFileSync(join(ROOT, 'docs/receivers.md'), 'utf8');
  const section = markdown.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/receivers.md has no heading '${heading}'`);
  const blocks = [...section.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language, text]) => ({ language, text }));
  return {
    yaml: blocks.filter(({ language }) => language === 'yaml'),
    sh: blocks.filter(({ language }) => language === 'sh'),
  };
}

/** A program of the name, for blocks that are run in `folder`. */
export function furnish(folder, name, text) {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** `npx tcp-sniffer` of this build, which reads `savefile` where the block captures. */
export function furnishSniffer(folder, savefile) {
  const sniffer = `exec '${process.execPath}' '${join(ROOT, 'dist/cli.js')}'`;
  const cases = `*' --read '*) ${sniffer} "$@" ;;\n*) ${sniffer} --read '${savefile}' "$@" ;;`;
  furnish(folder, 'npx', `shift\ncase " $* " in\n${cases}\nesac`);
}

/** To its end, in `folder`; throws if it fails. Returns its stdout. */
export async function runBlock({ text }, folder) {
  const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  const { code, stdout, stderr } = await run(['bash', '-euo', 'pipefail', '-c', text], BLOCK_LIMIT_MS, {
    cwd: folder,
    env,
  });
  if (code !== 0) throw new Error(`the block ended with ${code}: ${stderr.slice(-500)}`);
  return stdout;
}
