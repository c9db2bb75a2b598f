// Every tarball into dist/packages/: the root package and a package for each platform, gated, holding what is listed in
// packaging/files.json and nothing else.
//   node packaging/pack.mjs [PLATFORM...]     without names: all of them
//   node packaging/pack.mjs --by-profile      as they are published: for this CPU by profile (packaging/profile.mjs), which takes minutes more
//   node packaging/pack.mjs --accept-files    writes the list of the root's files anew, to be looked at before it is committed
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { transformSync } from 'esbuild';
import { bundle } from '../scripts/bundle.mjs';
import { buildAddons, buildFaults } from './addon.mjs';
import { listComplaints } from './gates.mjs';
import { notices } from './notices.mjs';
import { MANIFEST, PLATFORMS, platformNamed, ROOT, read, run } from './platforms.mjs';
import { repositoryOf, withAbsoluteLinks } from './readme.mjs';

export const PACKAGES = join(ROOT, 'dist', 'packages');
const STAGE = join(ROOT, 'target', 'packaging', 'stage');
const LIST = join(ROOT, 'packaging', 'files.json');
const LISTED = JSON.parse(readFileSync(LIST, 'utf8'));

/** The declarations keep theirs: editors show them. */
const WITHOUT_COMMENTS = ['--removeComments', '--declaration', 'false'];

/**
 * Bytes unpacked. Pseudonyms (27 KiB) took it past 740 KiB; help by topic, advice and extracts past 790, comparisons (28 KiB) past 820,
 * OpenAPI (85 KiB) past 856, triggers, the page of a comparison and the limits on a foreign contract past 940; clocks of several captures,
 * facts for the summary, Kafka and OTLP of sidecars and what each run loads by itself past 1,000; more refusals that help, inputs told by
 * their content and options by namespace past 1,040, while pino and the 12 packages it brought are gone; values of header fields in a
 * comparison, self times by order and causes that cross on one host past 1,080; commander, which was a package beside it of 216 KiB, past 1,100.
 */
const ROOT_BUDGET = 1_160 * 1024;
/** The page is small already; the script for watched services has to be parsed by any Node. */
const AS_BUILT = /^dist\/(page\/|keylog\/preload\.js$)/;
const OPTION_ROWS = /^dist\/config\/rows\/.*\.d\.ts$/;
/** In the declarations of the rows, whose texts are literals. */
const COMMAND_ROWS = /^ +readonly (?:argument|help|annotation): .*;\n/gm;
/** Of a line in the package's JavaScript: a stack trace still tells where it was. */
const LINE_CHARS = 480;
/** Tunnels, facts for the summary and kept field sections took it past 4 MiB. */
const PLATFORM_BUDGET = 4.25 * 1024 * 1024;

