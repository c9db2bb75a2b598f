// `node bench/js.mjs [SAVEFILE PORT] [--json] [--rounds N]`: messages a second from a savefile through the whole package, in
// a process of its own each time: to a callback, to stdout (a pipe that is read to its end), and without a receiver. Also what the
// command takes to start. Without a savefile one of small GETs is made. `--json`: a JSON line a run, for other programs.
//
// `seconds` is from the start of the capture to its end (of the command for stdout), `cpu` the process' own time in all
// its threads, its start included.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMMAND = join(ROOT, 'dist/cli.js');
const EXCHANGES = 200_000;
const RUNS = { callback, unread, stdout, version: () => command(['--version']), 'first message': first };

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, rounds: { type: 'string', default: '5' }, child: { type: 'string' } },
  allowPositionals: true,
});

/** Runs in the child: the package in the way that a library's user has it. */
async function inside(name, path, port) {
  const { createSniffer } = createRequire(import.meta.url)(join(ROOT, 'dist/index.js'));
  let messages = 0;
  const config = { ports: [port], pcapFile: path, logLevel: 'error', connectionIdleTimeoutMs: 3_600_000 };
  if (name === 'callback') config.onHttpMessage = () => messages++;
  const sniffer = createSniffer(config);
  const began = performance.now();
  const stopped = once(sniffer, 'stop');
  await sniffer.start();
  await stopped;
  const seconds = (performance.now() - began) / 1000;
  const { requests, responses } = sniffer.stats().engine;
  if (name === 'unread') messages = requests + responses;
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ messages, seconds, cpu: (user + system) / 1e6 }));
}

async function child(name, path, port) {
  const args = [fileURLToPath(import.meta.url), path, String(port), '--child', name];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

function callback(path, port) {
  return child('callback', path, port);
}

function unread(path, port) {
  return child('unread', path, port);
}

function stdout(path, port) {
  return command(['--read', path, '--ports', String(port), '--log-level', 'error']);
}

/** Until the first line is there; then the reader goes away. */
function first(path, port) {
  return command(['--read', path, '--ports', String(port), '--log-level', 'error'], true);
}

async function command(args, onlyFirst = false) {
  const began = performance.now();
  const running = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let messages = 0;
  let seconds = 0;
  for await (const chunk of running.stdout) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) messages++;
    if (onlyFirst) break;
  }
  seconds = (performance.now() - began) / 1000;
  if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
  return onlyFirst ? { messages: 1, seconds } : { messages, seconds };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
  try {
    let [path, port] = positionals;
    if (path === undefined) {
      [path, port] = [join(folder, 'small-gets.pcap'), '8080'];
      const args = ['run', '--quiet', '--release', '--example', 'traffic', '--', 'small-gets', String(EXCHANGES)];
      writeFileSync(path, execFileSync('cargo', args, { cwd: ROOT, maxBuffer: 1 << 30 }));
    }
    const found = Object.fromEntries(Object.keys(RUNS).map((name) => [name, []]));
    // In turn, so that what else the machine does hits all alike.
    for (let round = 1; round <= Number(values.rounds); round++) {
      for (const [name, run] of Object.entries(RUNS)) {
        const result = await run(path, Number(port));
        found[name].push(result);
        if (values.json) console.log(JSON.stringify({ name, round, ...result }));
      }
    }
    if (!values.json) print(found);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function print(found) {
  console.log('| | messages | median ms | messages/s, median | best |\n|---|---|---|---|---|');
  for (const [name, results] of Object.entries(found)) {
    const seconds = results.map((result) => result.seconds);
    const { messages } = results[0];
    const rate = (taken) => (messages > 1 ? Math.round(messages / taken) : '');
    const cells = [
      name,
      messages,
      Math.round(median(seconds) * 1e3),
      rate(median(seconds)),
      rate(Math.min(...seconds)),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

if (values.child === undefined) await main();
else await inside(values.child, positionals[0], Number(positionals[1]));
