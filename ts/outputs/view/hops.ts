/** Rows as hops of traces. Browsers run it too, so it imports nothing of Node. */

import { endpointOf } from '../../exchange/endpoints';
import { outcomeOf } from '../../exchange/outcome';
import { MAX_HOPS } from '../../trace/grouping';
import { type Asked, type Hop, hopOf, pointOf } from '../../trace/hop';
import type { Row } from './shapes';

/** Of the last rows that belong to traces: as many as there are hops in memory at one time. */
export function hopsOf(rows: readonly Row[]): Map<Row, Hop> {
  const traced = rows.filter(({ keys }) => keys !== undefined).slice(-MAX_HOPS);
  const hops = new Map<Row, Hop>();
  for (const row of traced) {
    const hop = hopIn(row);
    if (hop !== undefined) hops.set(row, hop);
  }
  return hops;
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
