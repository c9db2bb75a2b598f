// The goals, and whether each holds. Ratios are of one run, so a slow machine does not change them; rates are of one machine.

import { BEFORE } from './before.mjs';

/** Decimal, as in the goals. */
const MB = 1e6;
const CORE_SHARE = 0.2;
const TO_JSON_PARSE = 2.5;
/** How many times as fast as the commit that is a peer. */
const TO_BEFORE = { callback: 2.5, engine: 1.25 };
/** Of what that commit took to start. */
const START_SHARE = 0.5;
const IDLE_CORES = 0.001;
/** Engine time of large bodies in TLS, to that of the AEAD and of the same without TLS together. */
const TO_AEAD = 1.5;
const TO_TCPDUMP = { requests: 0.88, p99: 1.5 };
/** Two runs of the same differ by so much, however quiet the machine. */
const NOTHING = 0.02;

/** [{goal, measured, holds}]; `holds` is undefined where something was not measured. */
export function goals({ savefile, engine, protocols, outputs, live, sidecar, memory, growth, start, progress }) {
  return [
    ...readerGoals(savefile?.result),
    ...memoryGoals(savefile?.result, memory?.result),
    ...engineGoals(engine?.result),
    ...protocolGoals(protocols?.result),
    ...outputGoals(outputs?.result),
    ...liveGoals(live?.result),
    ...sidecarGoals(sidecar?.result),
    ...growthGoals(growth?.result ?? []),
    ...startGoals(start?.result),
    ...progressGoals(progress?.result),
  ];
}

/** `ratio` of rounds in one run: {median}; undefined where its peer is missing. */
function atLeast(goal, ratio, least, words = (value) => `${value.toFixed(value < 9.95 ? 2 : 1)}×`) {
  if (ratio === undefined) return { goal, measured: 'not measured', holds: undefined };
  return { goal, measured: words(ratio.median), holds: ratio.median >= least };
}

function growthGoals(dimensions) {
  return dimensions.map(({ name, by, points }) => {
    const [first, ...rest] = points.map((point) => point[by].median);
    const worst = rest.map((micros) => micros / first - 1).reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
    return {
      goal: `cost of a ${by === 'microsPerPacket' ? 'packet' : 'message'} with 100× of "${name}": flat, ±20 %`,
      measured: `${worst < 0 ? '−' : '+'}${Math.abs(worst * 100).toFixed(0)} %`,
      // Cheaper is no failure.
      holds: worst <= CORE_SHARE,
    };
  });
}

function readerGoals(results) {
  if (results === undefined) return [];
  const row = (index, name) => results[index].rows.find((each) => each.name === name);
  const beside = [
    ['tshark', 25],
    ['Suricata', 6],
    ['httpry', 3],
  ].map(([name, least]) => {
    const peer = row(0, name);
    const goal = `small GETs, savefile to JSON lines: ${least}× ${name}`;
    if (peer === undefined) return { goal, measured: 'not measured', holds: undefined };
    const { toWall, toCpu } = peer;
    return {
      goal,
      measured: `${toWall.median.toFixed(1)}× by the clock, ${toCpu.median.toFixed(1)}× in CPU time`,
      holds: toWall.median >= least && toCpu.median >= least,
    };
  });
  const [callback, parsed] = ['callback', 'callback, JSON.parse'].map((name) => row(0, name)?.messagesPerSecond);
  return [
    ...beside,
    rate('small GETs, messages/s to a JS callback', callback, 400_000),
    atLeast(
      `small GETs, messages/s to a JS callback: ${TO_BEFORE.callback}× ${BEFORE}`,
      row(0, 'callback').toBefore,
      TO_BEFORE.callback,
    ),
    {
      goal: `small GETs to a JS callback: ${TO_JSON_PARSE}× the messages/s that JSON.parse of each line lets through`,
      measured: parsed === undefined ? 'not measured' : `${(callback / parsed).toFixed(1)}×`,
      holds: parsed === undefined ? undefined : callback / parsed >= TO_JSON_PARSE,
    },
  ];
}

/** Savefiles as they are, and those with more in progress at one time than may be held. */
function memoryGoals(captures, memory) {
  if (captures === undefined || memory === undefined) return [];
  const peaks = captures.map(({ rows }) => rows.find(({ name }) => name === 'tcp-sniffer').peakBytes);
  const full = memory.full.flatMap(({ processBytes, slowBytes }) => [processBytes, slowBytes]);
  const worst = Math.max(...peaks, ...full);
  return [
    {
      goal: 'peak memory, any savefile: under 120 MB',
      measured: `${(Math.max(...peaks) / MB).toFixed(0)} MB, in the worst state ${(worst / MB).toFixed(0)} MB`,
      holds: worst < 120 * MB,
    },
  ];
}

