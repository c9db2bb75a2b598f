// The engine alone, from frames in memory to batches that are not read, and each of its stages: `cargo bench`, on one core.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './processes.mjs';

/** In the order of a packet's way; `engine` is all of it. */
export const STAGES = ['decode', 'flow', 'http', 'encode', 'engine'];
const CRITERION = join(ROOT, 'target/criterion');
/** Seconds for each stage of each traffic. */
const TIMES = { full: ['1', '3'], quick: ['0.1', '0.2'] };

/** [{traffic, unit: 'messages' | 'bytes', perSecond: {stage: {median, least, most}}}]; least and most: 95 % confidence. */
export function measureEngine({ quick, tell }) {
  tell('engine: a stage each');
  const [warmUp, seconds] = quick ? TIMES.quick : TIMES.full;
  execFileSync(
    'cargo',
    ['bench', '--quiet', '--bench', 'stages', '--', '--warm-up-time', warmUp, '--measurement-time', seconds],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'], timeout: 1_200_000 },
  );
  return readdirSync(CRITERION)
    .filter((name) => name !== 'report')
    .map(resultsOf)
    .sort((a, b) => a.unit.localeCompare(b.unit) || a.traffic.localeCompare(b.traffic));
}

function resultsOf(folder) {
  const read = (stage, file) => JSON.parse(readFileSync(join(CRITERION, folder, stage, 'new', file), 'utf8'));
  const { group_id: traffic, throughput } = read('engine', 'benchmark.json');
  const [[kind, count]] = Object.entries(throughput);
  const rates = STAGES.map((stage) => {
    const { point_estimate, confidence_interval } = read(stage, 'estimates.json').median;
    const perSecond = (nanos) => (count * 1e9) / nanos;
    const { lower_bound, upper_bound } = confidence_interval;
    return [stage, { median: perSecond(point_estimate), least: perSecond(upper_bound), most: perSecond(lower_bound) }];
  });
  return { traffic, unit: kind === 'Elements' ? 'messages' : 'bytes', perSecond: Object.fromEntries(rates) };
}
