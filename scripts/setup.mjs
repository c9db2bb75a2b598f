// Brings a fresh clone to "built": tools, libpcap, node_modules, the addon, dist/. Silent when nothing is to do.
// Runs before `npm ci`, so it may use nothing but Node itself.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { showProgress } from './progress.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const LEAST_NODE_MAJOR = 20;
/** `rust-version` in Cargo.toml. */
const LEAST_RUST = readFileSync(join(ROOT, 'Cargo.toml'), 'utf8')
  .match(/^rust-version = "(\d+)\.(\d+)"/m)
  .slice(1)
  .map(Number);
/** Lines of a failing step's output that are shown. */
const OUTPUT_TAIL_LINES = 60;

const PACKAGE_MANAGERS = [
  {
    command: 'apt-get',
    steps: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', 'libpcap-dev'],
    ],
  },
  { command: 'apk', steps: [['apk', 'add', 'libpcap-dev']] },
  { command: 'dnf', steps: [['dnf', 'install', '-y', 'libpcap-devel']] },
  { command: 'zypper', steps: [['zypper', '--non-interactive', 'install', 'libpcap-devel']] },
  { command: 'pacman', steps: [['pacman', '-S', '--noconfirm', 'libpcap']] },
];

/** A step that cannot go on: its message tells what to do, so no stack is shown. */
export class SetupError extends Error {}

const say = (text) => process.stderr.write(`setup: ${text}\n`);
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const onPath = (command) => (process.env.PATH ?? '').split(delimiter).some((dir) => existsSync(join(dir, command)));

/** Runs a command with its output held back; shows how long it takes already, and the output when it fails. */
async function step(title, command, args, env = {}) {
  const start = performance.now();
  say(`${title} (${[command, ...args].join(' ')})`);
  // Short: the line above has the rest.
  const progress = showProgress(`setup: ${title.split(',', 1)[0]}`);
  const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      progress.note(text);
    });
  }
  const status = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  progress.stop();
  if (status !== 0) {
    process.stderr.write(`${output.trimEnd().split('\n').slice(-OUTPUT_TAIL_LINES).join('\n')}\n`);
    throw new SetupError(`${title} failed (${status})`);
  }
  say(`${title}: done in ${seconds(start)}`);
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < LEAST_NODE_MAJOR) {
    throw new SetupError(
      `Node ${LEAST_NODE_MAJOR} or later is needed, this is ${process.versions.node}; see https://nodejs.org`,
    );
  }
  if (process.platform !== 'linux') throw new SetupError(`only Linux is supported, this is ${process.platform}`);
}

function checkRust() {
  const rustup = join(homedir(), '.cargo', 'bin');
  if (!onPath('cargo') && existsSync(join(rustup, 'cargo')))
    process.env.PATH = `${rustup}${delimiter}${process.env.PATH}`;
  const wanted = `Rust ${LEAST_RUST.join('.')} or later is needed`;
  const howTo = 'install it from https://rustup.rs, or run `rustup update`';
  if (!onPath('cargo')) throw new SetupError(`${wanted}, and there is no \`cargo\` in PATH; ${howTo}`);
  const version = execFileSync('cargo', ['--version'], { cwd: ROOT, encoding: 'utf8' }).trim();
  const [major, minor] = version
    .match(/(\d+)\.(\d+)/)
    .slice(1)
    .map(Number);
  if (major < LEAST_RUST[0] || (major === LEAST_RUST[0] && minor < LEAST_RUST[1])) {
    throw new SetupError(`${wanted}, this is ${version}; ${howTo}`);
  }
}

