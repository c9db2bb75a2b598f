/**
 * The ledger as Prometheus text (exposition format 0.0.4). In: `SnifferStats` and the run's state. Out: text. Pure.
 *
 * A counter of the engine that is not named here comes out all the same, under its own name.
 */

import { Exposition, type Labels } from '../http-server/exposition';
import { LOSSES } from '../losses';
import { OUTPUTS } from '../outputs/list';
import type { OutputName, OutputStats, SnifferStats } from '../types';

export interface Capturing {
  /** The handle is open. */
  running: boolean;
  version: string;
  /** Interface or savefile; unknown before the open. */
  source: string;
}

/** Engine counters that are one metric with a label, so that its sum means something. */
const GROUPS: readonly { metric: string; help: string; label: string; counters: Record<string, string> }[] = [
  {
    metric: 'engine_packets_total',
    help: 'Packets the engine was given, by what they were; the sum is all of them.',
    label: 'kind',
    counters: {
      undecodable: 'undecodable',
      notTcp: 'not_tcp',
      fragments: 'fragment',
      otherPorts: 'other_ports',
      notSampled: 'not_sampled',
      shedPackets: 'shed',
      noSyn: 'no_syn',
      afterClose: 'after_close',
      segments: 'segment',
    },
  },
  {
    metric: 'messages_parsed_total',
    help: 'HTTP messages that were parsed, shown or not.',
    label: 'direction',
    counters: { requests: 'request', responses: 'response' },
  },
  {
    metric: 'messages_hidden_total',
    help: 'Messages that were parsed and reached no output: filtered, no trigger came for them, our own POSTs, or the queue to JavaScript was full.',
    label: 'reason',
    counters: { filtered: 'filtered', untriggered: 'untriggered', ownMessages: 'own', queueDropped: 'queue_full' },
  },
  {
    metric: 'messages_incomplete_total',
    help: 'Messages that came out flagged as incomplete, by why they ended early.',
    label: 'reason',
    counters: {
      incompleteGap: 'gap',
      incompleteClosed: 'closed',
      incompleteReset: 'reset',
      incompleteMalformed: 'malformed',
      incompleteEvicted: 'evicted',
      incompleteTimeout: 'timeout',
      incompleteStopped: 'stopped',
    },
  },
  {
    metric: 'connections_ended_total',
    help: 'Connections that are no longer followed, by why.',
    label: 'reason',
    counters: {
      connectionsClosed: 'closed',
      connectionsEvicted: 'evicted',
      connectionsTimedOut: 'timeout',
      connectionsStopped: 'stopped',
      shedConnections: 'shed',
    },
  },
  {
    metric: 'tls_unread_connections_total',
    help: 'TLS connections that were not read, or not to their end, by why; a connection counts once for each reason.',
    label: 'reason',
    counters: {
      tlsUnreadNoKeylog: 'no_keylog',
      tlsUnreadNoKeys: 'no_keys',
      tlsUnreadWrongKeys: 'wrong_keys',
      tlsUnreadUnsupported: 'unsupported',
      tlsUnreadNoHandshake: 'no_handshake',
      tlsUnreadLostStep: 'lost_step',
    },
  },
];

const HELP: Record<string, string> = {
  received: 'Packets that passed the kernel filter, those it dropped included (pcap_stats).',
  dropped: "Packets the kernel dropped because the capture's ring was full (pcap_stats).",
  interfaceDropped: 'Packets the interface or its driver dropped (pcap_stats).',
  unread: 'Packets received, not dropped, and not read: second copies on a loopback interface, or after a stop.',
  connectionsActive: 'Connections that are followed now.',
  bufferedBytes: 'Bytes held back now, over all connections.',
  shedLevel:
    'How much is left out now to hold cpuLimitShare: 0 nothing, 1 bodies, 2 to 5 a growing share of connections, 6 all.',
  gaps: 'Holes in a stream that never filled.',
  gapBytes: 'Bytes that never arrived.',
  malformedStreams: 'Streams that were given up because they broke HTTP.',
  notHttpStreams: 'Streams that are not HTTP/1.x.',
  triggers: 'Exchanges, signals and calls that were triggers.',
  triggerHeldMessages: 'Messages that are kept now in case a trigger comes.',
  triggerHeldBytes: 'Bytes that they take.',
  tlsConnections: 'Connections that are TLS, where there are key logs.',
  tlsRecords: 'Records of TLS that were decrypted.',
  tlsResumed: 'Times that records of TLS were read on after a loss.',
  http2Connections: 'Connections that were read as HTTP/2.',
};

