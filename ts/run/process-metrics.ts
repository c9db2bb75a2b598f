/** The cost of the process, by the names that clients of Prometheus have for it. In a library it is the process of the host. */

import { Exposition } from '../http-server/exposition';

const STARTED = Date.now() / 1_000 - process.uptime();

export function processText(): string {
  const out = new Exposition();
  const { user, system } = process.cpuUsage();
  const rss = process.memoryUsage.rss();
  out.standard('process_cpu_seconds_total', 'counter', 'CPU time of the process, all of its threads.', [
    [{}, (user + system) / 1e6],
  ]);
  out.standard('process_resident_memory_bytes', 'gauge', 'Memory of the process that is resident.', [[{}, rss]]);
  out.standard('process_start_time_seconds', 'gauge', 'When the process started, in seconds since 1970.', [
    [{}, STARTED],
  ]);
  return out.toString();
}
