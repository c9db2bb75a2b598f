/** The least and the greatest values of options, if there is a reason for a bound. */

export { MAX_PORT, MIN_PORT } from '../filter/ports';
export const MIN_SAMPLE_RATE = 0;
export const MAX_SAMPLE_RATE = 1;
/** Less is not even what an idle process takes. */
export const MIN_CPU_LIMIT_SHARE = 0.01;
/** The cores of a large machine: the engine has two threads, and JavaScript one. */
export const MAX_CPU_LIMIT_SHARE = 64;
/** The shortest snaplen that still holds the longest IPv4 header and some of TCP's; tcpdump's old minimum. */
export const MIN_SNAPLEN_BYTES = 68;
/** libpcap's MAXIMUM_SNAPLEN. */
export const MAX_SNAPLEN_BYTES = 262_144;
/** A few blocks of the largest packet; less and the kernel refuses the ring. */
export const MIN_RING_BUFFER_BYTES = 1 << 20;
/** libpcap takes the size as a C int. */
export const MAX_RING_BUFFER_BYTES = 2 ** 31 - 1;
export const MIN_READ_TIMEOUT_MS = 1;
/** A message waits for it in the kernel. */
export const MAX_READ_TIMEOUT_MS = 1_000;
/** More often than this the counters are a load of their own. */
export const MIN_STATS_INTERVAL_MS = 100;
/** Connections to one URL; more do not help. */
export const MAX_OUTPUT_CONCURRENCY = 256;
/** Around a trigger: what is longer is a capture of everything. */
export const MAX_TRIGGER_MS = 3_600_000;
/** Less does not hold a second of a busy service, or one large message. */
export const MIN_TRIGGER_MEMORY_BYTES = 1 << 20;
/** Above it the sidecar's memory is no question of triggers. */
export const MAX_TRIGGER_MEMORY_BYTES = 1 << 30;
/** The longest time of a Node timer. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
