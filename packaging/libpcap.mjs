// libpcap for the platform packages: a pinned release, built as a static library without anything that would make the
// addon need another library (D-Bus, libnl, USB, Bluetooth, RDMA). Development builds use the system's libpcap instead.
//   node packaging/libpcap.mjs PLATFORM     e.g. linux-x64-gnu; prints the folder that holds libpcap.a and nothing else
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianMirror, installToolchain, platformNamed, ROOT, run, zigPython } from './platforms.mjs';

export const LIBPCAP_VERSION = '1.10.5';
/** Debian's name and digest of the upstream release, which Debian passes on unchanged, and where Debian has it. */
const SOURCE = `libpcap_${LIBPCAP_VERSION}.orig.tar.xz`;
const SOURCE_SHA256 = '84fa89ac6d303028c1c5b754abff77224f45eca0a94eb1a34ff0aa9ceece3925';
const DEBIAN_SUITE = 'trixie';
const DEBIAN_VERSION = '1.10.5-2';

const CONFIGURE = [
  '--disable-shared',
  '--disable-usb',
  '--disable-netmap',
  '--disable-bluetooth',
  '--disable-dbus',
  '--disable-rdma',
  '--without-libnl',
  '--without-dag',
  '--without-dpdk',
  '--without-snf',
];

const FOLDER = join(ROOT, 'target', 'libpcap', LIBPCAP_VERSION);

/** The release's source, from Debian's archive by the mirror that this machine's apt uses; kept in target/. */
function fetchSource() {
  const kept = join(FOLDER, SOURCE);
  const isRight = (path) =>
    existsSync(path) && createHash('sha256').update(readFileSync(path)).digest('hex') === SOURCE_SHA256;
  if (isRight(kept)) return kept;
  mkdirSync(FOLDER, { recursive: true });
  const mirror = debianMirror();
  if (!mirror) {
    throw new Error(
      `this machine's apt knows no Debian mirror to take ${SOURCE} from; run \`apt-get update\`, or put it into ${FOLDER}`,
    );
  }
  // A list of its own: deb-src is seldom configured, and nothing of the machine's apt is to change.
  const apt = mkdtempSync(join(tmpdir(), 'libpcap-source-'));
  try {
    for (const path of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(apt, path), { recursive: true });
    const list = join(apt, 'sources.list');
    const options = [
      `Dir::Etc::SourceList=${list}`,
      'Dir::Etc::SourceParts=/dev/null',
      `Dir::State::Lists=${apt}/lists`,
    ];
    options.push(`Dir::Cache=${apt}/cache`, 'APT::Sandbox::User=root');
    const flags = options.flatMap((option) => ['-o', option]);
    const trust = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
    writeFileSync(list, `deb-src ${trust} ${mirror} ${DEBIAN_SUITE} main\n`);
    run('apt-get', [...flags, 'update', '-qq']);
    run('apt-get', [...flags, '-qq', '--download-only', 'source', `libpcap=${DEBIAN_VERSION}`], { cwd: apt });
    if (!isRight(join(apt, SOURCE))) throw new Error(`${SOURCE} is not the file with sha256 ${SOURCE_SHA256}`);
    copyFileSync(join(apt, SOURCE), kept);
    return kept;
  } finally {
    rmSync(apt, { recursive: true, force: true });
  }
}

/** Where libpcap's licence stands, which goes with every binary that holds libpcap. */
export const LIBPCAP_LICENSE = join(FOLDER, 'LICENSE');

/** The folder that holds this platform's libpcap.a and nothing else; built when it is not there yet. */
export function buildLibpcap(platform) {
  const folder = join(FOLDER, platform.folder);
  if (existsSync(join(folder, 'libpcap.a')) && existsSync(LIBPCAP_LICENSE)) return folder;
  const source = fetchSource();
  installToolchain([platform]);
  const build = mkdtempSync(join(tmpdir(), 'libpcap-build-'));
  try {
    run('tar', ['-xJf', source, '-C', build, '--strip-components=1']);
    const env = {
      CC: `${zigPython} -m ziglang cc -target ${platform.zig}`,
      AR: `${zigPython} -m ziglang ar`,
      RANLIB: `${zigPython} -m ziglang ranlib`,
      CFLAGS: '-O2 -fPIC',
    };
    const host = platform.rust.replace('-unknown', '');
    run('./configure', ['--quiet', `--host=${host}`, ...CONFIGURE], { cwd: build, env });
    run('make', ['--silent', `-j${availableParallelism()}`, 'libpcap.a'], { cwd: build, env });
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(build, 'LICENSE'), LIBPCAP_LICENSE);
    copyFileSync(join(build, 'libpcap.a'), join(folder, 'libpcap.a'));
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(buildLibpcap(platformNamed(process.argv[2])));
