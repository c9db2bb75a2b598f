// A bare machine in a folder: Debian's smallest system and Node's own binaries. No compiler, no libpcap, no Rust.
// Commands run in it by chroot, in namespaces of their own; making it and entering it need root.
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compareVersions } from './gates.mjs';
import { debianMirror, ROOT, read, run } from './platforms.mjs';

const DEBIAN_SUITE = 'bookworm';
/** Node's own binaries need it from 25 on. */
const NODE_NEEDS = 'libatomic1';
const KEPT = join(ROOT, 'target', 'packaging');
/** What must not be there for the proof to be one. */
const FORBIDDEN = ['cc', 'gcc', 'c++', 'make', 'cargo', 'rustc', 'python3', 'tcpdump'];

/** The system, made once and kept in target/. */
export function bareMachine() {
  if (process.getuid() !== 0) throw new Error('a bare machine needs root: run it by sudo');
  const base = join(KEPT, 'base');
  if (!existsSync(base)) {
    const part = `${base}.part`;
    rmSync(part, { recursive: true, force: true });
    const mirror = debianMirror();
    run('debootstrap', [
      '--variant=minbase',
      `--include=${NODE_NEEDS}`,
      DEBIAN_SUITE,
      part,
      ...(mirror ? [mirror] : []),
    ]);
    renameSync(part, base);
  }
  const found = read('find', [
    base,
    '-xdev',
    '(',
    '-name',
    'libpcap*',
    ...FORBIDDEN.flatMap((name) => ['-o', '-path', `*/bin/${name}`]),
    ')',
  ]);
  if (found !== '') throw new Error(`the bare machine is not bare:\n${found}`);
  return base;
}

/** The newest version of a major, or what is named exactly, of the binaries that npm has. */
export function nodeVersion(wanted, arch = process.arch) {
  const name = `node-linux-${arch}`;
  if (wanted === 'latest') return read('npm', ['view', '--silent', name, 'version']).trim();
  if (wanted.includes('.')) return wanted;
  const versions = JSON.parse(read('npm', ['view', '--silent', `${name}@${wanted}`, 'version', '--json']));
  return [versions].flat().sort(compareVersions).at(-1);
}

/** Puts Node's binary of a version into the machine and gives its path there. */
export function installNode(base, version, arch = process.arch) {
  const kept = join(KEPT, 'node', `${version}-${arch}`);
  if (!existsSync(kept)) {
    const spec = `node-linux-${arch}@${version}`;
    const part = `${kept}.part`;
    mkdirSync(part, { recursive: true });
    const tarball = read('npm', ['pack', '--silent', '--pack-destination', part, spec]).trim();
    run('tar', ['-xzf', join(part, tarball), '-C', part, 'package/bin/node']);
    renameSync(join(part, 'package', 'bin', 'node'), kept);
    rmSync(part, { recursive: true, force: true });
  }
  const folder = `/opt/node-${version}`;
  mkdirSync(join(base, folder), { recursive: true });
  copyFileSync(kept, join(base, folder, 'node'));
  return folder;
}

/** Puts this machine's npm into the bare one; gives the path of its script there. */
export function installNpm(base) {
  const at = '/opt/npm';
  rmSync(join(base, at), { recursive: true, force: true });
  cpSync(join(read('npm', ['root', '--global']).trim(), 'npm'), join(base, at), { recursive: true, dereference: true });
  return at;
}

const ENTER = [
  'mount --bind /dev "$0/dev"',
  'mount -t proc proc "$0/proc"',
  // Only where there is a network of its own; the host's loopback is up anyway.
  'ip link set lo up 2>/dev/null || true',
  'exec chroot "$0" "$@"',
].join(' && ');

/**
 * Runs a command in the machine. Nothing of this process's environment goes along; mounts and processes end with it.
 * @param options `node` the folder its Node is in, `cwd` in the machine, `ownNetwork` a loopback of its own and no
 *   other network, `only` the one capability that is left to it, as a user without any other right
 * @returns its exit code and what it wrote
 */
export async function inside(base, command, { node, cwd, ownNetwork = false, only }) {
  const rights = only === undefined ? [] : ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'];
  if (only !== undefined) {
    const set = only === '' ? '-all' : `-all,+${only}`;
    rights.push(`--inh-caps=${set}`, `--ambient-caps=${set}`, `--bounding-set=${set}`, '--no-new-privs');
  }
  const environment = ['env', '-i', `--chdir=${cwd}`, `PATH=${node}:/usr/bin:/bin`, 'HOME=/tmp'];
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', ...(ownNetwork ? ['--net'] : [])];
  const child = spawn('unshare', [...namespaces, 'sh', '-ec', ENTER, base, ...environment, ...rights, ...command]);
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
