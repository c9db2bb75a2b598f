// The proof that the tarballs in dist/packages install and work on bare machines: Node, npm, nothing else.
// Needs root. `npm run pack:all` makes the tarballs.
//   node packaging/install.mjs [PLATFORM...]     without names: all that this machine can run

import { strict as assert } from 'node:assert';
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kept } from '../scripts/cache.mjs';
import { FAULTS } from './addon.mjs';
import { boot } from './kernel.mjs';
import { bareMachine, canRun, inside, installNode, installNpm } from './machine.mjs';
import { PACKAGES } from './pack.mjs';
import { MANIFEST, PLATFORMS, platformNamed, ROOT, read, run } from './platforms.mjs';
import { startRegistry } from './registry.mjs';

/** Of everything that `npm install tcp-sniffer` brings, as it takes room on the disk. */
const INSTALLED_BUDGET = 12 * 1000 * 1000;
/** With npm's cache empty and the registry on the same machine. */
const INSTALL_SECONDS = 5;
/** Where the machine has other things to do, an install takes longer than it does. */
const INSTALL_ATTEMPTS = 3;
/** The oldest that is promised, then the newest of each major. */
const NODE_VERSIONS = ['20.0.0', '20', '22', '24', 'latest'];
/** npm itself wants more than Node 20.0. */
const NODE_OF_NPM = '20';
/** For musl there is but one. */
const NODE_ELSEWHERE = '24';
/** Time goes slower there. */
const EMULATED_TIMES = 20;

