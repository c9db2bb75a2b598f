// The bill of materials of an image, of what was found in it: its base, Node, what npm installed, the crates.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error scripts have no types
import { imageBom } from '../packaging/image-sbom.mjs';

interface Component {
  name: string;
  version: string;
  purl?: string;
  cpe?: string;
  'bom-ref': string;
  hashes?: unknown[];
}
interface Bom {
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
  compositions: { aggregate: string; assemblies: string[] }[];
}

const read = (path: string) => readFileSync(join(__dirname, '..', path), 'utf8');
const { version } = JSON.parse(read('package.json'));
const { packages } = JSON.parse(read('package-lock.json'));
const moduleOf = (name: string) => ({
  path: `node_modules/${name}`,
  version: packages[`node_modules/${name}`].version,
});
const DPKG = `Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u1
Description: GNU C Library
 Package: not-this

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: libstdc++6
Status: install ok installed
Architecture: amd64
Version: 1:12.2~rc
`;
const FOUND = {
  release: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
  packages: [DPKG],
  ...{ version, node: '22.1.0', cpu: 'arm64', id: 'a'.repeat(64) },
  modules: ['undici', '@platformatic/kafka'].map(moduleOf),
};

describe('an image', () => {
  let bom: Bom;
  beforeAll(() => {
    bom = imageBom(FOUND);
  }, 60_000);
  const component = (name: string) => bom.components.find((one) => one.name === name);

  it('has the packages of its base that are installed', () => {
    expect(component('libc6')?.purl).toBe('pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12');
    expect(component('libstdc++6')?.purl).toBe('pkg:deb/debian/libstdc%2B%2B6@1%3A12.2~rc?arch=amd64&distro=debian-12');
    expect(component('debian')).toMatchObject({ type: 'operating-system', version: '12' });
    expect(component('gone')).toBeUndefined();
    expect(component('not-this')).toBeUndefined();
  });

  it('has Node by the name of advisories', () => {
    expect(component('node')?.cpe).toBe('cpe:2.3:a:nodejs:node.js:22.1.0:*:*:*:*:*:*:*');
  });

  it('has what npm installed in it and what is bundled, and nothing else of the lock file', () => {
    const npm = bom.components.filter(({ purl }) => purl?.startsWith('pkg:npm/')).map(({ name }) => name);
    expect(npm.sort()).toEqual(['@platformatic/kafka', 'commander', 'preact', 'undici']);
  });

  it('has what addon and launcher link, once', () => {
    for (const name of ['napi', 'rustix', 'libpcap']) expect(component(name)?.hashes, name).toHaveLength(1);
    const refs = bom.components.map((one) => one['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
    expect(bom.dependencies).toEqual([{ ref: `sha256:${FOUND.id}`, dependsOn: refs }]);
    expect(bom.metadata.component).toMatchObject({ type: 'container', version });
  });

  it('is not said to be all: standard libraries are linked that no list has', () => {
    expect(bom.compositions).toEqual([{ aggregate: 'incomplete', assemblies: [`sha256:${FOUND.id}`] }]);
  });
});

it.each([
  ['another version', { ...FOUND, version: '9.9.9' }, 'it has version 9.9.9'],
  [
    'another version of a module',
    { ...FOUND, modules: [{ path: 'node_modules/commander', version: '0.0.1' }] },
    'it has node_modules/commander 0.0.1',
  ],
  [
    'a module of its own',
    { ...FOUND, modules: [{ path: 'node_modules/evil', version: '1.0.0' }] },
    'it has node_modules/evil',
  ],
])('is refused for an image with %s', (_, found, words) => {
  expect(() => imageBom(found)).toThrow(words);
});

it('has the files of a base without a shell, one a package', () => {
  const status = DPKG.replace(/^Status: .*\n/gm, '').split('\n\n');
  const { components }: Bom = imageBom({ ...FOUND, packages: ['', ...status] });
  expect(components.map(({ name }) => name)).toContain('libc6');
}, 60_000);
