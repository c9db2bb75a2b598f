// Makes what tsc wrote into dist/ complete: the generated addon loader and the addon itself come beside
// dist/native/index.js, and the command becomes executable. Without a built addon dist/ still serves whatever does not
// capture, so that is a warning and no failure.
import { chmodSync, copyFileSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const from = join(root, 'ts', 'native');
const to = join(root, 'dist', 'native');

mkdirSync(to, { recursive: true });
const files = readdirSync(from).filter(
  (name) => name === 'binding.js' || name === 'binding.d.ts' || name.endsWith('.node'),
);
for (const name of files) {
  // Renamed into place: a process that has the old addon mapped keeps it, where overwriting it would kill that process.
  const temporary = join(to, `${name}.${process.pid}.tmp`);
  copyFileSync(join(from, name), temporary);
  renameSync(temporary, join(to, name));
}
if (!files.some((name) => name.endsWith('.node'))) {
  console.error('build:ts: no addon in ts/native yet; run `npm run build:addon`, then build:ts again');
}
chmodSync(join(root, 'dist', 'cli.js'), 0o755);
