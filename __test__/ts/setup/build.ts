// Builds the package once into a folder of its own, with a fake engine in place of the addon, for the tests that need a
// real process. The folder's path reaches the tests as TEST_DIST.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export default function setup(): () => void {
  const root = resolve(__dirname, '..', '..', '..');
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-test-'));
  const dist = join(folder, 'dist');
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  // The compiler says itself what is wrong: of an error with its output vitest shows the bytes.
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', dist], {
    stdio: 'inherit',
  });
  execFileSync(process.execPath, [join(root, 'scripts', 'bundle.mjs'), dist]);
  execFileSync(process.execPath, [join(root, 'scripts', 'page.mjs'), join(dist, 'page')]);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  copyFileSync(join(__dirname, 'fake-binding.cjs'), join(dist, 'native', 'binding.js'));
  copyFileSync(join(root, 'ts', 'native', 'binding.d.ts'), join(dist, 'native', 'binding.d.ts'));
  chmodSync(join(dist, 'cli.js'), 0o755);
  process.env.TEST_DIST = dist;
  return () => rmSync(folder, { recursive: true, force: true });
}