function engineGoals(result) {
  if (result === undefined) return [];
  const { stages, http2, beside } = result;
  const measured = (name) => stages.find(({ traffic }) => traffic === name)?.perSecond.engine.median;
  const bodies = ['100 kB text', '100 kB text, MTU', '100 kB JSON', '100 kB binary'].map((name) =>
    rate(`engine alone, one core, bodies of ${name}, bytes/s`, measured(name), 2_000_000_000),
  );
  const toBefore = ['small GETs', '100 kB JSON'].map((name) =>
    atLeast(
      `engine alone, ${name}: ${TO_BEFORE.engine}× ${BEFORE}`,
      beside?.find(({ traffic }) => traffic === name)?.ratio,
      TO_BEFORE.engine,
    ),
  );
  return [
    rate('engine alone, one core, small GETs, messages/s', measured('small GETs'), 2_000_000),
    ...toBefore,
    ...bodies,
    rate('engine alone, one core, small messages of HTTP/2 a second', http2.median, 1_200_000),
  ];
}

function rate(what, measured, least) {
  const words = (value) => Math.round(value).toLocaleString('en');
  return {
    goal: `${what}: ${words(least)}`,
    measured: measured === undefined ? 'not measured' : words(measured),
    holds: measured === undefined ? undefined : measured >= least,
  };
}

function protocolGoals(result) {
  if (result === undefined) return [];
  const { cases, aead } = result;
  const ours = cases.map(({ capture, rows }) => ({ capture, row: rows.find(({ name }) => name === 'tcp-sniffer') }));
  const lost = ours.filter(({ capture, row }) => row.counted !== capture.messages);
  const beside = cases
    .filter(({ peer }) => peer !== undefined)
    .map(({ capture, rows, peer }) => {
      const tshark = rows.find(({ name }) => name === 'tshark');
      return atLeast(`${capture.name}, savefile to JSON lines: ${peer}× tshark`, tshark?.toWall, peer);
    });
  return [
    {
      goal: 'HTTP/2, gRPC, TLS, WebSocket: every message is found',
      measured: lost.length === 0 ? 'every message' : `not in ${lost.map(({ capture }) => capture.name).join('; ')}`,
      holds: lost.length === 0,
    },
    ...beside,
    {
      goal: `large bodies in TLS: within ${TO_AEAD}× of the AEAD and of the same bodies without TLS together`,
      measured: aead === undefined ? 'not measured' : `${aead.ratio.median.toFixed(2)}×`,
      holds: aead && aead.ratio.median <= TO_AEAD,
    },
  ];
}

function outputGoals(result) {
  if (result === undefined) return [];
  const row = (name) => result.rows.find((each) => each.name === name);
  return [
    rate('Kafka, messages/s through the whole command', row('Kafka')?.perSecond.median, 60_000),
    // Two messages are a span.
    rate(
      'OTLP, spans per CPU second through the whole command',
      row('OTLP, protobuf').perCpuSecond.median / 2,
      100_000,
    ),
  ];
}

function liveGoals(result) {
  if (result === undefined) return [];
  const { requests, p99 } = TO_TCPDUMP;
  return result.observers.flatMap(({ name, beside, rateBeside, p99Beside, dropped }) => {
    if (beside === undefined) return [];
    const row = (goal, measured, holds) => ({ goal: `live, full load, \`${name}\`: ${goal}`, measured, holds });
    const [rate, latency] = [rateBeside.median, p99Beside.median];
    return [
      row(
        `the server keeps ${requests * 100} % of its rate beside \`${beside}\``,
        `${(rate * 100).toFixed(0)} %`,
        rate >= requests,
      ),
      row(`p99 of the service within ${p99}× of that beside \`${beside}\``, `${latency.toFixed(1)}×`, latency <= p99),
      row('no packet dropped', `${dropped} dropped`, dropped === 0),
    ];
  });
}

function sidecarGoals(rows) {
  if (rows === undefined) return [];
  const { cores, wakeUps } = rows.find(({ perSecond }) => perSecond === 0);
  return [
    {
      goal: `a sidecar that is idle: under ${IDLE_CORES * 100} % of a core`,
      measured: `${(cores * 100).toFixed(3)} %, woken ${wakeUps.toFixed(1)} times a second`,
      holds: cores < IDLE_CORES,
    },
  ];
}

function startGoals(result) {
  if (result === undefined) return [];
  return result.rows.map(({ what, now, toBefore }) => ({
    goal: `start beyond Node's own, ${what}: half of that of ${BEFORE}`,
    measured: `${now.median.toFixed(0)} ms${toBefore === undefined ? '' : `, ${(toBefore.median * 100).toFixed(0)} % of it`}`,
    holds: toBefore && toBefore.median <= START_SHARE,
  }));
}

function progressGoals(result) {
  if (result === undefined) return [];
  const { bytes, share, toEngine } = result;
  return [
    {
      goal: `progress over a savefile of ${(bytes / MB).toFixed(0)} MB: is shown, costs nothing (less than ${NOTHING * 100} %)`,
      measured: `${(share.median * 100).toFixed(1)} % on the JS thread, ${toEngine.median.toFixed(2)}× the CPU time of the engine`,
      holds: Math.max(share.median, toEngine.median - 1) < NOTHING,
    },
  ];
}
