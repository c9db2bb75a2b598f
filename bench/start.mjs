// The time that the command takes to start, beyond that of Node itself: until it has told its version, and until the first message of a savefile
// is out; beside the commit that is a peer, in turn.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORT } from './captures.mjs';
import { freshFolder } from './peers.mjs';
import { ROOT, start } from './processes.mjs';
import { inTurn, spread } from './statistics.mjs';
import { atOnce } from './synthetic.mjs';

const ROUNDS = 25;
const QUICK_ROUNDS = 3;
const LIMIT_SECONDS = 60;

/** {node, rows: [{what, now, before?, toBefore?}]}: milliseconds beyond those of Node in the same round; `toBefore`: the share of what it was. */
export async function measureStart({ cache, quick, before, tell }) {
  tell('start: in turn');
  const folder = freshFolder(join(cache, 'start'));
  const empty = join(folder, 'empty.cjs');
  writeFileSync(empty, '');
  const { file } = atOnce(join(folder, 'one.pcap'), { connections: 1, exchanges: 1 });
  const commands = { now: join(ROOT, 'dist/cli.js'), ...(before && { before: before.command }) };
  const whats = {
    '--version': ['--version'],
    'first message': ['--ports', String(PORT), '--log-level', 'error', '--read', file],
  };
  const entries = [{ name: 'node', run: () => untilFirst([empty]) }];
  for (const [when, command] of Object.entries(commands)) {
    for (const [what, args] of Object.entries(whats))
      entries.push({ name: `${what} ${when}`, run: () => untilFirst([command, ...args]) });
  }
  // Once for the page cache.
  for (const { run } of entries) await run();
  const figures = await inTurn(entries, { rounds: quick ? QUICK_ROUNDS : ROUNDS });
  const node = figures.get('node');
  const beyond = (what, when) =>
    figures.get(`${what} ${when}`).map(({ milliseconds }, round) => milliseconds - node[round].milliseconds);
  return {
    node: spread(node.map(({ milliseconds }) => milliseconds)),
    rows: Object.keys(whats).map((what) => {
      const now = beyond(what, 'now');
      const then = commands.before && beyond(what, 'before');
      return {
        what,
        now: spread(now),
        before: then && spread(then),
        toBefore: then && spread(now.map((milliseconds, round) => milliseconds / then[round])),
      };
    }),
  };
}

/** Until the first byte on stdout, or the end where nothing comes; then the reader goes away. */
async function untilFirst(args) {
  const began = performance.now();
  const running = start([process.execPath, ...args], {
    limitSeconds: LIMIT_SECONDS,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await Promise.race([once(running.stdout, 'data'), once(running.stdout, 'end')]);
  const milliseconds = performance.now() - began;
  running.stdout.destroy();
  await running.ended;
  return { milliseconds, wallSeconds: milliseconds / 1_000 };
}
