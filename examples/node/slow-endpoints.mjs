// Finds the slow endpoints. From a savefile: `node slow-endpoints.mjs 8080 capture.pcap`. Live, until Ctrl-C:
// `node slow-endpoints.mjs 8080`; INTERFACE says where.
import { createSniffer } from 'tcp-sniffer';

const [port = '8080', pcapFile] = process.argv.slice(2);
/** Endpoints at one time, and latencies of each: what runs for days must not grow for days. */
const MAX_ENDPOINTS = 10_000;
const MAX_LATENCIES = 10_000;

const endpoints = new Map();

/** Without the query, and with every number the same: /orders/17 and /orders/18 are one endpoint. */
const endpointOf = ({ method, path }) => `${method} ${path.replace(/\?.*/, '').replace(/\/\d+(?=\/|$)/g, '/:n')}`;

function note({ request, latencyMs, statusCode }) {
  if (request === undefined || latencyMs === undefined || statusCode < 200) return;
  const name = endpointOf(request);
  if (!endpoints.has(name) && endpoints.size >= MAX_ENDPOINTS) return;
  const { latencies, ...counts } = endpoints.get(name) ?? { count: 0, failed: 0, latencies: [] };
  // Past the limit a random one makes room.
  const at = latencies.length < MAX_LATENCIES ? latencies.length : Math.floor(Math.random() * MAX_LATENCIES);
  latencies[at] = latencyMs;
  endpoints.set(name, { count: counts.count + 1, failed: counts.failed + (statusCode >= 500 ? 1 : 0), latencies });
}

function print() {
  const rows = [...endpoints].map(([endpoint, { count, failed, latencies }]) => {
    const sorted = latencies.toSorted((a, b) => a - b);
    const share = (part) => sorted[Math.ceil(part * sorted.length) - 1].toFixed(1);
    return { endpoint, count, '5xx': failed, 'p50 ms': share(0.5), 'p95 ms': share(0.95), 'max ms': share(1) };
  });
  console.table(rows.sort((a, b) => b['p95 ms'] - a['p95 ms']));
}

const sniffer = createSniffer({
  ports: [Number(port)],
  logLevel: 'warn',
  ...(pcapFile === undefined ? { interface: process.env.INTERFACE ?? '' } : { pcapFile }),
});
sniffer.on('message', note);
sniffer.on('stop', print);
sniffer.on('error', () => {
  process.exitCode = 1;
});
process.once('SIGINT', () => sniffer.stop());
await sniffer.start();
if (pcapFile === undefined) console.log(`watching port ${port}; Ctrl-C shows the table`);
