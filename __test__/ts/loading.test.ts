// The files that each way of running loads: a file that a run has no use for costs it neither time at its start nor memory.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort } from '../ports';

const DIST = process.env.TEST_DIST as string;
const CLI = join(DIST, 'cli.js');
const PRELOADED = join(__dirname, 'setup/loaded.cjs');
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'));
const PACKAGES = Object.keys({ ...dependencies, ...peerDependencies });
/** Of Node's own the costly modules. */
const OF_NODE = [
  ...['child_process', 'crypto', 'fs/promises', 'http', 'https', 'http2', 'net', 'perf_hooks', 'stream', 'tty', 'zlib'],
];

/** The folders, packages and servers that the process loads. Each output has a folder of its own, with names that are always there. */
function loads(args: readonly string[]): string[] {
  const { output, status } = spawnSync(process.execPath, ['-r', PRELOADED, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  expect({ status, stderr: output[2] }).toEqual({ status: 0, stderr: '' });
  const { files, ofNode } = JSON.parse(output[3] as string) as { files: string[]; ofNode: string[] };
  const names = files.flatMap((file) => {
    const name = PACKAGES.find((each) => file.includes(join('node_modules', each) + sep));
    if (name !== undefined) return name;
    const [folder = '', ...rest] = relative(DIST, file).split(sep);
    if (folder === '..' || rest.length === 0) return [];
    if (folder !== 'outputs') return rest.length > 1 ? [folder, `${folder}/${rest[0]}`] : folder;
    return ['create.js', 'output.js'].includes(rest[1] ?? '') ? `outputs/${rest[0]}` : [];
  });
  return [...new Set([...names, ...OF_NODE.filter((name) => ofNode.includes(name))])].sort();
}

const REQUIRE = `require(${JSON.stringify(DIST)})`;
const OF_REQUIRE = [
  'config',
  'config/rows',
  'exchange',
  'filter',
  'native',
  'outputs/callback',
  'outputs/stdout',
  'run',
];
const OF_COMMAND = [
  ...OF_REQUIRE,
  'command',
  'command/compare',
  'command/formats',
  'command/inputs',
  'command/openapi',
  'command/packets',
];

describe('loaded is what is needed, and nothing else, for', () => {
  const live = [CLI, '--ports', '80', '--interface', 'lo', '--duration', '10ms', '--log-level', 'error'];
  const savefile = [CLI, '--ports', '80', '--read', 'messages-0', '--log-level', 'error'];
  const library = (config: string): string[] => [
    '-e',
    `${REQUIRE}.createSniffer({ ports: [80], interface: 'lo', logLevel: 'error', ${config} }).start().then(() => process.exit())`,
  ];

  it.each([
    ['the version', [CLI, '--version'], ['net', 'stream']],
    ['the version beside other flags', [CLI, '--version', '--ports', '80'], [...OF_COMMAND, 'stream']],
    ['help', [CLI, '--help'], [...OF_COMMAND, 'filter/regex', 'stream']],
    ['help of a topic', [CLI, 'help', 'reading'], [...OF_COMMAND, 'filter/regex', 'stream']],
    ['a sidecar', live, OF_COMMAND],
    ['a savefile to JSON lines', [...savefile, '--format', 'json'], OF_COMMAND],
    ['a savefile by a filter', [...savefile, '--filter', 'status=5xx'], [...OF_COMMAND, 'filter/regex']],
    ['a savefile to text', [...savefile, '--format', 'text'], [...OF_COMMAND, 'command/terminal', 'stream']],
    [
      'a savefile to CSV',
      [...savefile, '--format', 'csv'],
      [...OF_COMMAND, 'command/terminal', 'crypto', 'stream', 'trace'],
    ],
    [
      'a savefile to HAR',
      [...savefile, '--format', 'har'],
      [...OF_COMMAND, 'crypto', 'outputs/har', 'stream', 'trace'],
    ],
    ['the library', ['-e', REQUIRE], OF_REQUIRE],
    ['the library with a callback', library('onHttpMessage() {}'), OF_REQUIRE],
    ['the library with a logger', library('logger: console'), OF_REQUIRE],
  ])('%s', (_name, args, expected) => {
    expect(loads(args)).toEqual(expected.toSorted());
  });

  it('metrics, without TLS', async () => {
    const args = [...live, '--metrics-port', String(await freePort())];
    expect(loads(args)).toEqual([...OF_COMMAND, 'child_process', 'http', 'http-server', 'net', 'stream'].toSorted());
  });
});
