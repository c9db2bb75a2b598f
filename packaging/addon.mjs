// An addon for a platform package: cross-built, libpcap inside, gated.
//   node packaging/addon.mjs PLATFORM...     e.g. linux-x64-gnu linux-arm64-musl
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { complaints, neededLibraries, newestGlibc } from './gates.mjs';
import { buildLibpcap, LIBPCAP_VERSION } from './libpcap.mjs';
import { GLIBC_FLOOR, installToolchain, platformNamed, ROOT, read, run } from './platforms.mjs';

/** Where the addons are put together, one folder a platform package. */
export const ADDONS = join(ROOT, 'target', 'packaging', 'addons');
/** Addons that panic when they are asked to (src/capture/faults.rs); in no package. */
export const FAULTS = join(ROOT, 'dist', 'faults');

/** The compiler's flags for one platform, as `cargo --config` takes them. */
function buildFlags({ rust, libc }, libpcap) {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  // No path of the machine that built it stands in what is published.
  const flags = [`--remap-path-prefix=${ROOT}=`, `--remap-path-prefix=${cargoHome}=cargo`];
  // The pcap crate asks for libpcap of either kind; told here, it is the archive, and no shared one will do.
  flags.push(`-Lnative=${libpcap}`, '-lstatic=pcap');
  // A library for musl is linked dynamically: the C library is the process's own.
  if (libc === 'musl') flags.push('-Ctarget-feature=-crt-static');
  return `target.${rust}.rustflags=${JSON.stringify(flags)}`;
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
export function buildAddons(platforms) {
  const built = build(platforms, { features: 'addon', folder: ADDONS });
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

function build(platforms, { features, folder }) {
  const { path } = installToolchain(platforms);
  const target = join(ROOT, 'target', 'packaging', 'cargo');
  // All at once: while one is linked, which takes one core, others are compiled.
  run(
    'cargo',
    [
      ...['zigbuild', '--locked', '--release', '--lib', '--features', features, '--target-dir', target],
      ...platforms.flatMap((platform) => ['--target', platform.cargo]),
      ...platforms.flatMap((platform) => ['--config', buildFlags(platform, buildLibpcap(platform))]),
    ],
    {
      env: {
        PATH: path,
        LIBPCAP_VER: LIBPCAP_VERSION,
        CARGO_PROFILE_RELEASE_STRIP: 'symbols',
        // The caller's own would take the place of ours.
        RUSTFLAGS: undefined,
        CARGO_ENCODED_RUSTFLAGS: undefined,
      },
    },
  );
  mkdirSync(folder, { recursive: true });
  return platforms.map((platform) => {
    const addon = join(folder, platform.addon);
    copyFileSync(join(target, platform.rust, 'release', 'libtcp_sniffer.so'), addon);
    return addon;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildAddons(process.argv.slice(2).map(platformNamed));
