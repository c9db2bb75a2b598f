// The goals, and whether each holds. Ratios are of one run, so a slow machine does not change them; rates are of one machine.

/** Decimal, as in the goals. */
const MB = 1e6;
const CORE_SHARE = 0.2;
const TO_JSON_PARSE = 2.5;
/** Two runs of the same differ by so much, however quiet the machine. */
const NOTHING = 0.02;

/** [{goal, measured, holds}]; `holds` is undefined where something was not measured. */
export function goals({ savefile, engine, live, memory, growth, progress }) {
  return [
    ...readerGoals(savefile?.result),
    ...memoryGoals(savefile?.result, memory?.result),
    ...engineGoals(engine?.result),
    ...liveGoals(live?.result),
    ...(growth?.result ?? []).map(({ name, points }) => {
      const [first, ...rest] = points.map(({ microsPerPacket }) => microsPerPacket.median);
      const worst = rest.map((micros) => micros / first - 1).reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
      return {
        goal: `cost of a packet with 100× of "${name}": flat, ±20 %`,
        measured: `${worst < 0 ? '−' : '+'}${Math.abs(worst * 100).toFixed(0)} %`,
        // Cheaper is no failure.
        holds: worst <= CORE_SHARE,
      };
    }),
    ...progressGoals(progress?.result),
  ];
}

function readerGoals(results) {
  if (results === undefined) return [];
  const row = (index, name) => results[index].rows.find((each) => each.name === name);
  const beside = [
    ['tshark', 25],
    ['Suricata', 6],
    ['httpry', 2.5],
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

function engineGoals(results) {
  if (results === undefined) return [];
  const measured = (name) => results.find(({ traffic }) => traffic === name)?.perSecond.engine.median;
  const bodies = ['100 kB text', '100 kB text, MTU', '100 kB JSON', '100 kB binary'].map((name) =>
    rate(`engine alone, one core, bodies of ${name}, bytes/s`, measured(name), 2_000_000_000),
  );
  return [rate('engine alone, one core, small GETs, messages/s', measured('small GETs'), 2_000_000), ...bodies];
}

function rate(what, measured, least) {
  const words = (value) => Math.round(value).toLocaleString('en');
  return {
    goal: `${what}: ${words(least)}`,
    measured: measured === undefined ? 'not measured' : words(measured),
    holds: measured === undefined ? undefined : measured >= least,
  };
}

function liveGoals(result) {
  if (result === undefined) return [];
  const ours = result.observers.find(({ name }) => name === 'tcp-sniffer');
  return [
    {
      goal: 'live, full load: the server keeps 80 % of what it has beside `tcpdump -w /dev/null`',
      measured: `${(ours.toTcpdump.median * 100).toFixed(0)} %`,
      holds: ours.toTcpdump.median >= 0.8,
    },
    { goal: 'live, full load: no packet dropped', measured: `${ours.dropped} dropped`, holds: ours.dropped === 0 },
  ];
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
