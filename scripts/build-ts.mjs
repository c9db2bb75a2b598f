// ts/ to dist/: compiled afresh, so that nothing stays of a file that is gone, and bundled; then the generated addon loader and the
// addon itself come beside dist/native/index.js, and the command becomes executable. Without a built addon dist/ still
// serves whatever does not capture, so that is a warning and no failure.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';
import { buildPage } from './page.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const from = join(root, 'ts', 'native');
const dist = join(root, 'dist');

// Removed and not overwritten: a process that has the old addon mapped keeps it, and would otherwise be killed.
mkdirSync(dist, { recursive: true });
// The tarballs of `npm run pack:all` are not made here and stay.
for (const name of readdirSync(dist)) {
  if (name !== 'packages' && name !== 'faults') rmSync(join(dist, name), { recursive: true, force: true });
}
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

await bundle(dist);
await buildPage(join(dist, 'page'));
mkdirSync(join(dist, 'native'), { recursive: true });
const files = readdirSync(from).filter((name) => /^binding\.(js|d\.ts)$|\.node$/.test(name));
for (const name of files) copyFileSync(join(from, name), join(dist, 'native', name));
if (!files.some((name) => name.endsWith('.node'))) {
  console.error('build:ts: no addon in ts/native yet; run `npm run build:addon`, then build:ts again');
}
chmodSync(join(dist, 'cli.js'), 0o755);
