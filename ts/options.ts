/** The options of the command: for each field of the config its flag, its variable, and how its text is read. */

import { parseFilters } from './filters';
import { parseRedactHeaders } from './redaction';
import type { SnifferConfig } from './types';

/** An option of the command: one field of the config, its flag, its variable. */
export interface CommandOption {
  field: keyof SnifferConfig;
  flag: string;
  short?: string;
  variable?: string;
  /** Name of the flag's value in the help; without one the flag is a switch. */
  argument?: string;
  help: string;
  /** Throws what is expected. */
  parse(text: string): unknown;
  /** The flag may be given several times; the texts are joined by `;`, as they stand in the variable. */
  repeatable?: boolean;
  /** What came is not shown in a complaint. */
  secret?: boolean;
  /** What a flag with an empty text is; an empty variable counts as left out. */
  emptyMeans?: unknown;
}

export const COMMAND_OPTIONS: readonly CommandOption[] = [
  {
    field: 'ports',
    flag: '--ports',
    variable: 'PORTS',
    argument: 'list',
    help: 'server ports, e.g. 8080,8443 (required)',
    parse: numbers,
  },
  {
    field: 'interface',
    flag: '--interface',
    variable: 'INTERFACE',
    argument: 'name',
    help: 'interface; default: the first one that is up and not a loopback',
    parse: text,
  },
  {
    field: 'pcapFile',
    flag: '--read',
    short: '-r',
    argument: 'file',
    help: "read a savefile in place of an interface; '-' is stdin",
    parse: text,
    emptyMeans: '',
  },
  {
    field: 'outputUrl',
    flag: '--output-url',
    variable: 'OUTPUT_URL',
    argument: 'url',
    help: 'POST each message to this URL (token: OUTPUT_URL_AUTH_TOKEN)',
    parse: text,
  },
  {
    field: 'outputConcurrency',
    flag: '--output-concurrency',
    variable: 'OUTPUT_CONCURRENCY',
    argument: 'count',
    help: 'POSTs at one time',
    parse: number,
  },
  {
    field: 'outputTimeoutMs',
    flag: '--output-timeout-ms',
    variable: 'OUTPUT_TIMEOUT_MS',
    argument: 'ms',
    help: 'a POST without an answer after so long has failed',
    parse: number,
  },
  {
    field: 'outputMaxWaitingMessages',
    flag: '--output-max-waiting-messages',
    variable: 'OUTPUT_MAX_WAITING_MESSAGES',
    argument: 'count',
    help: 'messages that may wait for their POST',
    parse: number,
  },
  {
    field: 'outputMaxWaitingBytes',
    flag: '--output-max-waiting-bytes',
    variable: 'OUTPUT_MAX_WAITING_BYTES',
    argument: 'bytes',
    help: 'bytes of messages that may wait',
    parse: number,
  },
  {
    field: 'outputBatch',
    flag: '--output-batch',
    variable: 'OUTPUT_BATCH',
    argument: 'parts',
    help: 'POST batches as NDJSON: true, or e.g. maxMessages=500,maxBytes=1048576,maxDelayMs=1000,gzip',
    parse: batch,
  },
  {
    field: 'outputStdout',
    flag: '--output-stdout',
    variable: 'OUTPUT_STDOUT',
    help: 'JSON lines on stdout, a line an exchange in a terminal; the default where no output is named',
    parse: boolean,
  },
  {
    field: 'harFile',
    flag: '--har',
    variable: 'HAR_FILE',
    argument: 'file',
    help: 'write exchanges as HAR 1.2 to this file; one that is there is overwritten',
    parse: text,
  },
  {
    field: 'decapsulate',
    flag: '--decapsulate',
    variable: 'DECAPSULATE',
    help: 'look into tunnels: VXLAN, Geneve, GRE, IP in IP; off: --no-decapsulate',
    parse: boolean,
  },
  {
    field: 'sampleRate',
    flag: '--sample-rate',
    variable: 'SAMPLE_RATE',
    argument: 'share',
    help: 'share of the connections that is processed, 0-1',
    parse: number,
  },
  {
    field: 'maxBodySize',
    flag: '--max-body-size',
    variable: 'MAX_BODY_SIZE',
    argument: 'bytes',
    help: 'bytes of each body that are kept',
    parse: number,
  },
  {
    field: 'decodeBody',
    flag: '--decode-body',
    variable: 'DECODE_BODY',
    help: 'remove gzip, deflate, br and zstd from bodies, show text of any charset; off: --no-decode-body',
    parse: boolean,
  },
  {
    field: 'binaryBodies',
    flag: '--binary-bodies',
    variable: 'BINARY_BODIES',
    argument: 'how',
    help: 'bodies that are not UTF-8: omit or base64',
    parse: text,
  },
  {
    field: 'maxConcurrentConnections',
    flag: '--max-concurrent-connections',
    variable: 'MAX_CONCURRENT_CONNECTIONS',
    argument: 'count',
    help: 'connections at one time',
    parse: number,
  },
  {
    field: 'connectionIdleTimeoutMs',
    flag: '--connection-idle-timeout-ms',
    variable: 'CONNECTION_IDLE_TIMEOUT_MS',
    argument: 'ms',
    help: 'drop a connection without data for so long',
    parse: number,
  },
  {
    field: 'redactHeaders',
    flag: '--redact-headers',
    variable: 'REDACT_HEADERS',
    argument: 'names',
    help: 'headers whose values are hidden: a,b in place of authorization,cookie; +a,+b beside them; none',
    parse: parseRedactHeaders,
    emptyMeans: [],
  },
  {
    field: 'redactQuery',
    flag: '--redact-query',
    variable: 'REDACT_QUERY',
    argument: 'names',
    help: 'query parameters whose values are hidden in paths, e.g. a,b',
    parse: list,
    emptyMeans: [],
  },
  {
    field: 'include',
    flag: '--include',
    variable: 'INCLUDE',
    argument: 'filter',
    help: 'only such exchanges, e.g. method=POST,path=/api/*,status=5xx,header=x-debug; repeatable',
    parse: parseFilters,
    repeatable: true,
    secret: true,
  },
  {
    field: 'exclude',
    flag: '--exclude',
    variable: 'EXCLUDE',
    argument: 'filter',
    help: 'no such exchanges; repeatable',
    parse: parseFilters,
    repeatable: true,
    secret: true,
  },
  {
    field: 'drainTimeoutMs',
    flag: '--drain-timeout-ms',
    variable: 'DRAIN_TIMEOUT_MS',
    argument: 'ms',
    help: 'what outputs may take at stop',
    parse: number,
  },
  {
    field: 'metricsPort',
    flag: '--metrics-port',
    variable: 'METRICS_PORT',
    argument: 'port',
    help: 'serve /metrics, /healthz and /readyz there',
    parse: number,
  },
  {
    field: 'metricsHost',
    flag: '--metrics-host',
    variable: 'METRICS_HOST',
    argument: 'address',
    help: 'the address for that; default: every one',
    parse: text,
  },
  {
    field: 'logLevel',
    flag: '--log-level',
    variable: 'LOG_LEVEL',
    argument: 'level',
    help: 'silent, error, warn, info, debug',
    parse: text,
  },
  {
    field: 'maxBufferedBytes',
    flag: '--max-buffered-bytes',
    variable: 'MAX_BUFFERED_BYTES',
    argument: 'bytes',
    help: 'bytes held back over all connections',
    parse: number,
  },
  {
    field: 'snaplenBytes',
    flag: '--snaplen-bytes',
    variable: 'SNAPLEN_BYTES',
    argument: 'bytes',
    help: 'bytes captured of each packet',
    parse: number,
  },
  {
    field: 'ringBufferBytes',
    flag: '--ring-buffer-bytes',
    variable: 'RING_BUFFER_BYTES',
    argument: 'bytes',
    help: "size of the kernel's ring",
    parse: number,
  },
  {
    field: 'readTimeoutMs',
    flag: '--read-timeout-ms',
    variable: 'READ_TIMEOUT_MS',
    argument: 'ms',
    help: 'how long the kernel may gather packets',
    parse: number,
  },
  { field: 'promiscuous', flag: '--promiscuous', variable: 'PROMISCUOUS', help: 'promiscuous mode', parse: boolean },
  {
    field: 'statsIntervalMs',
    flag: '--stats-interval-ms',
    variable: 'STATS_INTERVAL_MS',
    argument: 'ms',
    help: 'how often the counters are logged',
    parse: number,
  },
];

