import { describe, expect, it } from 'vitest';
import { validateConfig } from '../../ts/config';
import { COMMAND_OPTIONS } from '../../ts/config/command';
import { readCommandConfig, readRuntimeEnv } from '../../ts/config/env';
import { DEFAULT_FILE_ROTATION } from '../../ts/config/file-rotation';

describe('readCommandConfig', () => {
  it('takes every option from its variable', () => {
    const { config } = readCommandConfig(
      {},
      {
        PORTS: '8080, 8443',
        INTERFACE: 'eth0',
        OUTPUT_URL: 'https://h/x',
        OUTPUT_STDOUT: 'yes',
        SAMPLE_RATE: '.5',
        MAX_BODY_SIZE: '10',
        MAX_CONCURRENT_CONNECTIONS: '11',
        CONNECTION_IDLE_TIMEOUT_MS: '12',
        REDACT_HEADERS: 'a, b',
      },
    );
    expect(config).toEqual({
      ports: [8080, 8443],
      interface: 'eth0',
      outputUrl: 'https://h/x',
      outputStdout: true,
      sampleRate: 0.5,
      maxBodySize: 10,
      maxConcurrentConnections: 11,
      connectionIdleTimeoutMs: 12,
      redactHeaders: ['a', 'b'],
    });
  });

  it('lets flags win, and names each option as the user did', () => {
    const { config, labels } = readCommandConfig(
      { ports: '1', outputStdout: false, redactHeaders: '' },
      { PORTS: '2', OUTPUT_STDOUT: 'true', REDACT_HEADERS: 'x', SAMPLE_RATE: '1' },
    );
    expect(config).toEqual({ ports: [1], outputStdout: false, redactHeaders: [], sampleRate: 1 });
    expect(labels).toMatchObject({ ports: '--ports', sampleRate: 'SAMPLE_RATE' });
  });

  it('writes to stdout where no output is named', () => {
    expect(readCommandConfig({ ports: '1' }, {}).config.outputStdout).toBe(true);
    expect(readCommandConfig({ ports: '1' }, { OUTPUT_URL: 'http://h' }).config.outputStdout).toBeUndefined();
    expect(readCommandConfig({ ports: '1' }, { OUTPUT_STDOUT: 'no' }).config.outputStdout).toBe(false);
  });

  it('counts an empty variable as not set', () => {
    const empty = Object.fromEntries(COMMAND_OPTIONS.map(({ variable }) => [variable, '']));
    expect(readCommandConfig({ ports: '1' }, empty).config).toEqual({
      ports: [1],
      outputStdout: true,
    });
  });

  it('takes no link of Kubernetes for an option: a Service named metrics sets METRICS_PORT in every pod beside it', () => {
    const links = {
      METRICS_SERVICE_HOST: '10.0.0.7',
      METRICS_PORT: 'tcp://10.0.0.7:9090',
      METRICS_PORT_9090_TCP: 'tcp://10.0.0.7:9090',
    };
    expect(readCommandConfig({ ports: '1' }, links).config).toEqual({ ports: [1], outputStdout: true });
    expect(readCommandConfig({ ports: '1' }, { METRICS_PORT: '9090' }).config.metricsPort).toBe(9090);
    expect(() => readCommandConfig({ ports: '1', metricsPort: 'tcp://10.0.0.7:9090' }, {})).toThrow(/--metrics-port/);
  });

  it('reads ranges of ports, and sizes with their unit', () => {
    const { config } = readCommandConfig({ ports: '80, 8000-8002', maxBodySize: '64KiB' }, {});
    expect(config).toMatchObject({ ports: [80, 8000, 8001, 8002], maxBodySize: 65_536 });
  });

  it.each([
    [{ ports: '80,x' }, {}, "--ports: must be ports or ranges of ports, e.g. 8080 or 8000-8100, got '80,x'"],
    [{ ports: '80,,81' }, {}, '--ports: '],
    [{ ports: '-1' }, {}, '--ports: '],
    [{ ports: '' }, {}, '--ports: '],
    [{}, { PORTS: '80 81' }, 'PORTS: '],
    [{}, {}, '--ports: name at least one port'],
    [{ ports: '1', maxBodySize: '1M' }, {}, "--max-body-size: must be a size in bytes, e.g. 1MiB or 1MB, got '1M'"],
    [{ ports: '80-81-82' }, {}, '--ports: '],
    [{ ports: '1', maxBodySize: '0x10' }, {}, '--max-body-size: '],
    [{ ports: '1' }, { OUTPUT_STDOUT: 'maybe' }, 'OUTPUT_STDOUT: must be true or false'],
  ])('refuses %j with %j', (flags, env, words) => {
    expect(() => readCommandConfig(flags, env)).toThrow(words);
  });

  describe('options of a trigger without a trigger', () => {
    it.each([
      ['triggerBeforeMs', '30s', '--before'],
      ['triggerAfterMs', '0', '--after'],
      ['triggerMemoryBytes', '1MiB', '--trigger-memory'],
    ] as const)('%s: the flag is refused, the variable is a default', (field, text, flag) => {
      const words = `${flag}: needs --trigger`;
      expect(() => readCommandConfig({ ports: '1', [field]: text }, {})).toThrow(words);
      expect(() => readCommandConfig({ ports: '1', [field]: text }, { TRIGGER: ' ' })).toThrow(words);
      const { variable } = COMMAND_OPTIONS.find((option) => option.field === field) ?? {};
      const env = { [variable ?? '']: text };
      expect(readCommandConfig({ ports: '1' }, env)).toEqual(readCommandConfig({ ports: '1' }, {}));
      const both = readCommandConfig({ ports: '1', trigger: 'signal' }, env).config;
      expect(both[field]).toBeTypeOf('number');
      expect(readCommandConfig({ ports: '1', [field]: text }, { TRIGGER: 'signal' }).config).toEqual(both);
    });

    it('a variable that is wrong is refused all the same', () => {
      expect(() => readCommandConfig({ ports: '1' }, { TRIGGER_BEFORE_MS: 'soon' })).toThrow('TRIGGER_BEFORE_MS: ');
    });

    it('a whole config may be validated again', () => {
      const whole = validateConfig({ ports: [1] });
      expect(validateConfig(whole)).toEqual(whole);
      expect(() => validateConfig({ ...whole, triggerBeforeMs: 1 })).toThrow('triggerBeforeMs: needs trigger');
    });
  });

  it.each([
    ['true', {}],
    ['maxMessages=5, maxDelayMs=10,gzip', { maxMessages: 5, maxDelayMs: 10, gzip: true }],
    ['gzip=no', { gzip: false }],
    ['maxBytes=2MiB,format=json-array', { maxBytes: 2_097_152, format: 'json-array' }],
    ['false', undefined],
  ])('OUTPUT_BATCH=%s', (text, batch) => {
    expect(readCommandConfig({ ports: '1' }, { OUTPUT_BATCH: text }).config.outputBatch).toEqual(batch);
  });

  it.each([
    ['maxBytes=50MiB, maxAgeMs=3600000', { maxBytes: 52_428_800, maxAgeMs: 3_600_000 }],
    ['maxFiles=24,compression=gzip', { maxFiles: 24, compression: 'gzip' }],
  ])('OUTPUT_FILE_ROTATION=%s', (text, rotation) => {
    const { config } = readCommandConfig({ ports: '1' }, { OUTPUT_FILE_ROTATION: text });
    expect(config.outputFileRotation).toEqual(rotation);
    expect(validateConfig(config).outputFileRotation).toEqual({ ...DEFAULT_FILE_ROTATION, ...rotation });
  });

  it.each(['gzip', 'maxBytes=1', 'maxFiles=0', 'maxAgeMs=-1', 'compression=lz4', 'maxBytes=1MiB=2', 'size=1', 'true'])(
    'refuses OUTPUT_FILE_ROTATION=%s',
    (text) => {
      const check = () => validateConfig(readCommandConfig({ ports: '1' }, { OUTPUT_FILE_ROTATION: text }).config);
      expect(check).toThrow(/OUTPUT_FILE_ROTATION|outputFileRotation/);
    },
  );

  it.each(['maxMessages', 'maxMessages=many', 'maxMessages=1=2', 'on'])('refuses OUTPUT_BATCH=%s', (text) => {
    const check = () => validateConfig(readCommandConfig({ ports: '1' }, { OUTPUT_BATCH: text }).config);
    expect(check).toThrow(/OUTPUT_BATCH|outputBatch/);
  });

  it.each([
    ['true', true],
    ['TRUE', true],
    ['1', true],
    ['yes', true],
    ['false', false],
    ['0', false],
    ['no', false],
  ])('OUTPUT_STDOUT=%s is %s', (text, value) => {
    expect(readCommandConfig({ ports: '1' }, { OUTPUT_STDOUT: text }).config.outputStdout).toBe(value);
  });
});

describe('readRuntimeEnv', () => {
  it.each([
    [{ NODE_ENV: 'production' }, true],
    [{ TCP_SNIFFER_PRODUCTION: '1' }, true],
    [{ NODE_ENV: 'development', TCP_SNIFFER_PRODUCTION: '0' }, false],
    [{}, false],
  ])('%j: production is %s', (env, production) => {
    expect(readRuntimeEnv(env).production).toBe(production);
  });

  it('knows where it runs, and takes the newline off a token from a file', () => {
    expect(readRuntimeEnv({ POD_NAME: 'p', NAMESPACE: 'ns', NODE_NAME: '', OUTPUT_URL_AUTH_TOKEN: ' t\n' })).toEqual({
      production: false,
      authToken: 't',
      identity: { pod: 'p', namespace: 'ns' },
    });
  });
});
