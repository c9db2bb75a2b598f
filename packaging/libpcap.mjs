// libpcap for the platform packages: the pinned release as a static library, without anything that would make the addon
// need another library. Development builds use the system's libpcap instead.
//   node packaging/libpcap.mjs PLATFORM     e.g. linux-x64-gnu; prints the folder that holds libpcap.a and nothing else
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, kept } from '../scripts/cache.mjs';
import { withSource } from './debian.mjs';
import { installToolchain, platformNamed, ROOT, read, run, ZIG } from './platforms.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const PINS = readFileSync(join(ROOT, 'packaging', 'libpcap.env'), 'utf8');
const pin = (name) => new RegExp(`^${name}=(['"]?)(.*)\\1$`, 'm').exec(PINS)[2];

export const LIBPCAP_VERSION = pin('VERSION');
export const LIBPCAP_SHA256 = pin('SHA256');
const ARCHIVE = `libpcap_${LIBPCAP_VERSION}.orig.tar.xz`;
const SOURCE = `libpcap-${LIBPCAP_VERSION}-source`;

/** The release, from Debian's archive. */
function sourceArchive() {
  const byHand = join(CACHE, SOURCE, ARCHIVE);
  let folder;
  try {
    folder = kept(SOURCE, (part) => {
      withSource(pin('SUITE'), 'libpcap', pin('DEBIAN_VERSION'), (brought) =>
        copyFileSync(join(brought, ARCHIVE), join(part, ARCHIVE)),
      );
    });
  } catch (cause) {
    throw new Error(`libpcap's source cannot be had (${cause.message}); put it there by hand: ${byHand}`, { cause });
  }
  const archive = join(folder, ARCHIVE);
  const wrong = !existsSync(archive)
    ? 'is missing'
    : sha256(readFileSync(archive)) !== pin('SHA256') && 'is another file';
  if (wrong)
    throw new Error(`${archive} ${wrong}; its sha256 is to be ${pin('SHA256')}: delete its folder and try again`);
  return archive;
}

/** The text of libpcap's licence, which goes with every binary that holds libpcap. */
export const libpcapLicense = () => read('tar', ['-xJOf', sourceArchive(), '--wildcards', 'libpcap-*/LICENSE']);

/** The folder that holds this platform's libpcap.a and nothing else; its name holds all that it was made with. */
export function buildLibpcap(platform) {
  const recipe = sha256([PINS, ZIG, platform.zig].join('\n')).slice(0, 12);
  return kept(`libpcap-${LIBPCAP_VERSION}-${platform.folder}-${recipe}`, (part) => {
    const { python } = installToolchain([platform]);
    const source = mkdtempSync(join(tmpdir(), 'tcp-sniffer-libpcap-'));
    try {
      run('tar', ['-xJf', sourceArchive(), '-C', source, '--strip-components=1']);
      const env = {
        CC: `${python} -m ziglang cc -target ${platform.zig}`,
        AR: `${python} -m ziglang ar`,
        RANLIB: `${python} -m ziglang ranlib`,
        CFLAGS: pin('CFLAGS'),
      };
      const host = platform.rust.replace('-unknown', '');
      run('./configure', ['--quiet', `--host=${host}`, ...pin('CONFIGURE').split(' ')], { cwd: source, env });
      run('make', ['--silent', `-j${availableParallelism()}`, 'libpcap.a'], { cwd: source, env });
      copyFileSync(join(source, 'libpcap.a'), join(part, 'libpcap.a'));
    } finally {
      rmSync(source, { recursive: true, force: true });
    }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(buildLibpcap(platformNamed(process.argv[2])));
