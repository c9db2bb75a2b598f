// The results as docs/performance.md: what it costs, what must hold, and a section for each part.
import { readFileSync } from 'node:fs';
import { asBefore, BEFORE } from './before.mjs';
import { STAGES } from './engine.mjs';
import { goals } from './goals.mjs';
import { PEERS } from './peers.mjs';
import { costs, fieldsSection, outputsSection, protocolsSection, sidecarSection, startSection } from './sections.mjs';
import { count, megabytes, micros, percent, range, table, times } from './words.mjs';

/** Each part's title, and what writes its section, in their order. */
const SECTIONS = {
  savefile: ['Savefiles', savefileSection],
  fields: ['Some fields only', fieldsSection],
  engine: ['The engine alone', engineSection],
  protocols: ['HTTP/2, gRPC, TLS, WebSocket', protocolsSection],
  outputs: ['Outputs', outputsSection],
  live: ['Live', liveSection],
  sidecar: ['A sidecar', sidecarSection],
  memory: ['Memory', memorySection],
  growth: ['Cost against growth', growthSection],
  start: ['Start', startSection],
  progress: ['Progress over a savefile', progressSection],
};

export function report(results) {
  const sections = Object.entries(SECTIONS).flatMap(([part, [title, section]]) => {
    const measured = results[part];
    if (measured === undefined) return [];
    const body =
      measured.result === undefined ? `Not measured: ${measured.failure}` : section(measured.result, measured);
    return [`## ${title}\n\n${provenance(part, measured)}\n\n${body}`];
  });
  return `${[introduction(results), ...sections].join('\n\n')}\n`;
}

/** The goals as the same command measured them on another machine, of an earlier commit: rates depend on both. */
const ELSEWHERE = JSON.parse(readFileSync(new URL('elsewhere.json', import.meta.url), 'utf8'));

function introduction(results) {
  const rows = goals(results).map(({ goal, measured, holds }) => [
    goal,
    measured,
    holds === undefined ? '–' : holds ? 'holds' : '**does not hold**',
    ELSEWHERE.measured[goal] ?? '',
  ]);
  const { machine, date, commit } = ELSEWHERE;
  const first = costs(results);
  return `# Performance

\`npm run bench\` writes this page: figures of one machine, of the run that is named above each part.
${first === undefined ? '' : `${first}\n\n`}## What must hold

The ratios count: all programs that are compared run in turn (A B C A B C …) on the same traffic, and a ratio is taken in each round.
The tables show the median, with the least and the most of all rounds. CPU time is user and system time of the whole process. ${BEFORE} is an earlier
commit of this repository, built and measured in the same run, without a profile. Each part says how our own programs were built for it: by
profile is how [what is published](releasing.md#packages) is built for x86-64. \`npm run bench -- --quick\` is a short run, \`--only PART,…\` runs these parts: ${Object.keys(
    SECTIONS,
  )
    .map((part) => `\`${part}\``)
    .join(', ')}. The captures are made at the first run, by real servers, real clients and tcpdump.

Rates depend on the machine. The last column is an earlier run of the same command on other cores, and of earlier code if the commits
differ: ${machine}, ${date}, commit ${commit}.

${table(['what must hold', 'measured', '', machine], rows)}`;
}

/** Parts in which tools besides ours are used. */
const WITH_TOOLS = ['savefile', 'protocols', 'live'];

function provenance(part, { date, machine, versions, absent, load, quick, built = 'for development' }) {
  const measured = `\`npm run bench --${quick ? ' --quick' : ''} --only ${part}\`, ${date.slice(0, 16).replace('T', ' ')} UTC, commit ${machine.commit} built ${built}, load ${load.toFixed(1)} at its start.
${machine.cpu}, ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB; ${machine.system}, Linux ${machine.kernel}, Node ${machine.node}, ${machine.rustc}.`;
  if (!WITH_TOOLS.includes(part)) return measured;
  const tools = Object.entries(versions).map(([name, version]) =>
    version.toLowerCase().includes(name.toLowerCase()) ? version : `${name} ${version}`,
  );
  const missing = Object.entries(absent).map(([name, reason]) => `${name} (${reason})`);
  return `${measured}\n${tools.join('; ')}.${missing.length === 0 ? '' : ` Without ${missing.join('; ')}.`}`;
}

