// The proof that the tarballs in dist/packages install and work on a bare machine: Node, npm, nothing else.
// Needs root. `npm run pack:all` makes the tarballs.
//   node packaging/install.mjs

import { strict as assert } from 'node:assert';
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareMachine, inside, installNode, installNpm, nodeVersion } from './machine.mjs';
import { PACKAGES } from './pack.mjs';
import { MANIFEST, PLATFORMS, ROOT, read, run } from './platforms.mjs';
import { startRegistry } from './registry.mjs';

/** Of everything that `npm install tcp-sniffer` brings. */
const INSTALLED_BUDGET = 12 * 1000 * 1000;
/** The oldest that is promised, then the newest of each major. */
const NODE_VERSIONS = ['20.0.0', '20', '22', '24', 'latest'];
/** npm itself wants more than Node 20.0. */
const NODE_OF_NPM = '20';

const HERE = PLATFORMS.find(({ folder }) => folder === `linux-${process.arch}-gnu`);
const SPEC_OF = (name) => `./${name}-${MANIFEST.version}.tgz`;
const base = bareMachine();

/** The files that npm put there, without following links. */
function bytesUnder(path) {
  const status = lstatSync(path);
  if (!status.isDirectory()) return status.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesUnder(join(path, name)), 0);
}

/** An empty project in the machine. */
function freshProject(name) {
  const cwd = `/srv/${name}`;
  const folder = join(base, cwd);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "version": "1.0.0", "private": true }\n');
  return { cwd, folder };
}

/** What a command in the machine wrote. @throws when it fails */
async function expectOk(command, options) {
  const { code, stdout, stderr } = await inside(base, command, options);
  assert.equal(code, 0, `${command.join(' ')}: exit ${code}\n${stdout}${stderr}`);
  return stdout;
}

/** The tarballs of what the root package depends on, in the versions of the lock file; kept in target/. */
function dependencyTarballs() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const folder = join(ROOT, 'target', 'packaging', 'dependencies');
  mkdirSync(folder, { recursive: true });
  return Object.entries(packages)
    .filter(([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional)
    .map(([path, { version }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const file = join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
      if (!existsSync(file)) read('npm', ['pack', '--silent', '--pack-destination', folder, `${name}@${version}`]);
      return file;
    });
}

/** Installs in an empty project; checks what came and how much. */
async function install(title, specs, npm, node, registry) {
  const project = freshProject(title);
  for (const spec of specs.filter((word) => word.startsWith('./')))
    cpSync(join(PACKAGES, spec), join(project.folder, spec));
  const words = [
    'install',
    '--no-audit',
    '--no-fund',
    '--cache',
    `/tmp/npm-${title}`,
    '--registry',
    registry,
    ...specs,
  ];
  const start = performance.now();
  await expectOk(['node', `${npm}/bin/npm-cli.js`, ...words], { node, cwd: project.cwd });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const modules = join(project.folder, 'node_modules');
  const came = readdirSync(modules).filter((name) => name.startsWith('tcp-sniffer'));
  assert.deepEqual(came, [MANIFEST.name, HERE.packageName], `${title}: the root package and the one for this platform`);
  const bytes = bytesUnder(modules);
  assert.ok(bytes <= INSTALLED_BUDGET, `${title}: ${bytes} bytes installed, the budget is ${INSTALLED_BUDGET}`);
  console.log(`${title}: npm install ${specs.join(' ')}: ${seconds} s, ${bytes} bytes installed`);
  return project;
}

/** Everything a user does first, on one Node. */
async function use({ cwd, folder }, version) {
  const node = installNode(base, version);
  cpSync(join(ROOT, 'packaging', 'consumers'), folder, { recursive: true });
  const alone = { node, cwd, ownNetwork: true, only: '' };
  assert.equal(await expectOk(['node', 'savefile.mjs', '/srv/fixtures/plain.pcap', '80'], alone), SAVEFILE_MESSAGES);
  assert.equal(await expectOk(['node', 'panic.cjs', '/srv/fixtures/plain.pcap'], alone), 'UNRECOVERABLE\n');
  const every = await expectOk(['node', 'every-savefile.cjs', '/srv/fixtures'], alone);
  const live = await expectOk(['node', 'live.mjs'], { ...alone, only: 'net_raw' });
  assert.equal(live, 'request GET /live\nresponse 200 hello\n');
  const bin = 'node_modules/.bin/tcp-sniffer';
  assert.equal(await expectOk([bin, '--version'], alone), `${MANIFEST.version}\n`);
  const lines = await expectOk([bin, '--ports', '80', '--read', '/srv/fixtures/plain.pcap'], alone);
  assert.deepEqual(
    lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).direction),
    ['request', 'response'],
  );
  console.log(`Node ${version}: import and require, ${every.trim()}, live on lo with NET_RAW alone, the command`);
}

const SAVEFILE_MESSAGES = 'request GET /hello?name=world\nresponse 200 \n';

/** Types as each kind of resolution finds them, with nothing skipped; this machine's compiler on the installed files. */
function compile({ folder }) {
  const strict = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node'];
  const types = ['--typeRoots', join(ROOT, 'node_modules', '@types')];
  const kinds = [
    ['node16', 'node16', ['typed.mts', 'typed.cts']],
    ['nodenext', 'nodenext', ['typed.mts', 'typed.cts']],
    ['esnext', 'bundler', ['typed.mts']],
  ];
  for (const [module, resolution, files] of kinds) {
    const words = ['--module', module, '--moduleResolution', resolution, ...strict, ...types, ...files];
    run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), ...words], { cwd: folder });
  }
}

/** Without the platform package: the error names it and says what to do. */
async function withoutPlatformPackage(npm, node, registry) {
  const { cwd, folder } = freshProject('omitted');
  const words = ['install', '--omit=optional', '--no-audit', '--no-fund', '--registry', registry, MANIFEST.name];
  await expectOk(['node', `${npm}/bin/npm-cli.js`, ...words], { node, cwd });
  cpSync(join(ROOT, 'packaging', 'consumers'), folder, { recursive: true });
  const { code, stderr } = await inside(base, ['node_modules/.bin/tcp-sniffer', 'interfaces'], { node, cwd });
  assert.equal(code, 2, stderr);
  assert.match(stderr, new RegExp(`${HERE.packageName}@${MANIFEST.version}`));
  console.log(`without it: ${stderr.trim()}`);
}

const tarballs = readdirSync(PACKAGES).map((name) => join(PACKAGES, name));
const registry = await startRegistry([...tarballs, ...dependencyTarballs()]);
try {
  cpSync(join(ROOT, 'fixtures'), join(base, 'srv', 'fixtures'), { recursive: true });
  const npm = installNpm(base);
  const node = installNode(base, nodeVersion(NODE_OF_NPM));
  const files = [SPEC_OF(MANIFEST.name), SPEC_OF(HERE.packageName)];
  const byFile = await install('by-file', files, npm, node, registry.url);
  const byName = await install('by-name', [MANIFEST.name], npm, node, registry.url);
  const npx = await expectOk(['node', `${npm}/bin/npx-cli.js`, 'tcp-sniffer', '--version'], { node, cwd: byFile.cwd });
  assert.equal(npx, `${MANIFEST.version}\n`);
  const versions = NODE_VERSIONS.map(nodeVersion);
  for (const version of versions) await use(byName, version);
  await use(byFile, versions.at(-1));
  compile(byName);
  await withoutPlatformPackage(npm, node, registry.url);
  console.log(`installs and works on a bare machine: Node ${versions.join(', ')}`);
} finally {
  registry.stop();
}
