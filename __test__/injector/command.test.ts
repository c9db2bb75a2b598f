// The command: its options by flag, variable and file, what it says of bad options, and that it needs no addon.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readInjectorConfig, type Sources } from '../../ts/injector/config';
import { INJECTOR_OPTIONS } from '../../ts/injector/options';
import { CLI, killAll, startInjector } from './process';

const folders: string[] = [];
afterEach(() => {
  killAll();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tcp-sniffer-test-'));
  folders.push(path);
  return path;
}

function read(sources: Partial<Sources>) {
  const env = { INJECTOR_IMAGE: 'tcp-sniffer', NAMESPACE: 'sniffing', ...sources.env };
  return readInjectorConfig({ flags: {}, production: false, ...sources, env });
}

describe('options', () => {
  it('have the defaults that stand in the documentation', () => {
    expect(read({})).toEqual({
      image: 'tcp-sniffer',
      imagePullPolicy: 'IfNotPresent',
      native: 'auto',
      policy: {
        images: [],
        locked: [],
        redactHeaders: [],
        redactQuery: [],
        redactBody: [],
        redact: 'default',
        tlsKeylog: false,
      },
      sidecarOptions: {},
      namespaces: {},
      port: 8443,
      healthPort: 8081,
      certificates: 'files',
      tlsDir: '/etc/tcp-sniffer/tls',
      tlsSecret: 'tcp-sniffer-injector-tls',
      webhookConfiguration: 'tcp-sniffer-injector',
      service: 'tcp-sniffer-injector',
      tlsNames: [],
      namespace: 'sniffing',
      serviceAccountDir: '/var/run/secrets/kubernetes.io/serviceaccount',
      sidecarInterface: '',
      sidecarCpuRequest: '100m',
      sidecarMemoryRequest: '256Mi',
      sidecarCpuLimit: '500m',
      sidecarMemoryLimit: '512Mi',
      events: false,
      logLevel: 'info',
    });
  });

  it('a flag wins over its variable, that over the file, an empty variable is none', () => {
    const file = {
      name: 'injector.json',
      text: '{"port": 1, "healthPort": 2, "service": "three", "sidecarPorts": [80, 81]}',
    };
    const env = { INJECTOR_PORT: '4', INJECTOR_HEALTH_PORT: '5', INJECTOR_SERVICE: '' };
    const config = read({ flags: { port: '6' }, env, file });
    expect(config).toMatchObject({ port: 6, healthPort: 5, service: 'three', sidecarPorts: '80,81' });
  });

  it('the namespace is the one of the service account where none is named', () => {
    expect(read({ env: { NAMESPACE: '' }, ownNamespace: 'here' }).namespace).toBe('here');
    expect(() => read({ env: { NAMESPACE: '' } })).toThrow(/--namespace/);
  });

  it('every one has a flag and a variable of its own', () => {
    for (const key of ['flag', 'variable', 'field'] as const) {
      expect(new Set(INJECTOR_OPTIONS.map((option) => option[key])).size).toBe(INJECTOR_OPTIONS.length);
    }
  });

  it.each([
    [{ INJECTOR_PORT: '0' }, /INJECTOR_PORT: must be an integer from 1 to 65535, got 0/],
    [{ INJECTOR_PORT: 'x' }, /INJECTOR_PORT: must be a number, got 'x'/],
    [{ INJECTOR_PORT: '8081' }, /--health-port: must be another port/],
    [{ INJECTOR_NATIVE: 'maybe' }, /auto, always, never/],
    [{ INJECTOR_CERTIFICATES: 'none' }, /files, self/],
    [{ INJECTOR_IMAGE: 'a b' }, /INJECTOR_IMAGE: must be the reference of an image/],
    [{ INJECTOR_IMAGE: '' }, /--image/],
    [{ INJECTOR_TLS_SECRET: 'A' }, /name of a Secret/],
    [{ INJECTOR_TLS_NAMES: 'a,,b' }, /DNS names/],
    [{ INJECTOR_SIDECAR_PORTS: '80,99999' }, /INJECTOR_SIDECAR_PORTS: each port is from 1 to 65535/],
    [{ INJECTOR_SIDECAR_AUTH_SECRET: 'secret' }, /NAME\/KEY of a Secret.*not shown/],
    [{ INJECTOR_SIDECAR_OUTPUT_URL: 'https://u:secret@x/' }, /user name/],
    [{ INJECTOR_SIDECAR_OUTPUT_URL: 'https://x/\0' }, /control characters/],
    [{ INJECTOR_SIDECAR_KAFKA_USERNAME_SECRET: 'a/b' }, /--sidecar-kafka-password-secret: must be given with --side/],
    [{ INJECTOR_SIDECAR_KAFKA_PASSWORD_SECRET: 'a/b' }, /--sidecar-kafka-username-secret: must be given with --side/],
    [
      {
        INJECTOR_SIDECAR_OPTIONS: '{"output-kafka": "kafka://a/http-{service}"}',
        INJECTOR_POLICY: '{"locked": ["otel-service-name"]}',
      },
      /--sidecar-options: output-kafka: \{service\} in its topic needs otel-service-name/,
    ],
    [
      {
        INJECTOR_NAMESPACES: '{"shop": {"output-kafka": "kafka://a/http-{service}"}}',
        INJECTOR_POLICY: '{"locked": ["otel-service-name"]}',
      },
      /--namespaces: shop: output-kafka: \{service\} in its topic needs otel-service-name/,
    ],
    [{ INJECTOR_SIDECAR_CPU_REQUEST: '2' }, /the cpu request must not be more than the limit/],
    [{ INJECTOR_SIDECAR_MEMORY_LIMIT: '1Zi' }, /memory must be a quantity/],
    [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL: must be one of/],
  ])('%j', (env, complaint) => {
    const attempt = () => read({ env });
    expect(attempt).toThrow(complaint);
    expect(attempt).not.toThrow(/got.*secret/);
  });

  it.each([
    ['[]', /must be an object/],
    ['{', /is not JSON/],
    ['{"prot": 1}', /prot: is no option; did you mean port\?/],
    ['{"port": true}', /port: must be a non-empty text/],
    ['{"port": ""}', /port: must be a non-empty text/],
  ])('the file %s', (text, complaint) => {
    expect(() => read({ file: { name: 'injector.json', text } })).toThrow(complaint);
  });

  it('in production the URL must be https', () => {
    const env = { INJECTOR_SIDECAR_OUTPUT_URL: 'http://collector.example/' };
    expect(read({ env }).sidecarOutputUrl).toBe(env.INJECTOR_SIDECAR_OUTPUT_URL);
    expect(() => read({ env, production: true })).toThrow(/https/);
  });
});

describe('the command', () => {
  it.each([
    ['http', true],
    ['https', false],
  ])('warns of headers that go to an %s URL: %s', async (scheme, warns) => {
    const { log, logged } = await startInjector({
      INJECTOR_SIDECAR_OPTIONS: `{"output-otlp": "${scheme}://collector.example:4318"}`,
      INJECTOR_SIDECAR_OTLP_HEADERS_SECRET: 'collector/headers',
      INJECTOR_TLS_DIR: folder(),
    });
    await logged('injector started');
    expect(log.some(({ level, message }) => level === 'warn' && message.includes('in the clear'))).toBe(warns);
  });

  it.each([
    [{ INJECTOR_PORT: '0' }, [], 'INVALID_CONFIG'],
    [{}, ['--config', '/nowhere.json'], 'INVALID_CONFIG'],
    [{}, ['--certificates', 'self'], 'INVALID_CONFIG'],
    [{}, ['--prot', '1'], 'USAGE'],
    [{}, ['--port'], 'USAGE'],
    [{}, ['word'], 'USAGE'],
  ])('%j %j: one line, exit 1', async (env, args, code) => {
    const { ended, log } = await startInjector(env, args);
    expect(await ended).toBe(1);
    expect(log).toEqual([expect.objectContaining({ level: 'error', code })]);
  });

  it('--help names every option', async () => {
    const { child, ended } = await startInjector({}, ['--help']);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    expect(await ended).toBe(0);
    for (const { flag, variable } of INJECTOR_OPTIONS) {
      expect(text).toContain(flag);
      expect(text).toContain(variable);
    }
  });

  it('takes a file by its variable', async () => {
    const path = join(folder(), 'injector.json');
    writeFileSync(path, JSON.stringify({ tlsDir: '/nowhere', image: 'from-the-file' }));
    const { logged } = await startInjector({ INJECTOR_CONFIG: path, INJECTOR_IMAGE: '' });
    expect(await logged('injector started')).toMatchObject({ image: 'from-the-file' });
    expect(await logged('no good certificate')).toMatchObject({ complaint: 'cannot read /nowhere/tls.crt: ENOENT' });
  });

  it('starts where there is no addon, nor its loader', async () => {
    const dist = dirname(CLI);
    const copy = join(folder(), 'dist');
    cpSync(dist, copy, { recursive: true });
    rmSync(join(copy, 'native', 'binding.js'));
    expect(
      readdirSync(join(copy, 'native')).filter((name) => /\.node$|^binding/.test(name) && name.endsWith('.js')),
    ).toEqual([]);
    for (const name of ['node_modules', 'package.json']) symlinkSync(join(dist, '..', name), join(copy, '..', name));
    const { logged, health } = await startInjector({ INJECTOR_TLS_DIR: folder() }, [], join(copy, 'cli.js'));
    await logged('injector started');
    expect((await health('/healthz')).status).toBe(200);
  });

  it('is not loaded by the sniffer', () => {
    const copy = join(folder(), 'dist');
    cpSync(dirname(CLI), copy, { recursive: true });
    rmSync(join(copy, 'injector'), { recursive: true });
    for (const name of ['node_modules', 'package.json'])
      symlinkSync(join(dirname(CLI), '..', name), join(copy, '..', name));
    const list = execFileSync(process.execPath, [join(copy, 'cli.js'), '--help'], { encoding: 'utf8' });
    expect(list).toContain('injector');
  });
});