function savefileSection(results, { absent }) {
  const does = PEERS.filter(({ name }) => !(name in absent)).map(({ name, does }) => `- ${name}: ${does}.`);
  const tables = results.map(({ capture, rows, failed }) => {
    const { name, messages, packets, connections, bytes } = capture;
    const lines = rows.map((row) => [
      row.name,
      row.counted === messages ? count(row.counted) : `**${count(row.counted)}**, ${percent(row.counted / messages)}`,
      row.name === 'tcp-sniffer' ? '1' : times(row.toWall),
      row.name === 'tcp-sniffer' ? '1' : times(row.toCpu),
      count(row.messagesPerSecond),
      megabytes(row.peakBytes),
      row.rounds,
    ]);
    return `### ${name}

${count(messages)} messages in ${count(packets)} packets of ${count(connections)} connections, ${megabytes(bytes)}.

${table(['', 'messages found', 'time, by the clock', 'CPU time', 'messages/s', 'peak memory', 'rounds'], lines)}${Object.entries(
  failed,
)
  .map(([name, reason]) => `\n\n${name} failed: ${reason}`)
  .join('')}`;
  });
  return `Output to /dev/null in the timed rounds; messages are counted in one more run into a file. \`tcp-sniffer\` is the whole command with its
start, JSON lines with every header and body; \`callback\` the same in the library with a listener (its messages/s are from \`start()\` to
\`end\`), and once more with each line through \`JSON.parse\`; \`engine\` is \`examples/read.rs\`, the engine alone on one core, and ${asBefore('…')} the same of that commit. "2×" is twice the time of \`tcp-sniffer\`. A count in bold
differs from the number that was sent.

${does.join('\n')}

${tables.join('\n\n')}`;
}

function engineSection({ stages, http2, beside }) {
  const words = ({ traffic, unit, perSecond }) => {
    const rate =
      unit === 'messages' ? (value) => `${(value / 1e6).toFixed(2)} M` : (value) => `${(value / 1e9).toFixed(2)} GB`;
    return [`${traffic}, ${unit}/s`, ...STAGES.map((stage) => range(perSecond[stage], rate))];
  };
  return `Measured from frames in memory to batches of JSON lines that are not read, on one core. Each stage is also measured by itself, with the output of the
stage before it (\`cargo bench\`, [benches/stages.rs](../benches/stages.rs)); median and its 95 % confidence interval. "MTU" are packets of 1,460 bytes; other
packets carry up to 64,000 bytes, as the kernel hands them over if it merges segments. \`decode\`, \`flow\` and \`http\` of large bodies only pass on where the
bytes lie, so their rates are not rates of memory.

${table(['', ...STAGES], stages.map(words))}

${range(http2, (value) => `${(value / 1e6).toFixed(2)} M`)} small messages of HTTP/2 a second, ten streams at once on each connection ([benches/protocols.rs](../benches/protocols.rs)).${(
    beside ?? []
  )
    .map(
      ({ traffic, ratio }) => ` ${traffic}: ${range(ratio, (value) => `${value.toFixed(2)}×`)} the rate of ${BEFORE}.`,
    )
    .join('')}

A body costs as much as its JSON string (\`encode\`). In text each line break needs an escape, in JSON every quote, here one byte in five;
bytes that are not UTF-8 are not shown. \`npm run bench:instructions -- --profile FOLDER\` writes the profiles of fixed traffic there. In the profile of
\`large-json\`, half of all instructions are in \`encode::shuffle\`, which writes the escapes, and a third copy packets and lines.`;
}

/** `perf report` on one run at full load. */
function profileTable(profile) {
  const threads = [...new Set(profile.map(({ thread }) => thread))];
  const places = [...new Set(profile.map(({ where }) => where))];
  const share = (thread, where) => profile.find((each) => each.thread === thread && each.where === where)?.share;
  const cell = (value) => (value === undefined || value < 0.005 ? '' : percent(value));
  const rows = threads.map((thread) => {
    const shares = places.map((where) => share(thread, where));
    return [thread, ...shares.map(cell), cell(shares.reduce((sum, each) => sum + (each ?? 0), 0))];
  });
  return `
This table shows the CPU time of \`tcp-sniffer > FILE\` at full load, by thread and by the owner of the code (\`perf record -e cpu-clock\`). \`tcp-sniffer\` is the capture
thread, \`tcp-sniffer-out\` the sending thread; most of the kernel's part in the sending thread is the file to which the lines are written:

${table(
  ['thread', ...places, 'all'],
  rows.filter((cells) => cells.at(-1) !== ''),
)}
`;
}

