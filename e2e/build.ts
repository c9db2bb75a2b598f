// The command is run from dist/, as users do; compiled where that has not been done yet.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export default function setup(): void {
  const root = resolve(__dirname, '..');
  if (existsSync(join(root, 'dist', 'injector', 'command.js'))) return;
  execFileSync(process.execPath, [join(root, 'scripts', 'build-ts.mjs')], { stdio: 'inherit' });
}
