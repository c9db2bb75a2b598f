// The bills of materials name what is inside the packages, from the lock files.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error scripts have no types
import { sboms } from '../packaging/sbom.mjs';

interface Component {
  name: string;
  version: string;
  purl: string;
  'bom-ref': string;
  hashes?: { alg: string; content: string }[];
  licenses?: { expression: string }[];
}
interface Bom {
  serialNumber: string;
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const read = (path: string) => readFileSync(join(__dirname, '..', path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const lockedVersion = (name: string): string | undefined =>
  JSON.parse(read('package-lock.json')).packages[`node_modules/${name}`]?.version;
let files: [string, Bom][];
beforeAll(() => {
  files = sboms();
}, 60_000);

it('one for each package, with the name that npm has for it', () => {
  const [root, ...platforms] = files.map(([, { metadata }]) => metadata.component.name);
  expect(root).toBe(manifest.name);
  expect(new Set(platforms).size).toBe(platforms.length);
  expect(platforms).toHaveLength(manifest.napi.targets.length);
  for (const [file, { metadata }] of files) {
    expect(file).toBe(`${metadata.component.name}-${manifest.version}.cdx.json`);
  }
});

it('the root package has what is installed and what is bundled, and no tool of developers', () => {
  const named = new Map(files[0]?.[1].components.map(({ name, version }) => [name, version]));
  for (const name of Object.keys(manifest.dependencies)) expect(named.has(name), name).toBe(true);
  for (const name of ['preact', 'commander']) expect(named.get(name), name).toBe(lockedVersion(name) ?? 'no version');
  for (const name of ['vitest', 'typescript', 'esbuild']) expect(named.has(name), name).toBe(false);
});

it("an addon has libpcap and the crates that it links, with Cargo's checksums", () => {
  const lock = read('Cargo.lock');
  const [, pinned] = /^SHA256=(.+)$/m.exec(read('packaging/libpcap.env')) ?? [];
  for (const [, { components }] of files.slice(1)) {
    const named = new Map(components.map((one) => [one.name, one]));
    expect(named.get('libpcap')?.hashes).toEqual([{ alg: 'SHA-256', content: pinned }]);
    for (const name of ['napi', 'memchr', 'aes-gcm']) expect(named.has(name), name).toBe(true);
    for (const name of ['criterion', 'proptest', 'napi-build']) expect(named.has(name), name).toBe(false);
    for (const { name, version, hashes } of components) {
      if (name === 'libpcap') continue;
      expect(lock, name).toContain(`name = "${name}"\nversion = "${version}"\n`);
      expect(lock, name).toContain(`checksum = "${hashes?.[0]?.content}"`);
    }
  }
});

describe('each', () => {
  it('is the same when it is made again, and another one for other content', () => {
    expect(sboms()).toEqual(files);
    expect(new Set(files.map(([, { serialNumber }]) => serialNumber)).size).toBe(files.length);
    for (const [, { serialNumber }] of files)
      expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('names every part once, with hash and licence, as what the package depends on', () => {
    for (const [, { metadata, components, dependencies }] of files) {
      const refs = components.map((one) => one['bom-ref']);
      expect(new Set(refs).size).toBe(refs.length);
      expect(dependencies).toEqual([{ ref: metadata.component['bom-ref'], dependsOn: refs }]);
      for (const { purl, hashes, licenses } of components) {
        expect(purl).toMatch(/^pkg:(npm|cargo|generic)\/\S+@\d/);
        expect(hashes).toHaveLength(1);
        expect(licenses?.[0]?.expression).toMatch(/^[\w() .-]+$/);
      }
    }
  });
});
