// The chart's dashboard and alerts refer only to metrics, and labels of them, that exist.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EndpointTable } from '../../ts/exchange/endpoint-counts';
import { createCounters, injectorText } from '../../ts/injector/counters';
import { LOSSES } from '../../ts/losses';
import { endpointsText } from '../../ts/run/endpoint-metrics';
import { metricsText } from '../../ts/run/metrics';
import { processText } from '../../ts/run/process-metrics';
import { Trigger } from '../../ts/trigger/trigger';
import type { OutputStats } from '../../ts/types';
import { request, response } from './setup/exchanges';

const CHART = join(__dirname, '../../deploy/helm/tcp-sniffer');
/** Those that Prometheus adds, and those of the rules' own making. */
const OF_TARGETS = ['namespace', 'job', 'pod', 'instance'];

const { createCapture } = require('../../dist/native') as typeof import('../../ts/native');

function everything(): string {
  const { toCaptureOptions } = require('../../dist/config/engine') as typeof import('../../ts/config/engine');
  const { validateConfig } = require('../../dist/config') as typeof import('../../ts/config');
  const capture = createCapture(toCaptureOptions(validateConfig({ ports: [80], pcapFile: '-' })));
  const table = new EndpointTable({ byHost: true, patienceMs: 1, now: () => 0 });
  const call = { service: 's', method: 'm', status: 0 };
  const asked = [request('/'), request('/s/m', 0, { grpc: call })];
  const lines = [...asked, ...asked.map((each) => response(each, 5, 'grpc' in each ? { grpc: call } : {}))];
  table.read(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
  const stats: OutputStats = { accepted: 0, delivered: 0, dropped: 0, droppedBy: {}, waiting: 0, errors: 0 };
  const trigger = new Trigger({ maxBytes: 1, beforeMs: 1, afterMs: 1, patienceMs: 1, onWindow: () => {} });
  const engine = { ...capture.stats(), ...trigger.counters() };
  // Else it would be an old addon, and the test of nothing.
  for (const name of Object.keys(LOSSES).filter((each) => /^(tls|http2)/.test(each)))
    expect(engine).toHaveProperty(name);
  return (
    metricsText({ engine, outputs: { callback: stats, http: stats } }, { running: true, version: '1', source: 'x' }) +
    endpointsText(table) +
    processText() +
    injectorText(createCounters(), { version: '1', native: true, certificateExpiry: 0 }) +
    OF_API_SERVERS
  );
}

/** k8s.io/apiserver 0.36 and 0.37, pkg/admission/plugin/policy/mutating/metrics. */
const OF_API_SERVERS =
  'apiserver_mutating_admission_policy_check_total{policy="a",policy_binding="b",error_type="no_error"} 1\n';

/** The labels of each series. */
const known = new Map<string, Set<string>>();
for (const [, name = '', labels = ''] of everything().matchAll(/^([a-z_0-9]+)(?:\{(.*)\})? \S+$/gm)) {
  const names = known.get(name) ?? new Set(OF_TARGETS);
  for (const [, label = ''] of labels.matchAll(/([a-z_]+)="/g)) names.add(label);
  known.set(name, names);
}

interface Panel {
  title: string;
  targets?: { expr: string; legendFormat: string }[];
}
const dashboard = JSON.parse(readFileSync(join(CHART, 'dashboards/tcp-sniffer.json'), 'utf8'));
const panels = (dashboard.panels as Panel[]).flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }): [string, string, string] => [title, expr, legendFormat]),
);
const template = readFileSync(join(CHART, 'templates/prometheusrule.yaml'), 'utf8');
const groupings = new Map(
  [...template.matchAll(/\{\{- \$(\w+) := "([^"]+)" \}\}/g)].map(([, name, text]) => [name, text]),
);
const rules = template
  .replace(/\{\{ \$(http|grpc) \}\}/g, (_, name) => groupings.get(name) ?? '')
  .split('- alert: ')
  .slice(1)
  .map((rule): [string, string, string] => {
    const [, expr = ''] = /expr: ([\s\S]*?)\n +(?:for|labels):/.exec(rule) ?? [];
    return [rule.split('\n', 1)[0] ?? '', expr, rule.slice(rule.indexOf('summary:'))];
  });
const variables = (dashboard.templating.list as { name: string; query: string | { query: string } }[])
  .filter(({ name }) => name !== 'datasource')
  .map(({ name, query }): [string, string, string] => [name, typeof query === 'string' ? query : query.query, '']);

/** Each metric in an expression with the labels that it is selected by. */
function selectors(expr: string): [string, string[]][] {
  return [...expr.matchAll(/\b((?:tcp_sniffer|process|apiserver)_[a-z_0-9]+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', inside = '']) => [
      name,
      [...inside.matchAll(/([a-z_]+)(?:=~|!=|!~|=)"/g)].map(([, label = '']) => label),
    ],
  );
}

describe.each([
  ['panel', panels],
  ['alert', rules],
  ['variable', variables],
])('each %s', (_, expressions) => {
  it.each(expressions)('%s: %s', (_, expr, text) => {
    const found = selectors(expr);
    expect(found.length).toBeGreaterThan(0);
    const named = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */));
    for (const [name, labels] of found) {
      expect([...known.keys()], name).toContain(name);
      const has = [...(known.get(name) ?? [])];
      // The other side of `and` has no buckets.
      const grouped = named.filter((label) => label !== 'le' || name.endsWith('_bucket'));
      for (const label of [...labels, ...grouped]) expect(has, `${label} of ${name}`).toContain(label);
    }
    // A series is described by what tells it apart.
    const said = [...text.matchAll(/\{\{ ?\$labels\.(\w+)|\{\{(\w+)\}\}/g)].map(
      ([, ruled, shown]) => ruled ?? shown ?? '',
    );
    const first = known.get(found[0]?.[0] ?? '') ?? new Set();
    for (const label of said) expect(named.length > 0 ? named : [...first]).toContain(label);
  });
});

it('there are panels and alerts of endpoints, of what was lost, of TLS, HTTP/2 and of the process', () => {
  const used = (list: [string, string, string][]): string => list.map(([, expr]) => expr).join('\n');
  for (const part of ['http_requests_total', 'http_request_duration_seconds_bucket', 'grpc_calls_total']) {
    expect(used(panels)).toContain(part);
    expect(used(rules)).toContain(part);
  }
  for (const part of ['shed_level', 'trigger_windows_cut_total', 'trigger_evicted_total']) {
    expect(used(panels)).toContain(part);
    expect(used(rules)).toContain(part);
  }
  for (const part of ['engine_tls_', 'engine_http2_', 'process_cpu', 'process_resident', 'pcap_packets_dropped']) {
    expect(used(panels)).toContain(part);
  }
  expect(rules.length).toBeGreaterThan(8);
});
