// Sections of docs/performance.md: what a sidecar costs, other protocols, outputs, the option `fields`, the start.
import { BEFORE } from './before.mjs';
import { count, megabytes, percent, range, table, times } from './words.mjs';

const perSecond = (spread) => range(spread, count);
const milliseconds = (spread) => range(spread, (value) => `${value.toFixed(0)} ms`);

/** The answer to a user's first question: one table, and some sentences from the other parts. */
export function costs({ sidecar, start, memory, live }) {
  const rows = sidecar?.result;
  if (rows === undefined) return undefined;
  const lines = rows.map(({ perSecond: asked, rate, cores, wakeUps, bytes, peakBytes }) => [
    asked === 0 ? 'idle' : count(rate),
    asked === 0 ? `${(cores * 1_000).toFixed(1)}m` : `${(cores * 1_000).toFixed(0)}m`,
    count(wakeUps),
    megabytes(bytes),
    megabytes(peakBytes),
  ]);
  const facts = [];
  const ours = live?.result?.observers.find(({ written }) => written > 0);
  if (ours !== undefined)
    facts.push(
      `A server at full load on the same two cores keeps ${percent(ours.toBare.median)} of its requests a second while all of them are written to a file, and ${percent(ours.rateBeside.median)} of
  its requests a second beside \`${ours.beside}\` ([live](#live)).`,
    );
  if (memory?.result !== undefined)
    facts.push(
      'Memory has an upper bound, whatever the traffic: [memory](#memory) has the sum. A sidecar asks for 256 MiB.',
    );
  const first = start?.result?.rows.find(({ what }) => what === 'first message');
  if (first !== undefined)
    facts.push(`It starts in ${first.now.median.toFixed(0)} ms beyond what Node takes itself ([start](#start)).`);
  facts.push('[Decisions](decisions.md#tried-for-speed-and-left-out) lists what was tried for speed and left out.');
  return `## What it costs

A sidecar beside a service, its lines discarded: 1000m is one core. \`node bench/sidecar.mjs\` prints this table on your machine.

${table(['requests/s', 'CPU', 'wake-ups/s', 'memory', 'its peak'], lines)}

${facts.map((fact) => `- ${fact}`).join('\n')}`;
}

export function sidecarSection() {
  return `The table at the top of this page: the command on the loopback interface, while a client sends that number of requests a second, each answered
with 120 bytes. CPU is the time that its threads had on a processor; a wake-up is a thread of the command that waited and runs again.`;
}

export function protocolsSection({ cases, aead }) {
  const parts = cases.map(({ capture, rows, failed }) => {
    const lines = rows.map((row) => [
      row.name,
      row.counted === capture.messages
        ? count(row.counted)
        : `**${count(row.counted)}**, ${percent(row.counted / capture.messages)}`,
      row.name === 'tcp-sniffer' ? '1' : times(row.toWall),
      row.name === 'tcp-sniffer' ? '1' : times(row.toCpu),
      count(row.messagesPerSecond),
      `${megabytes(capture.bytes / row.cpuSeconds)}`,
      megabytes(row.peakBytes),
      row.rounds,
    ]);
    const failures = Object.entries(failed).map(([name, reason]) => `\n\n${name} failed: ${reason}`);
    return `### ${capture.name}

${count(capture.messages)} messages in ${count(capture.packets)} packets of ${count(capture.connections)} connections, ${megabytes(capture.bytes)}.

${table(['', 'messages found', 'time, by the clock', 'CPU time', 'messages/s', 'capture a CPU second', 'peak memory', 'rounds'], lines)}${failures.join('')}`;
  });
  const tls =
    aead === undefined
      ? ''
      : `

Large bodies in TLS cost the engine ${range(aead.ratio, (value) => `${value.toFixed(2)}×`)} the sum of two costs: the AEAD by itself (AES-128-GCM on records of ${aead.records}, ${range(aead.bytesPerSecond, (value) => `${(value / 1e9).toFixed(2)} GB`)} a
second, [benches/protocols.rs](../benches/protocols.rs)) and the same bodies without TLS.`;
  return `Measured as in the section on savefiles, with traffic of real servers and clients (Node, grpc-js, ws, h2load). TLS is version 1.3 with AES-128-GCM, and both read
the same key log. \`tcp-sniffer\` shows every header and body; tshark ten fields, of WebSockets with the payload. \`engine\` is the engine
alone.

${parts.join('\n\n')}${tls}`;
}

export function outputsSection({ messages, slowMessages, bodyBytes, rows }) {
  const lines = rows.map(({ name, perSecond: rate, perCpuSecond, jsShare }) => [
    name,
    perSecond(rate),
    perSecond(perCpuSecond),
    percent(jsShare),
  ]);
  const hidden = rows
    .filter(({ name, toStdout }) => toStdout !== undefined && name !== 'stdout')
    .map(({ name, toStdout }) => `"${name}" takes ${toStdout.toFixed(2)}× the CPU time of stdout alone.`);
  return `The whole command with its start, from a savefile to a receiver on loopback that is a process of its own: ${count(messages)} messages, bodies of
${count(bodyBytes)} bytes (${count(slowMessages)} if each message has a POST, fewer to Kafka too). Two messages are one span of OTLP. The share is the JS thread's share of all CPU time.

${table(['', 'messages/s', 'messages per CPU second', 'of it the JS thread'], lines)}

${hidden.join(' ')}`;
}

export function fieldsSection(results) {
  const parts = results.map(({ capture, rows }) => {
    const lines = rows.map((row) => [
      row.name,
      count(row.messagesPerSecond),
      times(row.toCpu),
      megabytes(row.peakBytes),
    ]);
    return `${capture.name}:

${table(['', 'messages/s', 'CPU time', 'peak memory'], lines)}`;
  });
  return `The remaining cost with \`fields\`, in the whole command and in the library with a listener. Heads are start line, header fields, sizes and
latency.

${parts.join('\n\n')}`;
}

export function startSection({ node, rows }) {
  const lines = rows.map(({ what, now, before, toBefore }) => [
    what,
    milliseconds(now),
    before === undefined ? '–' : milliseconds(before),
    toBefore === undefined ? '–' : range(toBefore, percent),
  ]);
  return `Milliseconds beyond the time that Node takes for an empty file (${milliseconds(node)}) in the same round: until the command has printed its version, and
until the first message of a savefile is out.

${table(['', 'now', `commit ${BEFORE}`, 'of that'], lines)}`;
}