const SAVEFILES = JSON.parse(readFileSync(join(ROOT, 'fixtures', 'index.json'), 'utf8')).length;
const SAVEFILE_MESSAGES = 'request GET /hello?name=world\nresponse 200 \n';
const MESSAGE_LINES = /\{.*"direction":"request".*\}\n\{.*"direction":"response".*\}\n/;
const exactly = (output) =>
  new RegExp(`^${output instanceof RegExp ? output.source : output.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
const FILE_OF = (name) => `./${name}-${MANIFEST.version}.tgz`;

/** The disk space of the files that npm put there, links not followed. */
function bytesUnder(path) {
  const status = lstatSync(path);
  if (!status.isDirectory()) return Math.max(status.size, status.blocks * 512);
  return readdirSync(path).reduce((sum, name) => sum + bytesUnder(join(path, name)), 0);
}

/** The tarballs of what the root package depends on, in the versions of the lock file. */
function dependencyTarballs() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional)
    .map(([path, { version }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const folder = kept(`npm-${name.replace('/', '+')}-${version}`, (part) =>
        read('npm', ['pack', '--silent', '--pack-destination', part, `${name}@${version}`]),
      );
      return join(folder, readdirSync(folder)[0]);
    });
}

/** One platform's machine, and what a user does there. */
class Trial {
  constructor(platform, registry) {
    this.platform = platform;
    this.registry = registry;
    this.machine = bareMachine(platform);
    this.npm = installNpm(this.machine);
    this.node = this.installNode(NODE_OF_NPM).words;
    cpSync(join(ROOT, 'fixtures'), join(this.machine.base, 'srv', 'fixtures'), { recursive: true });
  }

  installNode(wanted) {
    return installNode(this.machine, this.platform, wanted);
  }

  get isEmulated() {
    return this.machine.emulator.length > 0;
  }

  /** An empty project. */
  freshProject(name) {
    const cwd = `/srv/${name}`;
    const folder = join(this.machine.base, cwd);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "version": "1.0.0", "private": true }\n');
    return { cwd, folder };
  }

  /** The output of a command. @throws when it fails */
  async expectOk(command, options) {
    const { code, stdout, stderr } = await inside(this.machine, command, options);
    assert.equal(code, 0, `${command.join(' ')}: exit ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  runNpm(program, words, cwd) {
    const flags = ['--no-audit', '--no-fund', '--cache', `/tmp/npm-of${cwd.replaceAll('/', '-')}`];
    const command = [...this.node, join(this.npm, program), ...words, ...flags, '--registry', this.registry.url];
    return this.expectOk(command, { node: this.node, cwd });
  }

  /** Installs in an empty project; checks what came, how much and how fast. */
  async install(title, specs) {
    const limit = INSTALL_SECONDS * (this.isEmulated ? EMULATED_TIMES : 1);
    for (let attempt = 1; ; attempt += 1) {
      const project = this.freshProject(`${title}-${attempt}`);
      const seconds = await this.installIn(project, specs);
      const bytes = bytesUnder(join(project.folder, 'node_modules'));
      console.log(`${title}: npm install ${specs.join(' ')}: ${seconds.toFixed(1)} s, ${bytes} bytes on the disk`);
      assert.ok(bytes <= INSTALLED_BUDGET, `${title}: ${bytes} bytes installed, the budget is ${INSTALLED_BUDGET}`);
      if (seconds <= limit) return project;
      assert.ok(attempt < INSTALL_ATTEMPTS, `${title}: ${seconds} s to install, the budget is ${limit}`);
    }
  }

  async installIn({ cwd, folder }, specs) {
    for (const spec of specs.filter((word) => word.startsWith('./'))) cpSync(join(PACKAGES, spec), join(folder, spec));
    const start = performance.now();
    await this.runNpm('npm-cli.js', ['install', ...specs], cwd);
    const seconds = (performance.now() - start) / 1000;
    const came = readdirSync(join(folder, 'node_modules')).filter((name) => name.startsWith(MANIFEST.name));
    assert.deepEqual(
      came,
      [MANIFEST.name, this.platform.packageName],
      'the root package and the one for this platform',
    );
    return seconds;
  }

  /** Everything a user does first, on one Node. */
  async use({ cwd, folder }, wanted) {
    const { version, words: node } = this.installNode(wanted);
    cpSync(join(ROOT, 'packaging', 'consumers'), folder, { recursive: true });
    cpSync(join(FAULTS, this.platform.addon), join(folder, 'faults.node'));
    // The file's first line asks for a program that a machine with nothing but libraries has not.
    const command = [...(this.machine.isWhole ? [] : node), 'node_modules/.bin/tcp-sniffer'];
    const savefile = '/srv/fixtures/plain.pcap';
    const steps = [
      { words: [...node, 'savefile.mjs', savefile, '80'], gives: SAVEFILE_MESSAGES },
      { words: [...node, 'panic.cjs', savefile], gives: 'UNRECOVERABLE\n' },
      { words: [...node, 'worker.mjs', savefile, '80'], gives: SAVEFILE_MESSAGES },
      { words: [...node, 'every-savefile.cjs', '/srv/fixtures'], gives: `${SAVEFILES} savefiles\n` },
      { words: [...node, 'live.mjs'], only: ['net_raw'], gives: 'request GET /live\nresponse 200 hello\n' },
      { words: [...command, '--version'], gives: `${MANIFEST.version}\n` },
      { words: [...command, '--ports', '80', '--read', savefile, '--log-level', 'silent'], gives: MESSAGE_LINES },
    ];
    if (this.isEmulated) await this.useBooted(steps, cwd);
    else {
      for (const { words, only = [], gives } of steps) {
        assert.match(await this.expectOk(words, { node, cwd, ownNetwork: true, only }), exactly(gives));
      }
    }
    console.log(`Node ${version}: import and require, a worker, ${SAVEFILES} savefiles, live on lo, the command`);
    return version;
  }

  /** The same on a kernel of that architecture, where nothing is emulated but the machine itself. */
  async useBooted(steps, cwd) {
    const emulator = this.machine.emulator.length;
    const commands = steps.map(({ words }) => words.slice(emulator));
    const results = await boot(this.machine, commands, cwd);
    for (const [at, { gives }] of steps.entries()) {
      const { code, output } = results[at];
      assert.equal(code, 0, `${commands[at].join(' ')}: exit ${code}\n${output}`);
      assert.match(output, exactly(gives));
    }
  }

  /** Without the platform package: the error names it and says what to do. */
  async withoutPlatformPackage() {
    const { cwd, folder } = this.freshProject('omitted');
    await this.runNpm('npm-cli.js', ['install', '--omit=optional', MANIFEST.name], cwd);
    assert.ok(!existsSync(join(folder, 'node_modules', this.platform.packageName)));
    await this.fails([], cwd, `npm install ${this.platform.packageName}@${MANIFEST.version}`);
    for (const platform of ['darwin', 'win32']) {
      const pretend = `data:text/javascript,Object.defineProperty(process, 'platform', { value: '${platform}' })`;
      await this.fails(['--import', pretend], cwd, `${platform}-${this.platform.cpu}: tcp-sniffer works on Linux only`);
    }
  }

  /** One line that says it, where there is no addon. */
  async fails(flags, cwd, saying) {
    for (const words of [['interfaces'], ['--ports', '80', '--read', '/srv/fixtures/plain.pcap']]) {
      const command = [...this.node, ...flags, 'node_modules/.bin/tcp-sniffer', ...words];
      const { code, stderr } = await inside(this.machine, command, { node: this.node, cwd });
      assert.equal(code, 2, stderr);
      const lines = stderr.trim().split('\n');
      assert.equal(lines.length, 1, stderr);
      const { message } = JSON.parse(lines[0]);
      assert.ok(message.includes(saying), stderr);
      if (words[0] === 'interfaces') console.log(`without an addon: ${message}`);
    }
  }

  end() {
    rmSync(this.machine.base, { recursive: true, force: true });
  }
}

