// What a connection costs in memory, and what the bounds hold when every connection holds something.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { freshFolder } from './peers.mjs';
import { timed } from './processes.mjs';
import { ENGINE, engineCommand, wholeCommand } from './savefile.mjs';
import { atOnce, inBodies } from './synthetic.mjs';

const CONNECTIONS = [1, 1_000, 10_000, 100_000];
const CAP = 100_000;
const ROUNDS = 2;
/** 10 000 times this is more than the budget for what is held back. */
const BODY_BYTES = 26_000;

const STATES = [
  { name: 'after an exchange', make: (path, connections) => atOnce(path, { connections, exchanges: connections }) },
  {
    name: 'in a body, 1 000 bytes held',
    make: (path, connections) => inBodies(path, { connections, bodyBytes: 1_000 }),
  },
];

/** {states: [{name, points: [{connections, engineBytes, processBytes}]}], full: {…}} */
export async function measureMemory({ cache, quick, tell }) {
  const work = freshFolder(join(cache, 'memory'));
  const file = join(work, 'savefile');
  const peak = async (command) => {
    const runs = [];
    for (let round = 0; round < (quick ? 1 : ROUNDS); round++) runs.push((await timed(command)).peakBytes);
    return Math.max(...runs);
  };
  const states = [];
  for (const { name, make } of STATES) {
    tell(`memory: connections ${name}`);
    const points = [];
    for (const connections of quick ? CONNECTIONS.slice(0, 3) : CONNECTIONS) {
      make(file, connections);
      points.push({
        connections,
        engineBytes: ENGINE === undefined ? undefined : await peak(engineCommand(file, CAP)),
        processBytes: await peak([...wholeCommand(file), '--max-concurrent-connections', String(CAP)]),
      });
    }
    states.push({ name, points });
  }
  tell('memory: the budget is used up');
  const connections = quick ? 1_000 : 10_000;
  inBodies(file, { connections, bodyBytes: BODY_BYTES });
  const full = { connections, bodyBytes: BODY_BYTES, processBytes: await peak(wholeCommand(file)) };
  rmSync(work, { recursive: true });
  return { states, full };
}
