// The option `fields`: what is left of the cost if only heads are asked for, or only start line and latency.
import { join } from 'node:path';
import { captures } from './captures.mjs';
import { CALLBACK, measureReaders, toLines, toListener, wholeCommand } from './savefile.mjs';

/** Small messages, and such with large bodies. */
const CAPTURES = ['small GETs', '100 KB bodies'];
const TURNS = { rounds: 7, budgetSeconds: 10 };
const START_LINE = ['method', 'path', 'httpVersion', 'statusCode', 'reason', 'request', 'latencyMs'];
const SETS = {
  'heads only': [...START_LINE, 'headers', 'bodySize'],
  'start line and latency': START_LINE,
};

/** [{capture, rows}] as of savefiles; the rows of a set have its name at their end. */
export async function measureFields(context) {
  const made = await captures(context.cache, context);
  const results = [];
  for (const name of CAPTURES) {
    context.tell(`fields: "${name}"`);
    const capture = made.find((each) => each.name === name);
    const how = { ...context, work: join(context.cache, 'work'), turns: TURNS, ours: READERS };
    results.push(await measureReaders(capture, READERS, how));
  }
  return results;
}

const READERS = [
  toLines('tcp-sniffer', wholeCommand),
  ...Object.entries(SETS).map(([set, names]) =>
    toLines(`tcp-sniffer, ${set}`, (file) => [...wholeCommand(file), '--fields', names.join(',')]),
  ),
  toListener('callback', CALLBACK),
  ...Object.entries(SETS).map(([set, names]) => toListener(`callback, ${set}`, CALLBACK, `fields=${names.join(',')}`)),
];
