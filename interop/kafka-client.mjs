// `node interop/kafka-client.mjs`: the tests of the Kafka output with the second major version of its client, on the Node.js that
// takes it. Both come from the registry into a folder of their own, beside a copy of what the tests need. CI does not run it.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SCOPE = '@platformatic';
const NEEDED = [
  'dist',
  'ts',
  '__test__',
  'fixtures',
  'package.json',
  'vitest.config.mts',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts',
  'packaging',
];

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-kafka-'));
try {
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const install = ['install', '--no-audit', '--no-fund', `${SCOPE}/kafka@2`, 'node@22'];
  execFileSync('npm', install, { cwd: folder, stdio: 'inherit' });
  const modules = join(folder, 'node_modules');
  const copy = join(folder, 'copy');
  for (const name of NEEDED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    const from = name === SCOPE ? modules : join(ROOT, 'node_modules');
    symlinkSync(join(from, name), join(copy, 'node_modules', name));
  }
  const bin = join(modules, 'node', 'bin');
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const vitest = join(copy, 'node_modules', 'vitest', 'vitest.mjs');
  console.log(`Node.js ${execFileSync(join(bin, 'node'), ['--version'], { encoding: 'utf8' }).trim()}`);
  const { status } = spawnSync(join(bin, 'node'), [vitest, 'run', '__test__/kafka'], {
    cwd: copy,
    env,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
