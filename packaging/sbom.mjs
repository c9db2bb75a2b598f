// The contents of the packages, as CycloneDX 1.5: of the root package what npm installs along with it and what is bundled into it,
// of each platform's package the crates and the libpcap that its addon links. Made of the lock files, so that it is the same
// on every machine.
//   node packaging/sbom.mjs     into dist/sbom/, one file a package
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUNDLED as WITH_COMMAND } from '../scripts/bundle.mjs';
import { LIBPCAP_SHA256, LIBPCAP_VERSION } from './libpcap.mjs';
import { linkedCrates } from './notices.mjs';
import { MANIFEST, PLATFORMS, ROOT } from './platforms.mjs';

export const FOLDER = join(ROOT, 'dist', 'sbom');
/** Into dist/page/ by scripts/page.mjs, and with the command. */
const BUNDLED = ['preact', ...WITH_COMMAND];

const text = (path) => readFileSync(join(ROOT, path), 'utf8');
export const npmUrl = (name, version) => `pkg:npm/${name.replace(/^@/, '%40')}@${version}`;

export function component({ purl, name, version, license, hash }) {
  return {
    ...{ type: 'library', 'bom-ref': purl, name, version, purl },
    ...(hash === undefined ? {} : { hashes: [hash] }),
    ...(license === undefined ? {} : { licenses: [{ expression: license.replaceAll('/', ' OR ') }] }),
  };
}

/**
 * Of the lock file.
 * @param chosen true for the path and the entry of what is to be named; what is bundled always is
 */
export function npmComponents(chosen) {
  const { packages } = JSON.parse(text('package-lock.json'));
  const prefix = 'node_modules/';
  return Object.entries(packages)
    .filter(([path, entry]) => path !== '' && (BUNDLED.includes(path.slice(prefix.length)) || chosen(path, entry)))
    .map(([path, { version, license, integrity }]) => {
      const name = path.slice(path.lastIndexOf(prefix) + prefix.length);
      const [, content] = /^sha512-(\S+)/.exec(integrity) ?? [];
      const hash = { alg: 'SHA-512', content: Buffer.from(content, 'base64').toString('hex') };
      return component({ purl: npmUrl(name, version), name, version, license, hash });
    });
}

function checksums() {
  const entries = text('Cargo.lock').matchAll(
    /^name = "(.+)"\nversion = "(.+)"\n(?:source = .*\n)?checksum = "(.+)"$/gm,
  );
  return new Map([...entries].map(([, name, version, checksum]) => [`${name} ${version}`, checksum]));
}

/** Of the addon, or of another program of the workspace. */
export function crateComponents(platform, program) {
  const known = checksums();
  return linkedCrates(platform, program).map(({ name, version, license }) => {
    const content = known.get(`${name} ${version}`);
    const hash = content === undefined ? undefined : { alg: 'SHA-256', content };
    return component({ purl: `pkg:cargo/${name}@${version}`, name, version, license, hash });
  });
}

export function addonComponents(platform) {
  const libpcap = component({
    ...{ purl: `pkg:generic/libpcap@${LIBPCAP_VERSION}`, name: 'libpcap', version: LIBPCAP_VERSION },
    ...{ license: 'BSD-3-Clause', hash: { alg: 'SHA-256', content: LIBPCAP_SHA256 } },
  });
  return [...crateComponents(platform), libpcap];
}

function bomOf(name, components) {
  const { version, license } = MANIFEST;
  return documentOf(component({ purl: npmUrl(name, version), name, version, license }), components);
}

/** @param more further members of the document */
export function documentOf(about, components, more = {}) {
  const dependsOn = components.map((one) => one['bom-ref']);
  const content = {
    ...{ metadata: { component: about }, components, dependencies: [{ ref: about['bom-ref'], dependsOn }] },
    ...more,
  };
  // The same content has the same number (RFC 9562 §5.8: version 8 is for what a vendor makes of a hash).
  const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return { bomFormat: 'CycloneDX', specVersion: '1.5', serialNumber: `urn:uuid:${uuid}`, version: 1, ...content };
}

/** File names and their content. */
export function sboms() {
  const files = [
    // The packages that are installed with it. Optional packages of our own are packages themselves.
    [MANIFEST.name, npmComponents((_, { dev }) => !dev)],
    ...PLATFORMS.map((platform) => [platform.packageName, addonComponents(platform)]),
  ];
  return files.map(([name, components]) => [`${name}-${MANIFEST.version}.cdx.json`, bomOf(name, components)]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, bom] of sboms()) writeFileSync(join(FOLDER, name), `${JSON.stringify(bom, null, 2)}\n`);
  console.log(`${1 + PLATFORMS.length} files in dist/sbom`);
}
