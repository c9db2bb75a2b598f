/** Rows to traces. In: rows, and what the filter shows of them. Out: the slowest traces, and of each hop its row. */

import { outcomeOf } from '../exchange/outcome';
import type { Row } from '../outputs/view/shapes';
import { Grouping, MAX_HOPS, type Trace } from '../trace/grouping';
import { type Asked, type Hop, hopOf, pointOf } from '../trace/hop';
import { endpointOf } from './asked';

/** Traces that are shown. */
const MAX_TRACES = 100;

const numbers = new WeakMap<Hop, number>();

/** The number of the hop's row. */
export function numberOf(hop: Hop): number {
  return numbers.get(hop) ?? 0;
}

/** Of the last rows that belong to traces: as many as there are hops in memory at one time. */
export function tracesIn(rows: readonly Row[], isShown: (n: number) => boolean): Trace[] {
  const grouping = new Grouping({ most: MAX_TRACES });
  const traced = rows.filter(({ keys }) => keys !== undefined);
  for (const row of traced.slice(-MAX_HOPS)) {
    const hop = hopIn(row);
    if (hop === undefined) continue;
    numbers.set(hop, row.n);
    grouping.add(hop);
  }
  return grouping.slowest(({ hops }) => hops.some((hop) => isShown(numberOf(hop))));
}

function hopIn(row: Row): Hop | undefined {
  const { id, at, method = '-', path = '-', host, client, server, keys, response, status, grpcStatus, answered } = row;
  const { ip, port } = endpointOf(server);
  const { ip: clientIp, port: clientPort } = endpointOf(client);
  const asked: Asked = {
    point: pointOf(id),
    atMs: at,
    method,
    path,
    server: host ? `${host.toLowerCase().replace(/:\d*$/, '')}:${port}` : server,
    serverIp: ip,
    serverPort: port,
    clientIp,
    clientPort,
    keys,
    asked: row.n,
  };
  if (response !== true) return hopOf(asked, undefined);
  const { text, statusCode } = outcomeOf({
    statusCode: status,
    grpc: grpcStatus === undefined ? undefined : { status: grpcStatus },
  });
  const { latency: latencyMs, wait: waitMs, download: durationMs = 0 } = row;
  const facts = { requestId: undefined, outcome: text, isFailed: statusCode >= 500, answered };
  return hopOf(asked, { asked, ...facts, latencyMs, waitMs, durationMs });
}
