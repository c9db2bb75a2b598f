// Commit ad086fd of this repository as a peer: what was fast then has to be so much faster now, or no slower. Built once from the
// repository's own history, with the packages of this clone, and kept in the cache.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { kept } from '../scripts/cache.mjs';
import { output, ROOT } from './processes.mjs';

export const BEFORE = 'ad086fd';
/** Its whole name: a short one may come to mean two. */
const COMMIT = 'ad086fd37d569c413def3bf902267f1a175e31f8';
/** The row of a table that has this of that commit. */
export const asBefore = (name) => `${BEFORE}, ${name}`;

/** The parts of a build that are kept: those that run. */
const LEFT = ['bench', 'dist', 'package.json', 'read', 'stages'];
const BUILD_MS = 30 * 60_000;

/** {command, callback, read, stages}: its programs. Throws where it is not built and cannot be, or shall not be, with the reason. */
export function provideBefore(tell, { build: mayBuild = true } = {}) {
  checkHistory();
  const [, rustc] = output('rustc', ['--version']).split(' ');
  const folder = kept(`bench-${BEFORE}-rustc-${rustc}-${process.arch}`, (part) => {
    if (!mayBuild) throw new Error('not built yet; a run without --quick does that');
    build(part, tell);
  });
  // Not kept: the clone may have moved since.
  const packages = join(folder, 'node_modules');
  rmSync(packages, { force: true });
  symlinkSync(join(ROOT, 'node_modules'), packages);
  return {
    command: join(folder, 'dist/cli.js'),
    callback: join(folder, 'bench/callback.cjs'),
    read: join(folder, 'read'),
    stages: join(folder, 'stages'),
  };
}

function checkHistory() {
  try {
    output('git', ['-C', ROOT, 'cat-file', '-e', `${COMMIT}^{commit}`]);
  } catch {
    throw new Error('this clone does not have that commit: git fetch --unshallow');
  }
}

function build(folder, tell) {
  tell(`building ${BEFORE}, once; this takes minutes`);
  const run = (command, ...args) =>
    execFileSync(command, args, {
      cwd: folder,
      stdio: ['ignore', 2, 2],
      timeout: BUILD_MS,
      env: { ...process.env, CARGO_TARGET_DIR: target },
    });
  const target = join(folder, 'target');
  run('sh', '-c', `git -C "$1" archive "$2" | tar -x`, 'sh', ROOT, COMMIT);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  run('cargo', 'build', '--quiet', '--locked', '--release', '--example', 'read', '--bench', 'stages');
  copyFileSync(join(target, 'release/examples/read'), join(folder, 'read'));
  copyFileSync(stagesOf(join(target, 'release/deps')), join(folder, 'stages'));
  run('npm', 'run', '--silent', 'build:addon');
  run(process.execPath, 'scripts/build-ts.mjs');
  for (const name of readdirSync(folder)) if (!LEFT.includes(name)) rmSync(join(folder, name), { recursive: true });
}

/** The name of the bench's program has a hash of what went into it. */
function stagesOf(folder) {
  return join(
    folder,
    readdirSync(folder).find((name) => /^stages-[0-9a-f]+$/.test(name)),
  );
}
