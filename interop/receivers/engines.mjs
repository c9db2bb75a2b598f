// Receivers that docs/receivers.md has a recipe for: how each is started and asked what it holds. An engine that is not there is named.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { run } from '../processes.mjs';
import { jsonLines, MESSAGE, post, until, wholeLinesOf } from './asking.mjs';
import { blocksUnder, furnish, runBlock } from './blocks.mjs';
import {
  COLLECTOR,
  collector,
  NATS,
  NATS_COMMAND,
  nats,
  natsCommand,
  python,
  VICTORIA_LOGS,
  victoriaLogs,
} from './programs.mjs';
import { SHIPPED, SHIPPERS, ship } from './shipped.mjs';

const ASK_LIMIT_MS = 30_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const filesIn = (folder, word) => readdirSync(folder).filter((name) => name.includes(word));

/** Of an attribute of OTLP JSON. */
const valueIn = ({ stringValue, intValue, doubleValue, boolValue, kvlistValue, arrayValue }) => {
  if (kvlistValue !== undefined) return attributesOf(kvlistValue.values);
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map(valueIn);
  return stringValue ?? boolValue ?? Number(intValue ?? doubleValue);
};
const attributesOf = (attributes = []) => Object.fromEntries(attributes.map(({ key, value }) => [key, valueIn(value)]));

/** The collector's config of a block, with a file beside its exporter. */
function withFile({ text: config }, folder) {
  const parsed = parse(config.replaceAll('/var/log/http', folder));
  parsed.exporters.file = { path: join(folder, 'out.json') };
  for (const pipeline of Object.values(parsed.service.pipelines)) pipeline.exporters.push('file');
  parsed.service.telemetry = { metrics: { level: 'none' } };
  const path = join(folder, 'collector.yaml');
  // A date without quotes is no string in YAML 1.1, which Go reads.
  writeFileSync(path, stringify(parsed, { defaultStringType: 'QUOTE_DOUBLE' }));
  return ['--config', path];
}

/**
 * `program` returns its path, or undefined if it cannot be had; it may throw. `run` gets {folder, program, serve, messages} and returns rows
 * of what the engine holds, which have to be the messages in the members of `members`, or spans, or the answer to a query.
 */