function compiles(source, flags) {
  const args = ['-x', 'c', '-', '-o', '/dev/null', ...flags];
  return spawnSync('cc', args, { input: source, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}

const libpcapIsThere = () =>
  compiles('#include <pcap.h>\nint main(void) { return pcap_lib_version() == 0; }', ['-lpcap']);

function checkCompiler() {
  if (!onPath('cc')) {
    throw new SetupError(
      'a C compiler is needed to link, and there is no `cc` in PATH; on Debian: apt-get install gcc libc6-dev',
    );
  }
  if (!compiles('int main(void) { return 0; }', [])) {
    throw new SetupError('`cc` cannot build an empty program; on Debian: apt-get install gcc libc6-dev');
  }
}

async function installLibpcap() {
  const manager = PACKAGE_MANAGERS.find(({ command }) => onPath(command));
  if (!manager) {
    throw new SetupError('the libpcap header and library are missing: install the development package of libpcap');
  }
  const isRoot = process.getuid() === 0;
  const maySudo = !isRoot && onPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  if (!isRoot && !maySudo) {
    const commands = manager.steps.map((words) => `sudo ${words.join(' ')}`).join(' && ');
    throw new SetupError(
      `the libpcap header and library are missing, and installing them needs root. Run this, then try again:\n\n  ${commands}\n`,
    );
  }
  for (const words of manager.steps) {
    const [command, ...args] = isRoot ? words : ['sudo', '-n', ...words];
    await step(`libpcap is missing, installing it: ${words[1]}`, command, args, { DEBIAN_FRONTEND: 'noninteractive' });
  }
  if (!libpcapIsThere()) throw new SetupError('libpcap was installed and still does not link; `cc -lpcap` says why');
}

function* filesUnder(path) {
  const at = join(ROOT, path);
  if (!existsSync(at)) return;
  if (statSync(at).isFile()) yield path;
  else for (const name of readdirSync(at).sort()) yield* filesUnder(join(path, name));
}

/** A stamp says what a build was made from (by content) and what it gave (by size and time). */
function stampOf({ inputs, outputs }) {
  const hash = createHash('sha256').update(`${process.arch}\n`);
  for (const path of inputs.flatMap((input) => [...filesUnder(input)])) {
    hash.update(`${path}\n`).update(readFileSync(join(ROOT, path)));
  }
  const results = outputs().map((path) => {
    const { size, mtimeMs } = statSync(join(ROOT, path));
    return `${path} ${size} ${mtimeMs}`;
  });
  return `${hash.digest('hex')}\n${results.join('\n')}\n`;
}

const stampFile = (name) => join(ROOT, 'target', 'setup', `${name}.stamp`);

function isFresh(build) {
  const file = stampFile(build.name);
  return build.outputs().length > 0 && existsSync(file) && readFileSync(file, 'utf8') === stampOf(build);
}

async function bring(build) {
  if (isFresh(build)) return;
  await step(`${BUILDS.indexOf(build) + 1} of ${BUILDS.length}, ${build.title}`, 'npm', build.npm);
  if (build.outputs().length === 0) throw new SetupError(`${build.title} gave nothing`);
  mkdirSync(join(ROOT, 'target', 'setup'), { recursive: true });
  writeFileSync(stampFile(build.name), stampOf(build));
}

const existing = (path) => (existsSync(join(ROOT, path)) ? [path] : []);
const addonFiles = () => [...filesUnder('ts/native')].filter((path) => path.endsWith('.node'));

const BUILDS = [
  {
    name: 'modules',
    title: 'installing the npm packages',
    npm: ['ci', '--no-audit', '--no-fund'],
    inputs: ['package-lock.json'],
    outputs: () => existing('node_modules/.package-lock.json'),
  },
  {
    name: 'addon',
    title: 'building the addon, a minute or two when it is the first time',
    npm: ['run', 'build:addon'],
    inputs: ['src', 'Cargo.toml', 'Cargo.lock', 'build.rs'],
    outputs: addonFiles,
  },
  {
    name: 'ts',
    title: 'building the TypeScript',
    npm: ['run', 'build:ts'],
    get inputs() {
      return ['package.json', ...readdirSync(ROOT).filter((name) => /^tsconfig.*\.json$/.test(name)), 'ts'];
    },
    outputs: () => (existsSync(join(ROOT, 'dist/cli.js')) ? existing('dist/index.js') : []),
  },
];

/** Everything that `npm test` and `npm run demo` need; throws `SetupError`. */
export async function setUp() {
  checkNode();
  checkRust();
  checkCompiler();
  if (!libpcapIsThere()) await installLibpcap();
  for (const build of BUILDS) await bring(build);
}

/** `setUp` for a script's first line: a failure ends the process with its message. */
export async function setUpOrExit() {
  try {
    await setUp();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setUpOrExit();
