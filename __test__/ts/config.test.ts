import { describe, expect, it } from 'vitest';
import { CONTRACT_DEFAULTS, hasOutputConfigured, validateConfig } from '../../ts/config';
import { withoutSecrets } from '../../ts/config/checks';
import { ValidationError } from '../../ts/errors';

function complaint(config: unknown, production = false): { field: string; message: string } {
  try {
    validateConfig(config, { production });
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationError);
    return error as ValidationError;
  }
  throw new Error('the config was accepted');
}

describe('validateConfig', () => {
  it('puts every default in place', () => {
    expect(validateConfig({ ports: [80] })).toMatchObject({
      ports: [80],
      interface: '',
      outputStdout: false,
      sampleRate: 1,
      maxBodySize: 1_048_576,
      maxConcurrentConnections: 10_000,
      connectionIdleTimeoutMs: 300_000,
      redactHeaders: ['authorization', 'cookie'],
    });
  });

  it('takes the bounds themselves, undefined as left out, header names in any case, and each port once', () => {
    const config = validateConfig({
      ports: [1, 65_535, 1],
      sampleRate: 0,
      maxBodySize: 1,
      pcapFile: undefined,
      unknown: undefined,
      redactHeaders: ['X-Api-Key', 'x-api-key'],
    });
    expect(config).toMatchObject({ ports: [1, 65_535], sampleRate: 0, maxBodySize: 1, redactHeaders: ['x-api-key'] });
    expect(validateConfig({ ports: [80], redactHeaders: [] }).redactHeaders).toEqual([]);
  });

  it('completes a batch', () => {
    expect(validateConfig({ ports: [80] }).outputBatch).toBeUndefined();
    expect(validateConfig({ ports: [80], outputBatch: { maxMessages: 5, gzip: undefined } }).outputBatch).toEqual({
      maxMessages: 5,
      maxBytes: 1_048_576,
      maxDelayMs: 1_000,
      gzip: false,
      format: 'ndjson',
    });
  });

  it('does not share its defaults with the caller', () => {
    validateConfig({ ports: [80] }).redactHeaders.push('x');
    expect(validateConfig({ ports: [80] }).redactHeaders).toEqual([...CONTRACT_DEFAULTS.redactHeaders]);
  });

  it.each([
    ['config', undefined, 'object'],
    ['config', null, 'null'],
    ['config', [80], '[ 80 ]'],
    ['ports', {}, 'undefined'],
    ['ports', { ports: [] }, '[]'],
    ['ports', { ports: 80 }, '80'],
    ['ports', { ports: [80, 0] }, 'got 0'],
    ['ports', { ports: [65_536] }, '65535, got 65536'],
    ['ports', { ports: ['80'] }, "got '80'"],
    ['ports', { ports: [80.5] }, '80.5'],
    ['ports', { ports: [Number.NaN] }, 'NaN'],
    ['interface', { ports: [80], interface: 1 }, 'got 1'],
    ['sampleRate', { ports: [80], sampleRate: 1.01 }, 'from 0 to 1, got 1.01'],
    ['sampleRate', { ports: [80], sampleRate: -0.1 }, '-0.1'],
    ['sampleRate', { ports: [80], sampleRate: Number.NaN }, 'NaN'],
    ['sampleRate', { ports: [80], sampleRate: '1' }, "'1'"],
    ['cpuLimitShare', { ports: [80], cpuLimitShare: 0 }, 'from 0.01 to 64, got 0'],
    ['cpuLimitShare', { ports: [80], cpuLimitShare: 65 }, '65'],
    ['cpuLimitShare', { ports: [80], cpuLimitShare: Number.NaN }, 'NaN'],
    ['cpuLimitShare', { ports: [80], cpuLimitShare: '0.2' }, "'0.2'"],
    ['maxBodySize', { ports: [80], maxBodySize: 0 }, 'at least 1, got 0'],
    ['maxBodySize', { ports: [80], maxBodySize: 1.5 }, '1.5'],
    ['maxBodySize', { ports: [80], maxBodySize: Number.POSITIVE_INFINITY }, 'Infinity'],
    ['maxConcurrentConnections', { ports: [80], maxConcurrentConnections: -1 }, '-1'],
    ['connectionIdleTimeoutMs', { ports: [80], connectionIdleTimeoutMs: null }, 'null'],
    ['redactHeaders', { ports: [80], redactHeaders: 'cookie' }, "'cookie'"],
    ['redactHeaders', { ports: [80], redactHeaders: ['a b'] }, "'a b'"],
    ['outputStdout', { ports: [80], outputStdout: 'yes' }, "'yes'"],
    ['onHttpMessage', { ports: [80], onHttpMessage: {} }, '{}'],
    ['pcapFile', { ports: [80], pcapFile: '' }, "''"],
    ['logLevel', { ports: [80], logLevel: 'loud' }, "'loud'"],
    ['snaplenBytes', { ports: [80], snaplenBytes: 262_145 }, 'from 68 to 262144, got 262145'],
    ['outputUrl', { ports: [80], outputUrl: '/relative' }, "'/relative'"],
    ['outputUrl', { ports: [80], outputUrl: 'ftp://host/' }, 'ftp:'],
    ['outputUrl', { ports: [80], outputUrl: 'http://' }, "'http://'"],
    ['outputUrl', { ports: [80], outputUrl: 5 }, 'got 5'],
    ['outputUrlAuthToken', { ports: [80], outputUrlAuthToken: '' }, 'not shown'],
    ['redactQuery', { ports: [80], redactQuery: [''] }, "''"],
    ['outputConcurrency', { ports: [80], outputConcurrency: 0 }, 'from 1 to 256, got 0'],
    ['outputTimeoutMs', { ports: [80], outputTimeoutMs: 2 ** 31 }, '2147483648'],
    ['outputMaxWaitingBytes', { ports: [80], outputMaxWaitingBytes: '1' }, "'1'"],
    ['drainTimeoutMs', { ports: [80], drainTimeoutMs: -1 }, '-1'],
    ['handleSignals', { ports: [80], handleSignals: 1 }, 'got 1'],
    ['metricsPort', { ports: [80], metricsPort: 0 }, 'got 0'],
    ['metricsHost', { ports: [80], metricsHost: 1 }, 'got 1'],
    ['outputBatch', { ports: [80], outputBatch: true }, 'an object with maxMessages'],
    [
      'outputBatch',
      { ports: [80], outputBatch: { maxMessages: 0 } },
      'maxMessages must be an integer of at least 1, got 0',
    ],
    ['outputBatch', { ports: [80], outputBatch: { maxMessage: 5 } }, 'did you mean maxMessages?'],
    ['outputBatch', { ports: [80], outputBatch: { gzip: 1 } }, 'gzip must be true or false'],
    ['redactHeader', { ports: [80], redactHeader: ['x'] }, 'did you mean redactHeaders?'],
    ['zzzzzzzzzzzz', { ports: [80], zzzzzzzzzzzz: 1 }, 'is no option'],
    ['toString', { ports: [80], toString: 1 }, 'is no option'],
  ])('%s: refuses %j', (field, config, words) => {
    const error = complaint(config);
    expect(error.field).toBe(field);
    expect(error.message).toContain(words);
    expect(error.message.startsWith(`${field}: `)).toBe(true);
    expect(error.message).not.toContain('\n');
  });

  it('wants https in production, and only there', () => {
    const config = { ports: [80], outputUrl: 'http://127.0.0.1:9/x' };
    expect(validateConfig(config).outputUrl).toBe('http://127.0.0.1:9/x');
    expect(complaint(config, true)).toMatchObject({ field: 'outputUrl' });
    expect(validateConfig({ ...config, outputUrl: 'HTTPS://h/x' }, { production: true }).outputUrl).toBe('HTTPS://h/x');
  });

  it.each(['http://user:hunter2@host/', 'ftp://user:hunter2@host/', 'http://:hunter2@host:bad/', 'ftp://h/?t=hunter2'])(
    'shows no secret of %s',
    (outputUrl) => {
      expect(complaint({ ports: [80], outputUrl }).message).not.toContain('hunter2');
      expect(withoutSecrets(outputUrl)).not.toContain('hunter2');
    },
  );

  it('shows no token', () => {
    expect(complaint({ ports: [80], outputUrlAuthToken: 'hunter2\n' }).message).not.toContain('hunter2');
  });
});

it('hasOutputConfigured: a URL, stdout or a callback', () => {
  const ports = [80];
  expect(hasOutputConfigured({ ports })).toBe(false);
  expect(hasOutputConfigured({ ports, outputStdout: false })).toBe(false);
  expect(hasOutputConfigured({ ports, outputStdout: true })).toBe(true);
  expect(hasOutputConfigured({ ports, outputUrl: 'http://h/' })).toBe(true);
  expect(hasOutputConfigured({ ports, onHttpMessage: () => {} })).toBe(true);
});
