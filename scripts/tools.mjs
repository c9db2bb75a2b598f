// Tools that neither npm nor the Rust toolchain brings, each in the one version that is meant; kept in the cache.
//   node scripts/tools.mjs NAME     the path of its program, after getting it when it is not there: "$(node scripts/tools.mjs typos)"
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kept } from './cache.mjs';

/** Their output is for the person who waits, on stderr; stdout is the answer. */
const run = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 2, 2] });

/** A Python of its own with packages of exact versions; programs are run as `bin/python3 bin/NAME`, the place having moved. */
export const pythonWith = (name, ...packages) =>
  kept(name, (folder) => {
    run('python3', '-m', 'venv', folder);
    if (packages.length === 0) return;
    run(join(folder, 'bin', 'python3'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages);
  });

/** Downloads the one wheel of a package for a platform that need not be this machine's; returns its path. */
export function fetchFromPyPI(requirement, platform, folder) {
  const python = join(pythonWith('pip'), 'bin', 'python3');
  const flags = [
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
    `--platform=${platform}`,
  ];
  run(python, '-m', 'pip', 'download', ...flags, '--dest', folder, requirement);
  const [wheel] = readdirSync(folder).filter((name) => name.endsWith('.whl'));
  return join(folder, wheel);
}

const fromPython = (name, version) => join(pythonWith(`${name}-${version}`, `${name}==${version}`), 'bin', name);

function fromCrate(name, version) {
  const folder = kept(`${name}-${version}`, (part) => {
    const build = join(part, 'build');
    run(
      'cargo',
      'install',
      '--locked',
      '--quiet',
      '--debug',
      '--root',
      part,
      '--target-dir',
      build,
      `${name}@${version}`,
    );
    rmSync(build, { recursive: true });
  });
  return join(folder, 'bin', name);
}

/** A Python that has it, and yaml. */
export const kubernetesValidate = () =>
  join(pythonWith('kubernetes-validate-1.37.0', 'kubernetes-validate==1.37.0'), 'bin', 'python3');

const TOOLS = {
  typos: () => fromPython('typos', '1.52.0'),
  'cargo-deny': () => fromCrate('cargo-deny', '0.20.2'),
  'cargo-fuzz': () => fromCrate('cargo-fuzz', '0.13.2'),
  'kubernetes-validate': kubernetesValidate,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tool = TOOLS[process.argv[2]];
  if (!tool) {
    console.error(`usage: node scripts/tools.mjs ${Object.keys(TOOLS).join('|')}`);
    process.exit(1);
  }
  console.log(tool());
}
