// The contents of an image that docker/build.sh made of this clone, as CycloneDX 1.5: the packages of its base, Node, what npm has
// installed in it, the crates and the libpcap of its addon, and the crates of its launcher.
//   node packaging/image-sbom.mjs IMAGE     by podman or docker, into dist/sbom/
// The standard libraries of Rust and C in launcher and addon, which come from RUST_IMAGE, are not named.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MANIFEST, platformNamed } from './platforms.mjs';
import { addonComponents, component, crateComponents, documentOf, FOLDER, npmComponents } from './sbom.mjs';

/** Runs in the image, whose base may have nothing but what Node needs. */
function look() {
  const { existsSync, readdirSync, readFileSync } = require('node:fs');
  const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  const list = (path) => (existsSync(path) ? readdirSync(path) : []);
  const modules = [];
  const visit = (path) => {
    for (const name of list(path)) {
      const folder = `${path}/${name}`;
      if (name.startsWith('@')) visit(folder);
      const manifest = read(`${folder}/package.json`);
      if (manifest === '') continue;
      modules.push({ path: folder.replace(/^\/app\//, ''), version: JSON.parse(manifest).version });
      visit(`${folder}/node_modules`);
    }
  };
  visit('/app/node_modules');
  const ofPackages = list('/var/lib/dpkg/status.d').filter((name) => !name.includes('.md5sums'));
  const found = {
    release: read('/etc/os-release'),
    // Bases without a shell have a file a package.
    packages: [read('/var/lib/dpkg/status'), ...ofPackages.map((name) => read(`/var/lib/dpkg/status.d/${name}`))],
    version: JSON.parse(read('/app/package.json')).version,
    ...{ node: process.versions.node, cpu: process.arch, modules },
  };
  console.log(JSON.stringify(found));
}

/** The content of the image, and the id that its builder gave it. */
export function readImage(image, env = process.env) {
  const engine = ['podman', 'docker'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (engine === undefined) throw new Error('neither podman nor docker is there');
  const ask = (...words) => execFileSync(engine, words, { env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const program = ['--entrypoint', '/usr/local/bin/node', image, '--eval', `(${look})()`];
  const found = JSON.parse(ask('run', '--rm', '--network', 'none', ...program));
  return {
    ...found,
    id: ask('image', 'inspect', '--format', '{{.Id}}', image)
      .trim()
      .replace(/^sha256:/, ''),
  };
}

/** A field of a paragraph of dpkg, or of os-release. */
const field = (text, name, sign) => new RegExp(`^${name}${sign}"?([^"\\n]*)"?$`, 'm').exec(text)?.[1];

function baseComponents({ release, packages }) {
  const [id, version] = [field(release, 'ID', '=') ?? 'unknown', field(release, 'VERSION_ID', '=') ?? 'unknown'];
  const installed = packages
    .flatMap((text) => text.split(/\n\n+/))
    .filter((text) => /^Package: /m.test(text) && /\binstalled$/.test(field(text, 'Status', ': ') ?? 'installed'));
  return [
    { type: 'operating-system', 'bom-ref': `os:${id}`, name: id, version },
    ...installed.map((text) => {
      const [name, number, arch] = ['Package', 'Version', 'Architecture'].map((each) => field(text, each, ': '));
      const purl = `pkg:deb/${id}/${encodeURIComponent(name)}@${encodeURIComponent(number)}?arch=${arch}&distro=${id}-${version}`;
      return component({ purl, name, version: number });
    }),
  ];
}

/** @throws {Error} for an image that was made of another commit */
export function imageBom(found) {
  const { version, node, cpu, modules, id } = found;
  const there = new Map(modules.map((module) => [module.path, module.version]));
  const npm = npmComponents((path, entry) => there.get(path) === entry.version);
  const named = new Set(npm.map(({ name, version }) => `${name} ${version}`));
  const other = modules.find((module) => !named.has(`${module.path.split('node_modules/').at(-1)} ${module.version}`));
  if (version !== MANIFEST.version || other !== undefined) {
    const what = other === undefined ? `version ${version}` : `${other.path} ${other.version}`;
    throw new Error(`the image was not made of this clone: it has ${what}`);
  }
  const platform = platformNamed(`linux-${cpu}-gnu`);
  const purl = `pkg:generic/node@${node}`;
  const components = [
    ...baseComponents(found),
    // By this name scanners look for its vulnerabilities.
    {
      ...component({ purl, name: 'node', version: node, license: 'MIT' }),
      cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`,
    },
    ...npm,
    ...addonComponents(platform),
    ...crateComponents(platform, 'tcp-sniffer-launcher'),
  ];
  const once = [...new Map(components.map((one) => [one['bom-ref'], one])).values()];
  const about = { type: 'container', 'bom-ref': `sha256:${id}`, name: MANIFEST.name, version };
  return documentOf(about, once, { compositions: [{ aggregate: 'incomplete', assemblies: [about['bom-ref']] }] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [image, ...others] = process.argv.slice(2);
  if (image === undefined || others.length > 0) throw new Error('usage: node packaging/image-sbom.mjs IMAGE');
  const found = readImage(image);
  const bom = imageBom(found);
  const file = `${MANIFEST.name}-image-${MANIFEST.version}-${found.cpu}.cdx.json`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, file), `${JSON.stringify(bom, null, 2)}\n`);
  if (!bom.components.some(({ purl }) => purl?.startsWith('pkg:deb/')))
    console.error('image-sbom: the base has no list of dpkg; its packages are not named');
  console.log(`dist/sbom/${file}: ${bom.components.length} components`);
}