/** Only the staged copy may be published: the repository's own manifests are private, so `npm publish` refuses them. */
function writeManifest(folder, { private: _, ...manifest }) {
  const { repository, homepage, bugs } = MANIFEST;
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ ...manifest, repository, homepage, bugs }, null, 2)}\n`,
  );
}

function freshStage(name) {
  const folder = join(STAGE, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The files that `files` in package.json selects. */
function rootFiles() {
  const [{ files }] = JSON.parse(read('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent']));
  return files.map(({ path }) => path).sort();
}

async function stageRoot() {
  const folder = freshStage('root');
  for (const path of rootFiles()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    copyFileSync(join(ROOT, path), join(folder, path));
  }
  // Comments are for readers of the source: they would be a fifth of the package.
  run('npx', [
    '--no-install',
    'tsc',
    '-p',
    'tsconfig.build.json',
    ...WITHOUT_COMMENTS,
    '--outDir',
    join(folder, 'dist'),
  ]);
  await bundle(join(folder, 'dist'));
  // Nor has it indentation. Names stay, for stack traces.
  for (const path of rootFiles().filter((each) => each.endsWith('.js') && !AS_BUILT.test(each))) {
    const file = join(folder, path);
    const how = { minifyWhitespace: true, minifySyntax: true, lineLimit: LINE_CHARS, target: 'es2022' };
    // Node finds the names that the package exports by the syntax of the compiler.
    if (path === 'dist/index.js') how.minifySyntax = false;
    // The generated loader knows systems for which there is no addon. On those dist/native/platform.js says why there is no addon.
    if (path === 'dist/native/binding.js') how.define = { 'process.platform': '"linux"' };
    writeFileSync(file, transformSync(readFileSync(file, 'utf8'), how).code);
  }
  // The command's text about its options is not part of the types.
  for (const path of rootFiles().filter((each) => OPTION_ROWS.test(each))) {
    const rows = join(folder, path);
    writeFileSync(rows, readFileSync(rows, 'utf8').replace(COMMAND_ROWS, ''));
  }
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  writeFileSync(join(folder, 'README.md'), withAbsoluteLinks(readme, repositoryOf(MANIFEST), MANIFEST.version));
  const { scripts, devDependencies, napi, ...manifest } = MANIFEST;
  const pinned = PLATFORMS.map(({ packageName }) => [packageName, MANIFEST.version]);
  writeManifest(folder, { ...manifest, optionalDependencies: Object.fromEntries(pinned) });
  return folder;
}

function stagePlatform(platform, addon) {
  const folder = freshStage(platform.folder);
  const from = join(ROOT, 'npm', platform.folder);
  copyFileSync(addon, join(folder, platform.addon));
  copyFileSync(join(from, 'README.md'), join(folder, 'README.md'));
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), notices(platform));
  writeManifest(folder, JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')));
  return folder;
}

/** Packs a staged folder. @throws when it holds other files than listed or is larger than its budget */
function pack(folder, listed, budget) {
  const words = ['pack', '--json', '--ignore-scripts', '--silent', '--pack-destination', PACKAGES];
  const [{ name, version, filename, files, size, unpackedSize }] = JSON.parse(read('npm', words, { cwd: folder }));
  const wrong = listComplaints(
    files.map(({ path }) => path),
    listed,
  );
  if (version !== MANIFEST.version) wrong.push(`it has version ${version} and not ${MANIFEST.version}`);
  if (unpackedSize > budget) wrong.push(`it has ${unpackedSize} bytes unpacked, and its budget is ${budget}`);
  if (wrong.length > 0)
    throw new Error(`${filename} may not be published:\n  ${wrong.join('\n  ')}\nThe list: packaging/files.json`);
  console.log(`${name}: ${files.length} files, ${size} bytes packed, ${unpackedSize} unpacked`);
  return join(PACKAGES, filename);
}

async function packInto(platforms, how) {
  const root = pack(await stageRoot(), LISTED.root, ROOT_BUDGET);
  run('npx', ['--no-install', 'publint', 'run', root, '--strict']);
  run('npx', ['--no-install', 'attw', root]);
  const addons = buildAddons(platforms, how);
  buildFaults(platforms);
  platforms.forEach((platform, at) => {
    const listed = LISTED.platform.map((path) => (path === '*.node' ? platform.addon : path));
    pack(stagePlatform(platform, addons[at]), listed, PLATFORM_BUDGET);
  });
}

/** All of them or, where anything is wrong with one, none. @throws then */
export async function packAll(platforms = PLATFORMS, how = {}) {
  run('npm', ['run', '--silent', 'build:ts']);
  rmSync(PACKAGES, { recursive: true, force: true });
  mkdirSync(PACKAGES, { recursive: true });
  try {
    await packInto(platforms, how);
  } catch (error) {
    rmSync(PACKAGES, { recursive: true });
    throw error;
  } finally {
    // Its manifests are not private any more: they are not to be published from there.
    rmSync(STAGE, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = { 'accept-files': { type: 'boolean' }, 'by-profile': { type: 'boolean' } };
  const { values, positionals: names } = parseArgs({ allowPositionals: true, options });
  if (values['accept-files']) {
    run('npm', ['run', '--silent', 'build:ts']);
    writeFileSync(LIST, `${JSON.stringify({ ...LISTED, root: rootFiles() }, null, 2)}\n`);
    process.exit();
  }
  await packAll(names.length > 0 ? names.map(platformNamed) : PLATFORMS, { isByProfile: values['by-profile'] });
  console.log(`${readdirSync(PACKAGES).length} tarballs in dist/packages, each with the listed files only`);
}
