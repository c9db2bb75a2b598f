// Receivers that docs/receivers.md has a recipe for: how each is had, started and asked what it holds. An engine that is not there is named.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { kept } from '../../scripts/cache.mjs';
import { pythonWith } from '../../scripts/tools.mjs';
import { blocksUnder, furnish, runBlock } from './blocks.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** Their output is for the person who waits. */
const run = (command, args, options) => execFileSync(command, args, { stdio: ['ignore', 2, 2], ...options });
const FLUSHED_MS = 15_000;
const COLLECTOR = { core: 'v0.165.0', contrib: 'v0.165.1', confmap: 'v1.71.0' };
const VICTORIA_LOGS = 'v1.52.1';

const onPath = (program) => {
  try {
    return execFileSync('bash', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
};

const python = () => join(pythonWith('interop-receivers-1', 'duckdb==2.0.0', 'chdb-core==26.9.0'), 'bin', 'python3');

function collector() {
  const folder = kept(`interop-otelcol-${COLLECTOR.contrib}`, (part) => {
    const config = {
      dist: { name: 'otelcol', output_path: join(part, 'source') },
      receivers: [
        { gomod: `go.opentelemetry.io/collector/receiver/otlpreceiver ${COLLECTOR.core}` },
        {
          gomod: `github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver ${COLLECTOR.contrib}`,
        },
      ],
      exporters: [
        { gomod: `go.opentelemetry.io/collector/exporter/debugexporter ${COLLECTOR.core}` },
        {
          gomod: `github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter ${COLLECTOR.contrib}`,
        },
      ],
      providers: ['envprovider', 'fileprovider'].map((name) => ({
        gomod: `go.opentelemetry.io/collector/confmap/provider/${name} ${COLLECTOR.confmap}`,
      })),
    };
    writeFileSync(join(part, 'build.yaml'), stringify(config));
    const env = { ...process.env, GOBIN: part };
    run('go', ['install', `go.opentelemetry.io/collector/cmd/builder@${COLLECTOR.core}`], { env });
    try {
      run(join(part, 'builder'), ['--skip-compilation', `--config=${join(part, 'build.yaml')}`], { env });
    } catch {
      // It tidies the modules, and gives up if one is missing that only the tests of a part need.
    }
    const cwd = join(part, 'source');
    run('go', ['mod', 'tidy', '-e'], { cwd });
    run('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', join(part, 'otelcol'), '.'], { cwd });
  });
  return join(folder, 'otelcol');
}

function victoriaLogs() {
  const folder = kept(`interop-victoria-logs-${VICTORIA_LOGS}`, (part) =>
    run('go', ['install', `github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@${VICTORIA_LOGS}`], {
      env: { ...process.env, GOBIN: part },
    }),
  );
  return join(folder, 'victoria-logs');
}

const linesIn = (text) => text.split('\n').filter((line) => line !== '');
const jsonLines = (text) => linesIn(text).map((line) => JSON.parse(line));
/** Of what is still being written. */
const wholeLinesOf = (text) => text.slice(0, text.lastIndexOf('\n') + 1);
const filesIn = (folder, word) => readdirSync(folder).filter((name) => name.includes(word));

/** Asks until there are so many rows, or for FLUSHED_MS. */
async function until(count, ask) {
  for (const deadline = Date.now() + FLUSHED_MS; ; await sleep(200)) {
    const rows = await ask();
    if (rows.length >= count || Date.now() > deadline) return rows;
  }
}

async function text(url, body) {
  const response = await fetch(url, { method: 'POST', body });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${answer.slice(0, 500)}`);
  return answer;
}

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

const MESSAGE = ['id', 'direction', 'timestamp', 'path', 'statusCode', 'body', 'latencyMs'];

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
  {
    name: 'Vector',
    program: () => process.env.VECTOR ?? onPath('vector'),
    lacking:
      'no package registry has it; VECTOR names the program. Loki, Elasticsearch, OpenSearch and NATS are reached through it',
    members: MESSAGE,
    async run({ folder, program, serve, messages }) {
      const { yaml, sh } = blocksUnder('Vector');
      const path = join(folder, 'vector.yaml');
      writeFileSync(path, yaml[0].text);
      const child = await serve([program, '--quiet', '--config', path], 8688);
      await runBlock(sh[0], folder);
      return { rows: await until(messages.length, () => jsonLines(wholeLinesOf(child.stdout()))), expected: messages };
    },
  },
  {
    name: 'Fluent Bit',
    program: () => process.env.FLUENT_BIT ?? onPath('fluent-bit'),
    lacking: 'no package registry has it; FLUENT_BIT names the program',
    members: MESSAGE,
    async run({ folder, program, serve, messages }) {
      const { yaml, sh } = blocksUnder('Fluent Bit');
      const config = parse(yaml[0].text);
      for (const output of config.pipeline.outputs) Object.assign(output, { format: 'json_lines' });
      const path = join(folder, 'fluent-bit.yaml');
      writeFileSync(path, stringify(config));
      const child = await serve([program, '--quiet', '--config', path], 9880);
      await runBlock(sh[0], folder);
      const rowsIn = () => jsonLines(wholeLinesOf(child.stdout()));
      return { rows: await until(messages.length, rowsIn), expected: messages };
    },
  },
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
      const rows = jsonLines(await text('http://127.0.0.1:8123/', query)).map((row) => ({
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
      const ask = async () => jsonLines(await text('http://127.0.0.1:9428/select/logsql/query', all));
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
