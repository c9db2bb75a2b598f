// Our own programs of the bench. A full run measures what is published: the addon, and the engine alone, built by profile (packaging/profile.mjs).
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { byProfile, checkProfile, READER, READER_OF_BENCHES } from '../packaging/profile.mjs';
import { output, ROOT } from './processes.mjs';

const BUILD_MS = 30 * 60_000;
/** As `npm run build:addon` has them. */
const WORDS = ['build', '--locked', '--release', '--features', 'addon,faults'];
/** Settings of the caller would take the place of ours. */
const ENV = { RUSTFLAGS: undefined, CARGO_ENCODED_RUSTFLAGS: undefined };
const flagsAsConfig = (flags) => `build.rustflags=${JSON.stringify(flags)}`;

/** How the programs are built. */
export let built = 'for development';
let target = join(ROOT, 'target');
let benches = ['build', '--release'];

/** Puts the addon in its place in dist/ too; `npm run build:ts` brings back that of development. */
export function buildByProfile(tell) {
  tell('building by profile; this takes minutes');
  const wordsOf = (reader) => {
    const how = { cargo: WORDS, flags: [], configOf: flagsAsConfig, folder: 'release', env: ENV, reader };
    return [...WORDS, '--config', flagsAsConfig(byProfile(how))];
  };
  const addons = [...wordsOf(READER), '--target-dir', join(ROOT, 'target', 'by-profile-addon')];
  build(addons, '--lib');
  const folder = join(ROOT, 'target', 'by-profile');
  const words = [...wordsOf(READER_OF_BENCHES), '--target-dir', folder];
  build(words, '--example', 'read');
  // All or nothing: the report says one thing of all of them.
  const native = join(ROOT, 'dist', 'native');
  const addon = readdirSync(native).find((name) => name.endsWith('.node'));
  copyFileSync(join(ROOT, 'target/by-profile-addon/release/libtcp_sniffer.so'), join(native, addon));
  target = folder;
  benches = words;
  built = 'by profile';
}

/** The engine without Node; undefined where it is not built. */
export function engine() {
  const path = join(target, 'release', 'examples', 'read');
  return existsSync(path) ? path : undefined;
}

/** The programs of these benches, built. */
export function programsOf(...names) {
  const messages = build(benches, ...names.flatMap((name) => ['--bench', name]));
  return names.map((bench) => {
    const isOf = ({ executable, target: { name } = {} }) => typeof executable === 'string' && name === bench;
    return messages.find(isOf).executable;
  });
}

/** Builds them; returns what cargo says of each. @throws if a profile was given and not used */
function build(words, ...what) {
  const said = output('cargo', [...words, '--quiet', '--message-format=json', ...what], {
    cwd: ROOT,
    env: { ...process.env, ...ENV },
    timeout: BUILD_MS,
  });
  checkProfile(said);
  return said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
