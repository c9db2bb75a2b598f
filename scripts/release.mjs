// Makes a release ready. Never publishes: that is done by .github/workflows/release.yml, from a tag, when a person agrees.
//   node scripts/release.mjs VERSION            says what would be done and what stands in the way; changes nothing
//   node scripts/release.mjs VERSION --write    bumps, builds, gates, packs into dist/packages, and says what is next
//   node scripts/release.mjs --base-images      writes the digests of now into docker/Dockerfile
//   node scripts/release.mjs --repository URL   writes where the project lives into package.json; once, before the first release
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareVersions } from '../packaging/gates.mjs';
import { baseImagesComplaint, withBaseImages } from './base-images.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCKERFILE = 'docker/Dockerfile';
const text = (path) => readFileSync(join(ROOT, path), 'utf8');

/** The complaint about the changelog for this version; undefined when it says what is new in it. */
export function changelogComplaint(changelog, version) {
  const sections = changelog.split(/^(?=## )/m).filter((section) => section.startsWith('## '));
  const section = sections.find((one) => one.startsWith(`## [${version}]`));
  if (!section) return `CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD"`;
  const [heading, ...lines] = section.split('\n');
  if (!/^## \[[^\]]+\] - \d{4}-\d{2}-\d{2}$/.test(heading)) return `CHANGELOG.md: "${heading}" has no date`;
  if (!lines.some((line) => /^[-*] /.test(line))) return `CHANGELOG.md says nothing of what is new in ${version}`;
  return undefined;
}

/** The complaint about this version after the current version; pre-releases are not made here. */
export function versionComplaint(version, current) {
  if (!/^\d+\.\d+\.\d+$/.test(version)) return `"${version}" is no version like 1.2.3`;
  // The first release has the version that the files have from their beginning.
  if (compareVersions(version, current) < 0) return `${version} is older than ${current}`;
  return undefined;
}

/** Stands in package.json until `--repository` has been called. */
const NO_OWNER = 'github.com/OWNER/';

/** The complaint if the manifest does not say where the project lives. */
export function repositoryComplaint(manifest) {
  if (!manifest.includes(NO_OWNER)) return undefined;
  return 'package.json does not say where the project lives: node scripts/release.mjs --repository URL';
}

/** The manifest's text with that repository. @throws if the address is none of a repository */
export function withRepository(manifest, url) {
  if (!/^https:\/\/[^/\s"]+\/[^\s"?#]+[^/\s"?#]$/.test(url))
    throw new Error(`"${url}" is no https address of a repository`);
  const base = url.replace(/\.git$/, '');
  return manifest
    .replace(/^( {4}"url": "git\+).*(\.git")/m, (_, before, after) => `${before}${base}${after}`)
    .replace(/^( {2}"homepage": ").*(#readme")/m, (_, before, after) => `${before}${base}${after}`)
    .replace(/^( {2}"bugs": ").*(\/issues")/m, (_, before, after) => `${before}${base}${after}`);
}

/** How each kind of file says the version: a pattern whose first group stays and whose rest is the version. */
const SAYINGS = [
  [/(^|\/)package\.json$/, /^( {2}"version": ")OLD(?=",$)/m],
  [/^package-lock\.json$/, /^(\{\n {2}"name": "tcp-sniffer",\n {2}"version": ")OLD(?=")/],
  [/^package-lock\.json$/, /^( {4}"": \{\n {6}"name": "tcp-sniffer",\n {6}"version": ")OLD(?=")/m],
  [/(^|\/)Cargo\.toml$/, /^(version = ")OLD(?="$)/m],
  [/(^|\/)Cargo\.lock$/, /^(name = "tcp-sniffer"\nversion = ")OLD(?="$)/m],
  [/^Cargo\.lock$/, /^(name = "tcp-sniffer-launcher"\nversion = ")OLD(?="$)/m],
  [/Chart\.yaml$/, /^(version: )OLD$/m],
  [/Chart\.yaml$/, /^(appVersion: )OLD$/m],
  [/injector\.yaml$/, /(app\.kubernetes\.io\/version: ")OLD(?=")/g],
  [/injector\.yaml$/, /((?:image|value): tcp-sniffer:)OLD$/gm],
];

/** The file's text with the new version. @throws where it does not say the old one as it should */
export function bumped(path, before, from, to) {
  let after = before;
  for (const [files, { source, flags }] of SAYINGS) {
    if (!files.test(path)) continue;
    const pattern = new RegExp(source.replace('OLD', from.replaceAll('.', '\\.')), flags);
    if (!pattern.test(after)) throw new Error(`${path} does not say version ${from} where it should`);
    after = after.replace(new RegExp(pattern, flags), `$1${to}`);
  }
  return after;
}

/** Every file that says the version by hand; the loader says it too and is generated. */
function filesWithVersion() {
  return [
    'package.json',
    'package-lock.json',
    'Cargo.toml',
    'Cargo.lock',
    'launcher/Cargo.toml',
    'fuzz/Cargo.lock',
    ...readdirSync(join(ROOT, 'npm')).map((folder) => `npm/${folder}/package.json`),
    'deploy/helm/tcp-sniffer/Chart.yaml',
    'deploy/kustomize/injector.yaml',
  ];
}

function run(command, ...args) {
  console.log(`$ ${[command, ...args].join(' ')}`);
  execFileSync(command, args, { cwd: ROOT, stdio: 'inherit' });
}

async function main(version, ...flags) {
  if (version === '--repository') {
    writeFileSync(join(ROOT, 'package.json'), withRepository(text('package.json'), flags[0] ?? ''));
    return;
  }
  if (version === '--base-images') {
    writeFileSync(join(ROOT, DOCKERFILE), await withBaseImages(text(DOCKERFILE)));
    return;
  }
  const write = flags.includes('--write');
  const unknown = flags.filter((flag) => flag !== '--write');
  if (!version || unknown.length > 0) throw new Error('usage: node scripts/release.mjs VERSION [--write]');
  const { version: current } = JSON.parse(text('package.json'));
  const changes = execFileSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' });
  const wrong = [
    versionComplaint(version, current),
    changelogComplaint(text('CHANGELOG.md'), version),
    repositoryComplaint(text('package.json')),
    baseImagesComplaint(text(DOCKERFILE)),
  ].filter(Boolean);
  if (changes !== '') wrong.push(`there are changes that are not committed:\n${changes.trimEnd()}`);
  if (wrong.length > 0) throw new Error(`${version} cannot be released:\n  ${wrong.join('\n  ')}`);

  const files = filesWithVersion().map((path) => ({ path, after: bumped(path, text(path), current, version) }));
  console.log(`${current} -> ${version} in ${files.map(({ path }) => path).join(', ')}`);
  if (!write) {
    console.log(
      'then: build:addon, pack:all by profile, sbom, test:install. Nothing was changed; with --write it is done.',
    );
    return;
  }
  for (const { path, after } of files) writeFileSync(join(ROOT, path), after);
  run('npm', 'run', '--silent', 'build:addon');
  run('cargo', 'metadata', '--locked', '--format-version', '1', '--no-deps', '--quiet');
  run('npm', 'run', '--silent', 'pack:all', '--', '--by-profile');
  run('node', 'packaging/sbom.mjs');
  run('npm', 'run', '--silent', 'test:install');
  console.log(`
${version} is ready and nothing is published. Next:
  .ci/run
  git commit --all --message 'release: ${version}' && git tag v${version}
  git push --atomic origin HEAD v${version}    the workflow builds it again, and asks before it publishes`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main(...process.argv.slice(2));
  } catch (error) {
    console.error(`release: ${error.message}`);
    process.exit(1);
  }
}
