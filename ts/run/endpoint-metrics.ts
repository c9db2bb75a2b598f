/** The counts by endpoint as Prometheus text. In: the table of endpoints. Out: text. */

import type { ValidatedConfig } from '../config';
import { countsEndpoints } from '../config/outputs';
import { BOUNDS_MS, type EndpointCounts, EndpointTable, type Outcomes } from '../exchange/endpoint-counts';
import { type Distribution, Exposition, type Labels } from '../http-server/exposition';

/** In the base unit of Prometheus. */
const BOUNDS = BOUNDS_MS.map((ms) => String(ms / 1_000));

/** The names of what is counted for each protocol. */
const METRICS = {
  http: {
    exchanges: 'http_requests_total',
    seconds: 'http_request_duration_seconds',
    unfinished: 'http_requests_unfinished_total',
    what: 'Exchanges of HTTP without those of gRPC',
  },
  grpc: {
    exchanges: 'grpc_calls_total',
    seconds: 'grpc_call_duration_seconds',
    unfinished: 'grpc_calls_unfinished_total',
    what: 'Calls by gRPC',
  },
} as const;

const SECONDS =
  'from the first packet of the request to the last of the response; without those whose end was not captured.';
const UNFINISHED =
  'Requests whose response was not complete after connectionIdleTimeoutMs: no response came, or it goes on as a stream.';

/** A savefile is read in its own time: its requests wait until its end. */
export function createEndpoints(
  config: ValidatedConfig,
  { live, now }: { live: boolean; now: () => number },
): EndpointTable | undefined {
  if (!countsEndpoints(config)) return undefined;
  const patienceMs = live ? config.connectionIdleTimeoutMs : Number.POSITIVE_INFINITY;
  return new EndpointTable({ byHost: config.metricsByHost, patienceMs, now });
}

export function endpointsText(table: EndpointTable): string {
  table.settle();
  const out = new Exposition();
  const entries = [...table.entries()];
  for (const protocol of ['http', 'grpc'] as const) {
    writeProtocol(
      out,
      protocol,
      entries.filter((entry) => entry.protocol === protocol),
    );
  }
  out.metric(
    'requests_in_flight',
    'gauge',
    'Requests whose response is not complete yet, for connectionIdleTimeoutMs at the most.',
    [[{}, table.waiting]],
  );
  out.metric('requests_forgotten_total', 'counter', 'Requests in flight that were too many to be followed.', [
    [{}, table.forgotten],
  ]);
  out.metric('endpoints', 'gauge', 'Endpoints that are told apart.', [[{}, table.size]]);
  out.metric(
    'endpoints_over_limit_total',
    'counter',
    "Exchanges counted as 'other': there are too many endpoints, or statuses of them.",
    [[{}, table.overLimit]],
  );
  return out.toString();
}

function writeProtocol(out: Exposition, protocol: EndpointCounts['protocol'], entries: EndpointCounts[]): void {
  const { exchanges, seconds, unfinished, what } = METRICS[protocol];
  const each = <Value>(of: (outcomes: Outcomes) => Value): [Labels, Value][] =>
    entries.flatMap(({ labels, byStatus }) =>
      [...byStatus].map(([status, outcomes]): [Labels, Value] => [{ ...labels, status }, of(outcomes)]),
    );
  out.metric(
    exchanges,
    'counter',
    `${what}, by endpoint and status.`,
    each((outcomes) => outcomes.exchanges),
  );
  out.histogram(
    seconds,
    `${what}: how long they took, ${SECONDS}`,
    BOUNDS,
    each(({ buckets, sumMicroseconds }): Distribution => ({ buckets, sum: sumMicroseconds / 1e6 })),
  );
  out.metric(
    unfinished,
    'counter',
    UNFINISHED,
    // From zero on, so that the first is an increase.
    entries.map((entry): [Labels, number] => [entry.labels, entry.unfinished]),
  );
}
