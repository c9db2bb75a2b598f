// The platforms there are packages for, and the toolchain that builds all of them on one machine: Rust's own std of each
// target, and zig as C compiler, linker and C library, because it links against any glibc however old and against musl.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '../scripts/tools.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** The oldest glibc an addon may ask for: the one Rust's std is built against. Node's own binaries ask for 2.28. */
export const GLIBC_FLOOR = '2.17';

/** Also the name of their folder in the cache. */
export const ZIG = 'zig-0.17.1-zigbuild-0.24.0';
const [, zig, zigbuild] = /^zig-(.+)-zigbuild-(.+)$/.exec(ZIG);

const CPU_OF = { x86_64: 'x64', aarch64: 'arm64' };

function platformOf(rust) {
  const [machine, , , libc] = rust.split('-');
  const cpu = CPU_OF[machine];
  const folder = `linux-${cpu}-${libc}`;
  return {
    rust,
    folder,
    cpu,
    libc,
    packageName: `${MANIFEST.name}-${folder}`,
    addon: `${MANIFEST.napi.binaryName}.${folder}.node`,
    zig: libc === 'gnu' ? `${machine}-linux-gnu.${GLIBC_FLOOR}` : `${machine}-linux-musl`,
    cargo: libc === 'gnu' ? `${rust}.${GLIBC_FLOOR}` : rust,
  };
}

/** As package.json lists them under `napi.targets`. */
export const PLATFORMS = MANIFEST.napi.targets.map(platformOf);

/** The name a platform goes by, `linux-x64-gnu` or the like. @throws for a name that is none */
export function platformNamed(folder) {
  const platform = PLATFORMS.find((candidate) => candidate.folder === folder);
  if (!platform) throw new Error(`no platform ${folder}; there are ${PLATFORMS.map((one) => one.folder).join(', ')}`);
  return platform;
}

/** Runs a command in the project's folder, its output passed through; throws when it fails. */
export function run(command, args, { env = {}, cwd = ROOT } = {}) {
  console.log(`$ ${[command, ...args].join(' ')}`);
  execFileSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
}

/** Returns the text on stderr of a command. @throws if it fails, and shows that text */
export function errorsOf(command, args, { env = {} } = {}) {
  console.log(`$ ${[command, ...args].join(' ')}`);
  const options = { cwd: ROOT, env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 1024 * 1024 * 1024 };
  const { status, stderr, error } = spawnSync(command, args, { ...options, stdio: ['ignore', 'inherit', 'pipe'] });
  if (status === 0) return stderr;
  console.error(stderr);
  throw error ?? new Error(`${command} failed (${status})`);
}

/** The output of a command. */
export function read(command, args, options = {}) {
  return execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
}

/** Zig and cargo-zigbuild from PyPI, std of each target by rustup. Returns zig's Python, and the PATH that finds all. */
export function installToolchain(platforms) {
  const bin = join(pythonWith(ZIG, `ziglang==${zig}`, `cargo-zigbuild==${zigbuild}`), 'bin');
  const sysroot = read('rustc', ['--print', 'sysroot']).trim();
  const missing = platforms.filter(({ rust }) => !existsSync(join(sysroot, 'lib', 'rustlib', rust, 'lib')));
  if (missing.length > 0) run('rustup', ['target', 'add', ...missing.map(({ rust }) => rust)]);
  return { python: join(bin, 'python3'), path: `${bin}:${process.env.PATH}` };
}