export const ENGINES = [
  {
    name: `OpenTelemetry Collector ${COLLECTOR.core}, otlp`,
    program: collector,
    members: ['id', 'path', 'statusCode'],
    async run({ folder, program, serve, exchanges }) {
      const { yaml, sh } = blocksUnder('OpenTelemetry Collector');
      await serve([program, ...withFile(yaml[0], folder)], 4318);
      await runBlock(sh[0], folder);
      const spansIn = () =>
        jsonLines(readFileSync(join(folder, 'out.json'), 'utf8'))
          .flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans))
          .flatMap(({ spans }) => spans.map((span) => attributesOf(span.attributes)));
      const spans = await until(exchanges.length, spansIn);
      const rows = spans.map((span) => ({
        id: span['tcp_sniffer.id'],
        path: span['url.path'] + (span['url.query'] === undefined ? '' : `?${span['url.query']}`),
        statusCode: span['http.response.status_code'],
      }));
      return { rows, expected: exchanges };
    },
  },
  {
    name: `OpenTelemetry Collector ${COLLECTOR.contrib}, filelog`,
    program: collector,
    members: MESSAGE,
    async run({ folder, program, serve, messages }) {
      const { yaml, sh } = blocksUnder('OpenTelemetry Collector');
      // Its lines are there at its start, and are read all the same.
      await runBlock(sh[1], folder);
      await serve([program, ...withFile(yaml[1], folder)]);
      const logsIn = () =>
        filesIn(folder, 'out.json')
          .flatMap((name) => jsonLines(readFileSync(join(folder, name), 'utf8')))
          .flatMap(({ resourceLogs }) => resourceLogs.flatMap(({ scopeLogs }) => scopeLogs))
          .flatMap(({ logRecords }) => logRecords);
      const rows = (await until(messages.length, logsIn)).map(({ attributes, timeUnixNano }) => ({
        ...attributesOf(attributes),
        timestamp: new Date(Number(BigInt(timeUnixNano) / 1_000_000n)).toISOString(),
      }));
      return { rows, expected: messages };
    },
  },
  ...SHIPPERS.map((shipper) => ({
    name: shipper.name,
    program: shipper.program,
    lacking: 'no package registry has it',
    members: MESSAGE,
    async run({ program, messages, ...place }) {
      const child = await ship(shipper, program, place, (config) => {
        for (const output of config.pipeline?.outputs ?? []) Object.assign(output, { format: 'json_lines' });
        return config;
      });
      const rowsIn = () => jsonLines(wholeLinesOf(child.stdout()));
      return { rows: await until(messages.length, rowsIn), expected: messages };
    },
  })),
  ...SHIPPED,
  {
    name: 'ClickHouse 26.9 (chDB, behind an HTTP server of ours)',
    program: python,
    members: ['id', 'direction', 'timestamp', 'path', 'statusCode', 'body', 'latencyMs'],
    async run({ folder, program, serve, messages }) {
      const { sh } = blocksUnder('ClickHouse');
      await serve([program, here('clickhouse.py'), '8123'], 8123);
      for (const block of sh) await runBlock(block, folder);
      const query = `SELECT id, direction, concat(replace(toString(timestamp), ' ', 'T'), 'Z') AS timestamp,
        path, statusCode, body, latencyMs FROM http`;
      const rows = jsonLines(await post('http://127.0.0.1:8123/', query)).map((row) => ({
        ...row,
        path: row.path || undefined,
        statusCode: row.statusCode || undefined,
        latencyMs: row.latencyMs ?? undefined,
        body: row.body || undefined,
      }));
      return { rows, expected: messages.map((message) => ({ ...message, body: message.body || undefined })) };
    },
  },
  {
    name: `VictoriaLogs ${VICTORIA_LOGS}`,
    program: victoriaLogs,
    // Not the id: a column of texts such as `1.10` becomes one of numbers.
    members: ['direction', 'timestamp', 'path', 'statusCode', 'body', 'latencyMs'],
    async run({ folder, program, serve, messages }) {
      const { sh } = blocksUnder('VictoriaLogs');
      await serve(
        [
          program,
          `-storageDataPath=${join(folder, 'data')}`,
          '-httpListenAddr=127.0.0.1:9428',
          '-insert.maxLineSizeBytes=2MB',
        ],
        9428,
      );
      await runBlock(sh[0], folder);
      const all = new URLSearchParams({ query: '*', limit: '100000' });
      const ask = async () => jsonLines(await post('http://127.0.0.1:9428/select/logsql/query', all));
      const number = (value) => (value === undefined ? undefined : Number(value));
      const rows = (await until(messages.length, ask)).map((row) => ({
        ...row,
        timestamp: new Date(row._time).toISOString(),
        // The field that became `_msg`.
        path: row.direction === 'request' ? row._msg : undefined,
        statusCode: number(row.statusCode),
        latencyMs: number(row.latencyMs),
      }));
      return { rows, expected: messages.map((message) => ({ ...message, body: message.body || undefined })) };
    },
  },
  {
    name: `NATS ${NATS}, by nats ${NATS_COMMAND}`,
    program: () => ({ server: nats(), command: natsCommand() }),
    members: MESSAGE,
    async run({ folder, program: { server, command }, serve, messages }) {
      await serve([server, '-a', '127.0.0.1', '-p', '4222', '-js', '-sd', join(folder, 'data')], 4222);
      furnish(folder, 'nats', `exec '${command}' "$@"`);
      for (const block of blocksUnder('NATS').sh) await runBlock(block, folder);
      const stored = async () =>
        JSON.parse((await run([command, 'stream', 'info', 'http', '--json'], ASK_LIMIT_MS)).stdout);
      const { length } = await until(messages.length, async () => ({ length: (await stored()).state.messages }));
      const all = [command, 'sub', '--stream', 'http', '--all', '--raw', '--count', String(length)];
      return { rows: jsonLines((await run(all, ASK_LIMIT_MS)).stdout), expected: messages };
    },
  },
  {
    name: 'DuckDB 2.0',
    program: python,
    members: ['path', 'responses', 'errors'],
    async run({ folder, program, messages }) {
      const { sh } = blocksUnder('DuckDB');
      furnish(folder, 'duckdb', `exec '${program}' '${here('query.py')}' "$@"`);
      await runBlock(sh[0], folder);
      const rows = JSON.parse(await runBlock(sh[1], folder)).map(([path, responses, errors]) => ({
        path,
        responses,
        errors,
      }));
      const byPath = new Map();
      for (const { direction, request, statusCode } of messages) {
        if (direction !== 'response') continue;
        const row = byPath.get(request?.path) ?? { path: request?.path, responses: 0, errors: 0 };
        byPath.set(row.path, row);
        row.responses++;
        row.errors += statusCode >= 500 ? 1 : 0;
      }
      return { rows, expected: [...byPath.values()] };
    },
  },
];