function text(value: string): string {
  return value;
}

function number(value: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(value)) throw new Error('must be a number');
  return Number(value);
}

function numbers(value: string): number[] {
  return value.split(',').map((item) => {
    if (!/^\s*\d+\s*$/.test(item)) throw new Error('must be port numbers separated by commas');
    return Number(item);
  });
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function boolean(value: string): boolean {
  const word = value.toLowerCase();
  if (['true', '1', 'yes'].includes(word)) return true;
  if (['false', '0', 'no'].includes(word)) return false;
  throw new Error('must be true or false (or 1, 0, yes, no)');
}

/** `true`, `false`, or the parts; what is not named has its default. */
function batch(value: string): unknown {
  const word = value.toLowerCase();
  if (word === 'true') return {};
  if (word === 'false') return undefined;
  return Object.fromEntries(
    list(value).map((part) => {
      const [name = '', text, more] = part.split('=').map((half) => half.trim());
      if (more !== undefined || name === '') throw new Error(BATCH_EXPECTED);
      if (text === undefined || name === 'gzip') return [name, text === undefined ? true : boolean(text)];
      return [name, number(text)];
    }),
  );
}

const BATCH_EXPECTED = 'must be true, false, or parts such as maxMessages=500,maxBytes=1048576,maxDelayMs=1000,gzip';