/** Types as each kind of resolution finds them, with nothing skipped; this machine's compiler on the installed files. */
function compile({ folder }) {
  const strict = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node'];
  const types = ['--typeRoots', join(ROOT, 'node_modules', '@types')];
  const kinds = [
    ['node16', 'node16', ['typed.mts', 'messages.mts', 'typed.cts']],
    ['nodenext', 'nodenext', ['typed.mts', 'messages.mts', 'typed.cts']],
    ['esnext', 'bundler', ['typed.mts', 'messages.mts']],
  ];
  for (const [module, resolution, files] of kinds) {
    const words = ['--module', module, '--moduleResolution', resolution, ...strict, ...types, ...files];
    run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), ...words], { cwd: folder });
  }
}

async function prove(platform, registry) {
  const trial = new Trial(platform, registry);
  const byName = await trial.install('by-name', [MANIFEST.name]);
  const versions = [];
  for (const wanted of trial.machine.isWhole ? NODE_VERSIONS : [NODE_ELSEWHERE]) {
    versions.push(await trial.use(byName, wanted));
  }
  if (!trial.isEmulated) {
    const byFile = await trial.install('by-file', [FILE_OF(MANIFEST.name), FILE_OF(platform.packageName)]);
    await trial.use(byFile, versions.at(-1));
    await trial.withoutPlatformPackage();
  }
  if (trial.machine.isWhole) {
    const npx = await trial.runNpm('npx-cli.js', ['tcp-sniffer', '--version'], byName.cwd);
    assert.equal(npx, `${MANIFEST.version}\n`);
    compile(byName);
  }
  trial.end();
  return `${platform.folder}: installs and works on a bare machine: Node ${versions.join(', ')}`;
}

const names = process.argv.slice(2);
const tarballs = readdirSync(PACKAGES).map((name) => join(PACKAGES, name));
const registry = await startRegistry([...tarballs, ...dependencyTarballs()]);
try {
  const platforms = names.length > 0 ? names.map(platformNamed) : PLATFORMS.filter(canRun);
  const proven = [];
  for (const platform of platforms) {
    console.log(`--- ${platform.folder}`);
    proven.push(await prove(platform, registry));
  }
  console.log(proven.join('\n'));
} finally {
  registry.stop();
}
