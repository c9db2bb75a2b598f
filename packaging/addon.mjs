// An addon for a platform package: cross-built, libpcap inside, gated.
//   node packaging/addon.mjs [--by-profile] PLATFORM...     e.g. linux-x64-gnu linux-arm64-musl
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { complaints, neededLibraries, newestGlibc } from './gates.mjs';
import { buildLibpcap, LIBPCAP_VERSION } from './libpcap.mjs';
import { errorsOf, GLIBC_FLOOR, installToolchain, platformNamed, ROOT, read, run } from './platforms.mjs';
import { byProfile, checkProfile } from './profile.mjs';

/** Where the addons are put together, one folder a platform package. */
export const ADDONS = join(ROOT, 'target', 'packaging', 'addons');
/** Addons that panic when they are asked to (src/capture/faults.rs); in no package. */
export const FAULTS = join(ROOT, 'dist', 'faults');

/** The compiler's flags for one platform. */
function flagsFor(libpcap) {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  // No path of the machine that built it stands in what is published.
  const flags = [`--remap-path-prefix=${ROOT}=`, `--remap-path-prefix=${cargoHome}=cargo`];
  // The pcap crate asks for libpcap of either kind; told here, it is the archive, and no shared one will do.
  flags.push(`-Lnative=${libpcap}`, '-lstatic=pcap');
  return flags;
}

/** @returns what is wrong with the addon, a sentence each */
export function inspect(platform, file) {
  const env = { ...process.env, LC_ALL: 'C' };
  const dynamicSection = read('readelf', ['--dynamic', '--wide', file], { env });
  const dynamicSymbols = read('objdump', ['--dynamic-syms', file], { env });
  const wrong = complaints({ dynamicSection, dynamicSymbols }, { libc: platform.libc, glibcFloor: GLIBC_FLOOR });
  const glibc = newestGlibc(dynamicSymbols);
  const needs = neededLibraries(dynamicSection).join(', ');
  console.log(`${platform.addon}: ${statSync(file).size} bytes, needs ${needs}${glibc ? `, glibc ${glibc}` : ''}`);
  return wrong;
}

/** Builds and gates; returns the addons' paths. @throws when the gate finds something */
export function buildAddons(platforms, { isByProfile = false } = {}) {
  const built = build(platforms, { features: 'addon', folder: ADDONS, isByProfile });
  for (const [index, platform] of platforms.entries()) {
    const wrong = inspect(platform, built[index]);
    if (wrong.length > 0) throw new Error(`${platform.addon} may not be published:\n  ${wrong.join('\n  ')}`);
  }
  return built;
}

/** By the same toolchain, for the proof that a panic unwinds as it has linked it. */
export function buildFaults(platforms) {
  return build(platforms, { features: 'addon,faults', folder: FAULTS });
}

function build(platforms, { features, folder, isByProfile }) {
  const { path, python } = installToolchain(platforms);
  const target = join(ROOT, 'target', 'packaging', 'cargo');
  const words = ['--locked', '--release', '--features', features];
  const env = {
    PATH: path,
    LIBPCAP_VER: LIBPCAP_VERSION,
    CARGO_PROFILE_RELEASE_STRIP: 'symbols',
    // The caller's own would take the place of ours.
    RUSTFLAGS: undefined,
    CARGO_ENCODED_RUSTFLAGS: undefined,
    // The linker has a part in the names of functions, so that it has to be the same in both builds.
    ...(isByProfile && { CARGO_ZIGBUILD_PYTHON_PATH: join(ROOT, 'packaging/zig.sh'), ZIG_PYTHON: python }),
  };
  const configs = platforms.map((platform) => {
    const { rust, cargo, cpu, libc } = platform;
    const configOf = (flags) => `target.${rust}.rustflags=${JSON.stringify(flags)}`;
    let flags = flagsFor(buildLibpcap(platform));
    const folder = join(rust, 'release');
    // Programs of another CPU cannot be run here.
    if (isByProfile && cpu === process.arch)
      flags = byProfile({ cargo: ['zigbuild', ...words, '--target', cargo], flags, configOf, folder, env });
    // A library for musl is linked dynamically: the C library is the process's own.
    if (libc === 'musl') flags.push('-Ctarget-feature=-crt-static');
    return configOf(flags);
  });
  // All at once: while one is linked, which takes one core, others are compiled.
  const args = [
    ...['zigbuild', ...words, '--lib', '--target-dir', target],
    ...platforms.flatMap((platform) => ['--target', platform.cargo]),
    ...configs.flatMap((config) => ['--config', config]),
  ];
  if (isByProfile) console.error(checkProfile(errorsOf('cargo', args, { env })));
  else run('cargo', args, { env });
  mkdirSync(folder, { recursive: true });
  return platforms.map((platform) => {
    const addon = join(folder, platform.addon);
    copyFileSync(join(target, platform.rust, 'release', 'libtcp_sniffer.so'), addon);
    return addon;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'by-profile': { type: 'boolean' } } });
  buildAddons(positionals.map(platformNamed), { isByProfile: values['by-profile'] });
}
