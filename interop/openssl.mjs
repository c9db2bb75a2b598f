// `node interop/openssl.mjs`: the suites of this machine's OpenSSL, and keys that change under way, by s_server and s_client.
// The savefile of tcpdump is read with the key log, and has to hold what the peers said (openssl/).
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { dump } from './capture.mjs';
import * as commands from './openssl/commands.mjs';
import { prepare } from './openssl/peers.mjs';
import * as suites from './openssl/suites.mjs';

const READ_LIMIT_MS = 120_000;
/** 300 bodies of 40 kB, and room. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-openssl-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const made = prepare(folder);
const parsed = (text) =>
  text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** The messages, log lines and counters that `--read` has of the traffic of `act`. */
async function capture(ports, act) {
  const file = join(folder, 'capture.pcap');
  const writing = await dump(ports, file);
  let dropped;
  try {
    await act();
  } finally {
    ({ dropped } = await writing.stop());
  }
  if (dropped > 0) throw new Error(`tcpdump dropped ${dropped} packets`);
  const flags = ['--read', file, '--ports', ports.join(), '--tls-keylog', made.keylog];
  const limits = { timeout: READ_LIMIT_MS, maxBuffer: MAX_OUTPUT_BYTES };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [cli, ...flags], limits);
  const lines = parsed(stderr);
  // Those that are 0 are left out.
  const counters = new Proxy(lines.at(-1).engine, { get: (told, name) => told[name] ?? 0 });
  return { messages: parsed(stdout), lines, counters };
}

function report(what, found) {
  console.log([`${what}${found.length > 0 ? ': FAILED' : ''}`, ...found].join('\n  '));
  if (found.length > 0) process.exitCode = 1;
}

console.log(execFileSync('openssl', ['version'], { encoding: 'utf8' }).trim());
const { ports, portOf, stop } = await suites.start(made);
let asked;
const seen = await capture(ports, async () => {
  asked = await suites.talk(made, portOf);
}).finally(stop);
report(`suites: ${asked.length} connections, ${seen.messages.length / 2} exchanges read`, [
  ...suites.complaints(asked, seen),
]);
for await (const { row, paths, found } of commands.run(made, capture))
  report(
    `${[row.name, ...row.commands.map(({ by, letter }) => `${by} ${letter}`)].join(', ')}: ${paths.length} exchanges`,
    found,
  );
