// Which code ordinary traffic runs, and how often, for builds that put that code together: packaging/profile.sh, once for the same source, compiler
// and flags. A profile holds for the build that it was made by and for no other.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { kept } from '../scripts/cache.mjs';
import { ROOT, read, run } from './platforms.mjs';

/** All that goes into the programs that are run, and into what they are given. */
const SOURCES = [
  'Cargo.lock',
  'Cargo.toml',
  'benches/traffic',
  'build.rs',
  'examples',
  'fixtures',
  'packaging/profile',
  'packaging/profile.sh',
  'src',
];

/** The reader without the packages that tests need, as an addon is built. */
export const READER = { words: ['--package', 'tcp-sniffer-profile'], path: 'read' };
/** The reader with them, as benches are built. */
export const READER_OF_BENCHES = { words: ['--example', 'read'], path: 'examples/read' };

/**
 * The flags of rustc with those for a build by profile. `cargo`: its words but for what is built; `flags`: those of rustc, which `configOf` makes a
 * word for `cargo --config` of; `folder`: of programs, in cargo's target directory.
 */
export function byProfile({ cargo, flags, configOf, folder, reader = READER, env }) {
  const built = join(ROOT, 'target', 'profile');
  const words = [...cargo, ...reader.words];
  const recipe = createHash('sha256').update([read('rustc', ['-vV']), ...words, ...flags].join('\n'));
  for (const path of SOURCES.flatMap(filesIn)) recipe.update(path).update(readFileSync(join(ROOT, path)));
  const made = kept(`profile-${recipe.digest('hex').slice(0, 16)}`, (part) => {
    const config = configOf([...flags, `-Cprofile-generate=${part}`]);
    run('cargo', [...words, '--target-dir', built, '--config', config], { env });
    run('cargo', ['build', '--locked', '--release', '--example', 'traffic'], { env });
    const programs = [join(built, folder, reader.path), join(ROOT, 'target', 'release', 'examples', 'traffic')];
    run('packaging/profile.sh', [...programs, join(part, 'profile.profdata')], { env });
  });
  return [...flags, `-Cprofile-use=${join(made, 'profile.profdata')}`, '-Cllvm-args=-pgo-warn-missing-function'];
}

/** Writes each line (src/encode/mod.rs): of all the code that is published, a profile knows this. */
const WRITES_LINES = 'Encoder9push_line';
const MISSING = 'no profile data available for function';

/**
 * Looks through all that cargo said of a build by profile. The compiler does without a profile that was made by other flags or packages, and says
 * so function by function. @throws if it did; returns what else was said
 */
export function checkProfile(said) {
  const [missing, rest] = [[], []];
  for (const line of said.split('\n')) (line.includes(MISSING) ? missing : rest).push(line);
  if (missing.some((line) => line.includes(WRITES_LINES)))
    throw new Error(
      'the profile is that of other code: its build had other packages, features, flags or another linker',
    );
  return rest.join('\n').replaceAll(/\n{3,}/g, '\n\n');
}

function filesIn(path) {
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .sort();
}