/** Sums of what other metrics have by label; they would count twice. */
const LEFT_OUT = new Set(['packets']);
const GAUGES = new Set(['connectionsActive', 'bufferedBytes', 'shedLevel', 'triggerHeldMessages', 'triggerHeldBytes']);
/** libpcap's own three say in their names whose they are. */
const CAPTURE = new Set(['received', 'dropped', 'interfaceDropped', 'unread']);

export function metricsText({ engine, outputs }: SnifferStats, { running, version, source }: Capturing): string {
  const out = new Exposition();
  out.metric('info', 'gauge', 'What runs here.', [[{ version, source }, 1]]);
  out.metric('capturing', 'gauge', '1 while the capture is open.', [[{}, running ? 1 : 0]]);
  writeEngine(out, engine);
  writeOutputs(out, Object.entries(outputs) as [OutputName, OutputStats][]);
  return out.toString();
}

function writeEngine(out: Exposition, engine: Record<string, number>): void {
  const left = new Map(Object.entries(engine).filter(([name]) => !LEFT_OUT.has(name)));
  for (const { metric, help, label, counters } of GROUPS) {
    const samples = Object.entries(counters).flatMap(([name, value]): [Labels, number][] => {
      const count = left.get(name);
      left.delete(name);
      return count === undefined ? [] : [[{ [label]: value }, count]];
    });
    if (samples.length > 0) out.metric(metric, 'counter', help, samples);
  }
  for (const [name, count] of left) {
    const gauge = GAUGES.has(name);
    const prefix = CAPTURE.has(name) ? 'pcap_packets_' : 'engine_';
    const help = HELP[name] ?? lossText(name) ?? `The counter ${name} of the engine.`;
    out.metric(`${prefix}${snake(name)}${gauge ? '' : '_total'}`, gauge ? 'gauge' : 'counter', help, [[{}, count]]);
  }
}

function lossText(name: string): string | undefined {
  if (!Object.hasOwn(LOSSES, name)) return undefined;
  const words = LOSSES[name as keyof typeof LOSSES];
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function writeOutputs(out: Exposition, outputs: [OutputName, OutputStats][]): void {
  const each = (count: (stats: OutputStats) => number): [Labels, number][] =>
    outputs.map(([output, stats]) => [{ output }, count(stats)]);
  out.metric(
    'output_messages_total',
    'counter',
    'Messages an output accepted: delivered, dropped or waiting.',
    each(({ accepted }) => accepted),
  );
  out.metric(
    'output_delivered_total',
    'counter',
    'Messages an output delivered.',
    each(({ delivered }) => delivered),
  );
  out.metric(
    'output_dropped_total',
    'counter',
    'Messages an output gave up, by why.',
    outputs.flatMap(([output, { droppedBy }]) =>
      OUTPUTS[output].dropReasons.map((reason): [Labels, number] => [{ output, reason }, droppedBy[reason] ?? 0]),
    ),
  );
  out.metric(
    'output_waiting_messages',
    'gauge',
    'Messages an output has taken and neither delivered nor given up yet.',
    each(({ waiting }) => waiting),
  );
  out.metric(
    'output_errors_total',
    'counter',
    'Failed attempts: POSTs, writes, listeners that threw.',
    each(({ errors }) => errors),
  );
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
