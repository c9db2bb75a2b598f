/** Rows of the table of options: how a run goes on, what it tells of itself, and what it may take. */

import { LOG_LEVELS } from '../../logger';
import { checkBoolean, checkCpuLimitShare, checkLogger, integer, name, oneOf } from '../checks';
import {
  MAX_PORT,
  MAX_READ_TIMEOUT_MS,
  MAX_RING_BUFFER_BYTES,
  MAX_SNAPLEN_BYTES,
  MAX_TIMER_MS,
  MIN_PORT,
  MIN_READ_TIMEOUT_MS,
  MIN_RING_BUFFER_BYTES,
  MIN_SNAPLEN_BYTES,
  MIN_STATS_INTERVAL_MS,
} from '../limits';
import type { Option } from '../option';
import { boolean, number, size, text } from '../texts';

export const RUN = {
  /** The time in which outputs may deliver waiting messages after `stop()`, in ms; the rest is counted and dropped. Default 10 000. */
  drainTimeoutMs: {
    check: integer(0, MAX_TIMER_MS),
    // Well inside the 30 s that Kubernetes allows a pod.
    default: 10_000,
    parse: number,
    argument: 'ms',
    topic: 'running',
    help: 'the time that outputs may take at stop',
  },
  /**
   * SIGTERM and SIGINT stop the sniffer; when it is drained the signal takes its course, a second signal at once. Default
   * false: a library leaves the signals to its host. The command has handlers of its own.
   */
  handleSignals: { check: checkBoolean, default: false },
  /** Serves the counters on this port: `/metrics`, `/healthz`, `/readyz`. Default: none. */
  metricsPort: {
    check: integer(MIN_PORT, MAX_PORT),
    parse: number,
    argument: 'port',
    topic: 'running',
    help: 'serve /metrics, /healthz and /readyz on this port',
  },
  /** The address for that port; `''` is every address, which Prometheus and the kubelet need. Default `''`. */
  metricsHost: {
    check: name('an address'),
    default: '',
    parse: text,
    argument: 'address',
    topic: 'running',
    help: 'the address to serve metrics on; default: every address',
  },
  /**
   * Counts exchanges and their durations by endpoint and status class at `/metrics`; needs `metricsPort`. The messages are read
   * for it, and paths without their ids stand in labels. Default false.
   */
  metricsByEndpoint: {
    check: checkBoolean,
    default: false,
    parse: boolean,
    topic: 'running',
    help: 'count exchanges and their durations by endpoint at /metrics; paths without their ids are labels',
  },
  /** With `metricsByEndpoint`: counts by the Host field too, up to 32 of its values. Default false. */
  metricsByHost: {
    check: checkBoolean,
    default: false,
    parse: boolean,
    topic: 'running',
    help: 'count by the Host field too, up to 32 of its values',
  },
  /** Lowest level that is logged, on stderr. Default `'info'`. */
  logLevel: {
    check: oneOf(LOG_LEVELS),
    default: 'info',
    parse: text,
    argument: 'level',
    topic: 'running',
    help: 'silent, error, warn, info, debug',
  },
  /**
   * Gets the lines of the log that `logLevel` lets through, with their fields, in place of stderr; a logger of pino is suitable. Default:
   * none.
   */
  logger: { check: checkLogger },
  /** Bytes that the engine holds back at one time over all connections. Default 41 943 040 (40 MiB). */
  maxBufferedBytes: {
    check: integer(1),
    default: 41_943_040,
    parse: size,
    argument: 'bytes',
    topic: 'limits',
    help: 'bytes held back over all connections',
    engine: true,
    acts: 'on packets',
  },
  /**
   * The CPU time that may be taken, as a share of one core: 0.2 is a fifth of a core, 2 are two cores. Over it load is shed, step by step
   * until it is enough: bodies first, then whole connections, and all connections at last. Each is counted, the log and the metrics say so, and a
   * message without its body has `bodyTruncated`. The command counts all of its process, a library counts the two threads of the capture. A
   * savefile is never shed. 0.01–64. Default: none.
   */
  cpuLimitShare: {
    check: checkCpuLimitShare,
    parse: number,
    argument: 'share',
    topic: 'limits',
    help: 'share of a core that may be taken, e.g. 0.2; over it bodies are left out, then connections',
    engine: true,
    acts: 'on an interface',
    annotation: 'share of a core, e.g. `0.2`: over it bodies are left out, then whole connections, counted and logged',
  },
  /** Bytes captured of each packet, 68–262 144. Offloading makes packets larger than the MTU. Default 262 144. */
  snaplenBytes: {
    check: integer(MIN_SNAPLEN_BYTES, MAX_SNAPLEN_BYTES),
    default: MAX_SNAPLEN_BYTES,
    parse: size,
    argument: 'bytes',
    topic: 'limits',
    help: 'bytes captured of each packet',
    engine: true,
    acts: 'on an interface',
  },
  /**
   * Bytes of the kernel's ring. Without this option the ring is smaller in a container with little memory: an eighth of its limit (`memory.max` of its
   * cgroup, or `memory.limit_in_bytes`), and at least 2 MiB. Default 33 554 432 (32 MiB).
   */
  ringBufferBytes: {
    check: integer(MIN_RING_BUFFER_BYTES, MAX_RING_BUFFER_BYTES),
    default: 33_554_432,
    parse: size,
    argument: 'bytes',
    topic: 'limits',
    help: "size of the kernel's ring",
    engine: true,
    acts: 'on an interface',
  },
  /** How long the kernel may gather packets before it hands them over, 1–1000 ms. Default 50. */
  readTimeoutMs: {
    check: integer(MIN_READ_TIMEOUT_MS, MAX_READ_TIMEOUT_MS),
    default: 50,
    parse: number,
    argument: 'ms',
    topic: 'limits',
    help: 'how long the kernel may gather packets',
    engine: true,
    acts: 'on an interface',
  },
  /** Puts the interface into promiscuous mode. Default false. */
  promiscuous: {
    check: checkBoolean,
    default: false,
    parse: boolean,
    topic: 'reading',
    help: 'promiscuous mode',
    engine: true,
    acts: 'on an interface',
  },
  /** How often the counters are logged and the event `stats` comes, in ms. Default 60 000. */
  statsIntervalMs: {
    check: integer(MIN_STATS_INTERVAL_MS),
    default: 60_000,
    parse: number,
    argument: 'ms',
    topic: 'running',
    help: 'how often the counters are logged',
    engine: true,
  },
} as const satisfies Record<string, Option>;
