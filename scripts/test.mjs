// `npm test`: set-up, then the engine's tests (cargo) and the package's (vitest). Both run even if the first fails.
import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { ROOT, setUpOrExit } from './setup.mjs';

const RUNNERS = [
  { name: 'cargo test', command: 'cargo', args: ['test', '--workspace', '--no-fail-fast'], closing: closingOfCargo },
  { name: 'vitest', command: 'npm', args: ['run', '--silent', 'test:ts'], closing: closingOfVitest },
];

/** Cargo closes each target with a line; they are added up. */
function closingOfCargo(output) {
  const lines = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm)];
  if (lines.length === 0) return undefined;
  const [passed, failed, ignored] = [1, 2, 3].map((column) =>
    lines.reduce((sum, line) => sum + Number(line[column]), 0),
  );
  return `${passed} passed; ${failed} failed; ${ignored} ignored`;
}

function closingOfVitest(output) {
  return output.match(/^\s*Tests {2}(.+)$/m)?.[1];
}

async function run({ name, command, args, closing }) {
  const color = process.stdout.isTTY ? { FORCE_COLOR: '1', CARGO_TERM_COLOR: 'always' } : {};
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...color },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from.setEncoding('utf8').on('data', (text) => {
      output += text;
      to.write(text);
    });
  }
  const status = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  const line = closing(stripVTControlCharacters(output)) ?? 'no closing line';
  return { ok: status === 0, line: `${name.padEnd(12)}${line}${status === 0 ? '' : `  [exit ${status}]`}` };
}

await setUpOrExit();
const results = [];
for (const runner of RUNNERS) results.push(await run(runner));
console.log(`\n${results.map(({ line }) => line).join('\n')}`);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
