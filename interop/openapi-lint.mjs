// `node interop/openapi-lint.mjs`: OpenAPI documents inferred from every savefile of fixtures/, linted by Redocly and Spectral with their
// own rules. Any complaint that docs/openapi.md does not name fails. Not part of CI: the linters are 200 packages, 80 MB.
//   --linters FOLDER   one in which both are installed already; without it they are installed into a temporary one
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FIXTURES = join(ROOT, 'fixtures');
const CLI = join(ROOT, 'dist', 'cli.js');
const LINTERS = ['@redocly/cli@2.77.0', '@stoplight/spectral-cli@6.16.3'];
/** docs/openapi.md, Linters: what only an invention would silence. */
const DOCUMENTED = new Set(
  [
    ...readFileSync(join(ROOT, 'docs', 'openapi.md'), 'utf8')
      .split('### Linters')[1]
      .split('\n### ')[0]
      .matchAll(/`([a-z\d]+(?:-[a-z\d.]+)+)`/g),
  ].map(([, rule]) => rule),
);

const { values: flags } = parseArgs({ options: { linters: { type: 'string' } } });
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-lint-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Both print JSON, Redocly a text for each document, and their exit code is 1 if there are complaints. To a file: they end before a pipe is read to its end. */
function jsonOf(program, args) {
  const output = join(folder, `${program}.json`);
  const fd = openSync(output, 'w');
  const { stderr, error } = spawnSync(join(installed, 'node_modules', '.bin', program), args, {
    stdio: ['ignore', fd, 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });
  closeSync(fd);
  if (error !== undefined) throw error;
  try {
    return JSON.parse(`[${readFileSync(output, 'utf8').replaceAll(/^\}\s*\{$/gm, '},{')}]`);
  } catch {
    throw new Error(`${program}: ${stderr}`);
  }
}

const installed = flags.linters ?? join(folder, 'linters');
if (flags.linters === undefined) {
  mkdirSync(installed);
  writeFileSync(join(installed, 'package.json'), '{ "private": true }');
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', ...LINTERS];
  execFileSync('npm', args, { cwd: installed, stdio: ['ignore', 'ignore', 'inherit'] });
}

const documents = [];
for (const { name, file, ports } of JSON.parse(readFileSync(join(FIXTURES, 'index.json'), 'utf8'))) {
  const document = join(folder, `${name}.json`);
  const args = ['openapi', '--ports', ports.join(), '--log-level', 'error', join(FIXTURES, file), '-o', document];
  execFileSync(process.execPath, [CLI, ...args], { stdio: 'inherit' });
  if (Object.keys(JSON.parse(readFileSync(document, 'utf8')).paths).length > 0) documents.push(document);
}

const ruleset = join(folder, 'spectral.yaml');
writeFileSync(ruleset, 'extends: ["spectral:oas"]\n');
const REDOCLY = ['lint', '--extends', 'recommended', '--format', 'json', '--max-problems', '10000'];
const redocly = jsonOf('redocly', [...REDOCLY, ...documents]).flatMap(({ problems }) => problems);
const spectral = jsonOf('spectral', ['lint', '--ruleset', ruleset, '--format', 'json', '--quiet', ...documents]).flat();
const found = [
  ...redocly.map(({ ruleId, message, location }) => ({ rule: ruleId, message, at: location[0]?.source?.ref })),
  ...spectral.map(({ code, message, source }) => ({ rule: String(code), message, at: source })),
];
for (const rule of new Set(found.map((each) => each.rule)))
  console.log(
    `${rule}: ${found.filter((each) => each.rule === rule).length}${DOCUMENTED.has(rule) ? '' : ' NOT DOCUMENTED'}`,
  );
const unknown = found.filter(({ rule }) => !DOCUMENTED.has(rule));
for (const { rule, message, at } of unknown.slice(0, 20)) console.log(`${rule}: ${message} (${at})`);
console.log(
  `openapi-lint: ${documents.length} documents, ${found.length - unknown.length} known complaints, ${unknown.length} others`,
);
process.exitCode = unknown.length > 0 || documents.length === 0 ? 1 : 0;
