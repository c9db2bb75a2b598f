// `node interop/receivers.mjs [WORD]`: the recipes of docs/receivers.md against the software itself, as they stand there: each is started with
// the config of its block, gets what the block's command sends of a savefile, and is asked what it holds. Each message has to be there once,
// with its members as on stdout. The engines come from package registries and are kept in the cache; two come from no registry, and
// FLUENT_BIT and VECTOR name their programs. An engine that is not there is NOT RUN, and is named. With WORD only engines with it in their names.
// It runs in a network of its own, since the recipes name ports; that needs root or user namespaces.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listening, run, start } from './processes.mjs';
import { furnishSniffer } from './receivers/blocks.mjs';
import { ENGINES } from './receivers/engines.mjs';
import { savefile } from './receivers/traffic.mjs';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const INSIDE = '--inside';
const READ_LIMIT_MS = 60_000;
const [word = ''] = process.argv.slice(2).filter((arg) => arg !== INSIDE);

/** Programs are got where there is a network: [{engine, program}] or [{engine, why}]. */
function provided() {
  return ENGINES.filter(({ name }) => name.includes(word)).map((engine) => {
    try {
      const program = engine.program();
      return program === undefined ? { engine, why: engine.lacking } : { engine, program };
    } catch (error) {
      return { engine, why: error.message.split('\n')[0] };
    }
  });
}

/** The same command in a network with nothing in it but loopback. */
function goInside() {
  const able = provided();
  for (const { engine, why } of able) if (why !== undefined) console.log(`NOT RUN: ${engine.name}: ${why}`);
  if (able.every(({ why }) => why !== undefined)) return 0;
  const isRoot = process.getuid() === 0;
  const command = 'ip link set lo up && exec "$0" "$@"';
  const inner = [process.execPath, fileURLToPath(import.meta.url), INSIDE, word];
  const network = isRoot ? ['--net'] : ['--net', '--user', '-r'];
  return spawnSync('unshare', [...network, 'sh', '-c', command, ...inner], { stdio: 'inherit' }).status ?? 1;
}

const pick = (row, members) => JSON.stringify(members.map((name) => row[name] ?? null));

/** The members that are missing, and those that should not be there. */
function differences({ rows, expected }, members) {
  const left = new Map();
  for (const row of expected) left.set(pick(row, members), (left.get(pick(row, members)) ?? 0) + 1);
  const strange = [];
  for (const row of rows) {
    const key = pick(row, members);
    if (!left.get(key)) strange.push(key);
    else left.set(key, left.get(key) - 1);
  }
  const missing = [...left].filter(([, count]) => count > 0).map(([key]) => key);
  const shown = (name, all) => all.slice(0, 3).map((key) => `${name}: ${key.slice(0, 300)}`);
  const count = rows.length === expected.length ? [] : [`${rows.length} rows for ${expected.length}`];
  return [...count, ...shown('missing', missing), ...shown('not of ours', strange)];
}

async function tryOut({ engine, program }, folder, truth) {
  mkdirSync(folder);
  furnishSniffer(folder, truth.capture);
  writeFileSync(join(folder, 'capture.pcap'), truth.bytes);
  const children = [];
  const serve = async (command, port, limitMs) => {
    let stdout = '';
    const child = start(command, { cwd: folder, onStdout: (text) => (stdout += text) });
    children.push(child);
    if (port !== undefined) await listening(child, port, limitMs);
    return { ...child, stdout: () => stdout };
  };
  try {
    const found = differences(await engine.run({ folder, program, serve, ...truth }), engine.members);
    const ended = children.filter((child) => !child.isRunning()).map((child) => `it has ended: ${child.stderr()}`);
    return [...found, ...ended];
  } catch (error) {
    return [error.message, ...children.map((child) => child.stderr().slice(-1_000))];
  } finally {
    for (const child of children) await child.stop();
  }
}

/** The messages of the savefile, as the command writes them to stdout. */
async function truthIn(folder) {
  const capture = join(folder, 'capture.pcap');
  const bytes = savefile();
  writeFileSync(capture, bytes);
  const { stdout } = await run([process.execPath, CLI, '--read', capture, '--ports', '8080', '--json'], READ_LIMIT_MS);
  const messages = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const exchanges = messages
    .filter(({ direction }) => direction === 'request')
    .map(({ id, path }) => {
      const answer = messages.find((each) => each.id === id && each.direction === 'response');
      return { id, path, statusCode: answer?.statusCode };
    });
  return { capture, bytes, messages, exchanges };
}

async function inside() {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-receivers-'));
  let wrong = 0;
  try {
    const truth = await truthIn(folder);
    for (const [index, able] of provided().entries()) {
      if (able.why !== undefined) continue;
      const found = await tryOut(able, join(folder, String(index)), truth);
      console.log(`${found.length === 0 ? 'holds' : 'WRONG'}: ${able.engine.name}, ${truth.messages.length} messages`);
      for (const words of found) console.log(`  ${words}`);
      wrong += found.length > 0 ? 1 : 0;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return wrong > 0 ? 1 : 0;
}

process.exit(process.argv.includes(INSIDE) ? await inside() : goInside());
