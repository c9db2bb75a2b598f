// The packages of Debian's archive, by the mirror that this machine's apt uses and with lists of its own: nothing of the
// machine's apt is changed, and any suite and architecture can be asked.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { read, run } from './platforms.mjs';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The Debian mirror that this machine's apt uses; undefined where it knows none. */
export function debianMirror() {
  const words = ['indextargets', '--format', '$(ORIGIN) $(LABEL) $(REPO_URI)', 'Created-By: Packages'];
  return /^Debian Debian (\S+)$/m.exec(read('apt-get', words))?.[1];
}

/** Runs apt-get on a suite in a folder of its own and hands the folder with what it brought to `use`. */
function withApt({ suite, kind, arch }, words, use) {
  const mirror = debianMirror();
  if (!mirror) throw new Error("this machine's apt knows no Debian mirror; run `apt-get update`, or add one");
  const apt = mkdtempSync(join(tmpdir(), 'tcp-sniffer-apt-'));
  try {
    const [brought, settings] = [join(apt, 'brought'), join(apt, 'apt.conf')];
    for (const path of ['lists/partial', 'cache/archives/partial', 'brought'])
      mkdirSync(join(apt, path), { recursive: true });
    writeFileSync(join(apt, 'sources.list'), `${kind} [signed-by=${KEYRING}] ${mirror} ${suite} main\n`);
    const lines = [
      `Dir::Etc::SourceList "${apt}/sources.list";`,
      'Dir::Etc::SourceParts "/dev/null";',
      `Dir::State::Lists "${apt}/lists";`,
      `Dir::Cache "${apt}/cache";`,
      'APT::Sandbox::User "root";',
      ...(arch ? [`APT::Architecture "${arch}";`, `APT::Architectures "${arch}";`] : []),
    ];
    writeFileSync(settings, `${lines.join('\n')}\n`);
    const options = { cwd: brought, env: { APT_CONFIG: settings } };
    run('apt-get', ['-qq', 'update'], options);
    run('apt-get', ['-qq', ...words], options);
    return use(brought);
  } finally {
    rmSync(apt, { recursive: true, force: true });
  }
}

/** Downloads the files of a source package, and hands the folder they are in to `use`. */
export const withSource = (suite, name, version, use) =>
  withApt({ suite, kind: 'deb-src' }, ['--download-only', 'source', `${name}=${version}`], use);

/** Unpacks packages of a suite, for `amd64` or `arm64`, into a folder; nothing of theirs is run. */
export function unpackPackages({ suite, arch, packages }, folder) {
  withApt({ suite, kind: 'deb', arch }, ['download', ...packages], (brought) => {
    for (const file of readdirSync(brought)) run('dpkg', ['--extract', join(brought, file), folder]);
  });
}
