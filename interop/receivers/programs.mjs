// The programs of receivers, each in the one version that is meant: from package registries into the cache, after getting what is not there.
// Vector and Fluent Bit come from none; VECTOR and FLUENT_BIT name them.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { kept } from '../../scripts/cache.mjs';
import { pythonWith } from '../../scripts/tools.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** Their output is for the person who waits. */
const run = (command, args, options) => execFileSync(command, args, { stdio: ['ignore', 2, 2], ...options });
export const COLLECTOR = { core: 'v0.165.0', contrib: 'v0.165.1', confmap: 'v1.71.0' };
export const VICTORIA_LOGS = 'v1.52.1';
export const NATS = 'v2.15.3';
export const NATS_COMMAND = 'v0.5.0';
export const OPENSEARCH = '2.19.6';

export const onPath = (program) => {
  try {
    return execFileSync('bash', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
};

export const python = () =>
  join(pythonWith('interop-receivers-1', 'duckdb==2.0.0', 'chdb-core==26.9.0'), 'bin', 'python3');

export function collector() {
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

/** A program in Go that comes with its module. */
const goProgram = (name, command, version) =>
  join(
    kept(`interop-${name}-${version}`, (part) =>
      run('go', ['install', `${command}@${version}`], { env: { ...process.env, GOBIN: part } }),
    ),
    name,
  );

export const victoriaLogs = () =>
  goProgram('victoria-logs', 'github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs', VICTORIA_LOGS);

export const nats = () => goProgram('nats-server', 'github.com/nats-io/nats-server/v2', NATS);

/** Its own command. */
export const natsCommand = () => goProgram('nats', 'github.com/nats-io/natscli/nats', NATS_COMMAND);

/** Its jars, and those that it needs; undefined without Java and Maven. */
export function openSearch() {
  if (!onPath('java') || !onPath('mvn')) return undefined;
  return kept(`interop-opensearch-${OPENSEARCH}`, (part) =>
    run('mvn', [
      ...['-q', '-B', '-f', here('opensearch/pom.xml'), `-Dopensearch=${OPENSEARCH}`],
      ...['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${part}`],
    ]),
  );
}

export const vector = () => process.env.VECTOR ?? onPath('vector');
export const fluentBit = () => process.env.FLUENT_BIT ?? onPath('fluent-bit');
