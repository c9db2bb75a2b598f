// The licences of what is inside an addon: libpcap and the crates that are linked in. Their terms ask that they go along.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LIBPCAP_VERSION, libpcapLicense } from './libpcap.mjs';
import { read } from './platforms.mjs';

const LICENSE_FILE = /^(licen[cs]e|copying|copyright|notice)/i;

/** The crates that a platform's addon links, or another program of the workspace, as `cargo metadata` has them. */
export function linkedCrates(platform, program) {
  const features = ['--features', 'addon', '--filter-platform', platform.rust];
  const metadata = JSON.parse(read('cargo', ['metadata', '--locked', '--format-version', '1', ...features]));
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const root =
    program === undefined ? metadata.resolve.root : metadata.packages.find(({ name }) => name === program).id;
  const seen = new Set();
  const visit = (id) => {
    if (seen.has(id)) return;
    seen.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) if (kinds.some(({ kind }) => kind === null)) visit(pkg);
  };
  visit(root);
  return metadata.packages
    .filter(({ id }) => seen.has(id) && id !== root)
    .sort((a, b) => a.id.localeCompare(b.id, 'en'));
}

/** Each licence text once, under the names of all that it is for: many crates share theirs word by word. */
export function notices(platform) {
  const namesOf = new Map();
  const add = (text, name) => namesOf.set(text, [...(namesOf.get(text) ?? []), name]);
  add(libpcapLicense().trim(), `libpcap ${LIBPCAP_VERSION} (BSD-3-Clause)`);
  for (const { name, version, license, manifest_path: manifest } of linkedCrates(platform)) {
    const folder = dirname(manifest);
    const files = readdirSync(folder).filter((file) => LICENSE_FILE.test(file));
    const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
    if (texts.length === 0) texts.push('(no licence text comes with it; the licence is named above)');
    for (const text of texts) add(text, `${name} ${version} (${license})`);
  }
  const parts = [...namesOf].map(([text, names]) => `${'-'.repeat(80)}\n${names.join('\n')}\n\n${text}\n`);
  return `What is linked into ${platform.addon}, and its licences.\n\n${parts.join('\n')}`;
}