function liveSection({ server, connections, observers, profile, ramp }) {
  const rows = observers.map((each) => [
    each.name,
    range(each.requestsPerSecond, count),
    range(each.toTcpdump, percent),
    range(each.toBare, percent),
    each.name === 'no observer' ? '' : range(each.cpuShare, percent),
    each.name === 'no observer' ? '' : count(each.dropped),
    each.name === 'no observer' ? '' : megabytes(each.peakBytes),
  ]);
  const latencies = observers.map(({ name, alone, full }) => [
    name,
    ...[alone.p50, alone.p99, full.p50, full.p99].map(micros),
  ]);
  const ours = observers.find(({ written }) => written > 0);
  const steps = ramp.map(({ bytes, requests, requestsPerSecond, bytesPerSecond, ledger, peakBytes }) => [
    bytes === 0 ? 'some 70 B' : count(bytes),
    count(requestsPerSecond),
    `${megabytes(bytesPerSecond)}/s`,
    count(requests),
    count(ledger.requests ?? 0),
    count(ledger.responses ?? 0),
    percent(ledger.dropped / ledger.received),
    losses(ledger),
    megabytes(peakBytes),
  ]);
  return `${server} and wrk (one thread, ${connections} connections on keep-alive), each in a network namespace of its own, a veth pair between them; the
observer captures beside the server. FILE is on a disk. An observer that writes packets or lines is compared with tcpdump that does
the same with its packets. The busy loop takes 20 % of a core, in turns of 10 ms. Server and client wait for each other: time that one core spends elsewhere is lost to both,
so the server loses at least the time that an observer takes, whichever observer it is.

${table(['observer', 'requests/s', 'to `tcpdump -w /dev/null`', 'to no observer', 'CPU, of one core', 'packets dropped', 'peak memory'], rows)}

\`${ours.name}\` saw: ${count(ours.requests)} requests were answered by wrk's count, ${count(ours.seen)} responses were seen (wrk does not count those that are
under way when its time is up), ${count(ours.written)} lines written.
${profile === undefined ? '' : profileTable(profile)}

Latency of the service, with one request at a time and at full load:

${table(['observer', 'p50, one', 'p99, one', 'p50, full', 'p99, full'], latencies)}

### A ramp of load

The same full load with larger and larger responses, until packets are dropped. The log on stop says
how much is seen, dropped and lost; the lines go to /dev/null.

${table(['bytes of a body', 'requests/s', 'traffic', 'requests by wrk', 'requests seen', 'responses seen', 'packets dropped', 'ledger', 'peak memory'], steps)}`;
}

const NO_LOSS = new Set(
  [
    'connectionsOpened',
    'connectionsClosed',
    'packets',
    'segments',
    'received',
    'requests',
    'responses',
    'delivered',
    'afterClose',
  ].concat(['connectionsStopped', 'interimResponses', 'retransmittedBytes']),
);

function losses(ledger) {
  const named = Object.entries(ledger).filter(([name, value]) => !NO_LOSS.has(name) && value > 0);
  return named.length === 0 ? 'no loss' : named.map(([name, value]) => `${name} ${count(value)}`).join(', ');
}

/** `--max-buffered-bytes`, ring, queue, stdout, URL, rooms: as listed in the section. */
const BOUNDS_BYTES = (40 + 32 + 32 + 16 + 32 + 8) * 2 ** 20;

/** With fewer the pages of the process hide what a connection costs. */
const ENOUGH_CONNECTIONS = 10_000;

/** Of each row with enough connections, against the row with one; the engine's, where it is built. */
function bytesPerConnection([first, ...rest]) {
  const what = first.engineBytes === undefined ? 'processBytes' : 'engineBytes';
  return rest
    .filter(({ connections }) => connections >= ENOUGH_CONNECTIONS)
    .map((point) => ({ ...point, each: (point[what] - first[what]) / (point.connections - first.connections) }));
}

