// The engine alone, from frames in memory to batches that are not read, and each of its stages, on one core (benches/stages.rs); small
// messages of HTTP/2 (benches/protocols.rs); and beside it the engine of the commit that is a peer, in turn.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timed } from './processes.mjs';
import { programsOf } from './programs.mjs';
import { spread } from './statistics.mjs';

/** In the order of a packet's way; `engine` is all of it. */
export const STAGES = ['decode', 'flow', 'http', 'encode', 'engine'];
/** Seconds to warm up and to measure, each stage of each traffic. */
const TIMES = { full: ['1', '3'], quick: ['0.1', '0.2'] };
const LIMIT_SECONDS = 600;
/** Measured beside the peer. */
const BESIDE = ['small GETs', '100 kB JSON'];
const BESIDE_TIMES = { full: ['0.5', '1'], quick: ['0.1', '0.2'] };
const BESIDE_ROUNDS = 7;

/**
 * {stages: [{traffic, unit: 'messages' | 'bytes', perSecond: {stage: {median, least, most}}}], http2: {median, least, most}, beside?: [{traffic, ratio}]};
 * least and most of a stage: 95 % confidence. `ratio` is how many times as fast as the peer, round by round.
 */
export async function measureEngine({ quick, before, tell }) {
  tell('engine: building its benches');
  const [stages, protocols] = programsOf('stages', 'protocols');
  tell('engine: a stage each');
  const times = quick ? TIMES.quick : TIMES.full;
  const groups = await criterion(stages, '', times);
  const [http2] = await criterion(protocols, 'HTTP2/engine', times);
  return {
    stages: groups
      .map(({ name, unit, perSecond }) => ({ traffic: name, unit, perSecond }))
      .sort((a, b) => a.unit.localeCompare(b.unit) || a.traffic.localeCompare(b.traffic)),
    http2: http2.perSecond.engine,
    beside: before && (await besideOf(stages, before.stages, quick, tell)),
  };
}

async function besideOf(now, then, quick, tell) {
  const times = quick ? BESIDE_TIMES.quick : BESIDE_TIMES.full;
  const rows = [];
  for (const traffic of BESIDE) {
    tell(`engine: ${traffic}, beside the peer`);
    const rateOf = async (program) => {
      const [group] = await criterion(program, `^${traffic}/engine$`, times);
      return group.perSecond.engine.median;
    };
    const ratios = [];
    for (let round = 0; round < (quick ? 1 : BESIDE_ROUNDS); round++) {
      const [ours, theirs] = [await rateOf(now), await rateOf(then)];
      ratios.push(ours / theirs);
    }
    rows.push({ traffic, ratio: spread(ratios) });
  }
  return rows;
}

/** Runs a program of benches, those that fit the pattern: [{name, unit, perSecond: {stage: {median, least, most}}}], a group each. */
export async function criterion(program, pattern, [warmUp, seconds]) {
  const home = mkdtempSync(join(tmpdir(), 'tcp-sniffer-bench-'));
  try {
    const times = ['--warm-up-time', warmUp, '--measurement-time', seconds];
    const command = [program, '--bench', '--noplot', ...times, ...(pattern === '' ? [] : [pattern])];
    await timed(['env', `CRITERION_HOME=${home}`, ...command], { limitSeconds: LIMIT_SECONDS });
    return readdirSync(home)
      .filter((name) => name !== 'report')
      .map((name) => groupOf(join(home, name)));
  } finally {
    rmSync(home, { recursive: true });
  }
}

function groupOf(folder) {
  const read = (stage, file) => JSON.parse(readFileSync(join(folder, stage, 'new', file), 'utf8'));
  const stages = readdirSync(folder).filter((name) => name !== 'report');
  const { group_id: name, throughput } = read(stages[0], 'benchmark.json');
  const isOfMessages = Object.keys(throughput)[0] === 'Elements';
  const rates = stages.map((stage) => {
    // In AES-128-GCM each stage has a throughput of its own.
    const [count] = Object.values(read(stage, 'benchmark.json').throughput);
    const { point_estimate, confidence_interval } = read(stage, 'estimates.json').median;
    const perSecond = (nanos) => (count * 1e9) / nanos;
    const { lower_bound, upper_bound } = confidence_interval;
    return [stage, { median: perSecond(point_estimate), least: perSecond(upper_bound), most: perSecond(lower_bound) }];
  });
  return { name, unit: isOfMessages ? 'messages' : 'bytes', perSecond: Object.fromEntries(rates) };
}