function memorySection({ states, full }) {
  const parts = states.map(({ name, points }) => {
    const each = new Map(bytesPerConnection(points).map((point) => [point.connections, point.each]));
    const rows = points.map(({ connections, engineBytes, processBytes }) => [
      count(connections),
      engineBytes === undefined ? '–' : megabytes(engineBytes),
      megabytes(processBytes),
      each.has(connections) ? count(each.get(connections)) : '',
    ]);
    return `Connections ${name}:

${table(['connections', 'engine alone', 'whole command', 'bytes a connection'], rows)}`;
  });
  const [idle] = states;
  const base = idle.points[0].processBytes;
  const idleBytes = Math.max(...bytesPerConnection(idle.points).map(({ each }) => each));
  const worst = full.map(({ connections, bodyBytes, processBytes, slowBytes }) => [
    count(connections),
    `${count(bodyBytes)} B`,
    megabytes(connections * bodyBytes),
    megabytes(processBytes),
    megabytes(slowBytes),
  ]);
  const total = base + 1e4 * idleBytes + BOUNDS_BYTES;
  return `Peak resident memory with \`--max-concurrent-connections\` raised to 100 000; bytes a connection are the engine's, compared with a single connection.
If all connections together reach \`--max-buffered-bytes\`, their buffered bytes are cut, and a connection costs less again. The peak of
the captures is in the tables above.

${parts.join('\n\n')}

More bodies in progress at one time than may be held, with the defaults; with stdout read as fast as it comes, and with a reader of stdout that begins
late:

${table(['connections', 'in the middle of a body of', 'in all', 'peak', 'late reader'], worst)}

Sizing, as an upper bound of the memory of a live capture:

\`\`\`text
  ${megabytes(base).padStart(7)}  Node and the package
+ ${count(idleBytes).padStart(5)} B  × --max-concurrent-connections (default 10 000: ${megabytes(1e4 * idleBytes)})
+          --max-buffered-bytes: heads, bodies and segments that wait (default 42 MB)
+          --ring-buffer-bytes: the kernel's ring (default 34 MB)
+   34 MB  batches that wait for JS, when JS is slow
+   17 MB  stdout, when its reader is slow
+          --output-max-waiting-bytes, when the URL is slow (default 34 MB)
+    8 MB  the memory that batches are copied into
\`\`\`

With the defaults, an idle connection in each place of the table and every queue full, the sum is ${megabytes(total)}: the sidecar's
request of 256 MiB (268 MB) is enough for it.`;
}

function growthSection(dimensions) {
  const parts = dimensions.map(({ name, unit, points }) =>
    table(
      [`${name} (${unit})`, 'packets', 'messages', 'µs a packet', 'µs a message'],
      points.map(({ size, packets, messages, microsPerPacket, microsPerMessage }) => [
        count(size),
        count(packets),
        count(messages),
        range(microsPerPacket),
        range(microsPerMessage),
      ]),
    ),
  );
  return `The engine alone, CPU time without its start, on savefiles made for this measurement: connections that are all open at once, bodies of one size, and
connections that come and go for longer and longer; in HTTP/2 streams that are open at once, connections, and bytes of the tables of HPACK, all full.

![cost of a packet against size](growth.svg)

${parts.join('\n\n')}`;
}

function progressSection({ bytes, messages, lines, seconds, jsSeconds, share, toEngine }) {
  const ratio = (spread) => range(spread, (value) => `${value.toFixed(2)}×`);
  const percent = (spread) => range(spread, (value) => `${(value * 100).toFixed(1)} %`);
  const milliseconds = (spread) => range(spread, (value) => `${(value * 1000).toFixed(0)} ms`);
  const rows = [
    ['shown', range(seconds.shown), milliseconds(jsSeconds.shown), ratio(toEngine), range(lines, count)],
    ['not shown', range(seconds.hidden), milliseconds(jsSeconds.hidden), '1', '0'],
  ];
  return `A savefile of ${megabytes(bytes)} with ${count(messages)} messages, JSON lines to /dev/null; the progress line is there when stderr is a terminal.
Both run at the same time, each on a core of its own, then the other way round. The additional work of the JS thread, the start with
the terminal's part included, is ${percent(share)} of the run's time; the engine's threads have no part in it.

${table(['progress', 'seconds', 'CPU time of the JS thread', 'CPU time of the other threads', 'times drawn'], rows)}`;
}
