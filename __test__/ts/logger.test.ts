import fc from 'fast-check';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createLogger, type LogDestination, stderrDestination } from '../../ts/logger';
import type { LogLevel } from '../../ts/types';

class Texts implements LogDestination {
  text = '';

  write(line: string): void {
    this.text += line;
  }
}

describe('a logger', () => {
  it.each<[LogLevel, string[]]>([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['silent', []],
  ])('of %s', (level, expected) => {
    const texts = new Texts();
    const log = createLogger(level, texts);
    for (const name of ['debug', 'info', 'warn', 'error'] as const) log[name]({}, 'a line');
    expect(
      texts.text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).level),
    ).toEqual(expected);
  });

  it('writes one JSON object a line: level, time, fields, message', () => {
    const texts = new Texts();
    createLogger('info', texts).info(
      { ports: [80], absent: undefined, text: 'two\nlines, "quoted" \ud800' },
      'a\u2028b',
    );
    expect(texts.text).toMatch(
      /^\{"level":"info","timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","ports":\[80\],"text":"two\\nlines, \\"quoted\\" \\ud800","message":"a\u2028b"\}\n$/,
    );
  });
});

it('no field takes the place of what each line has', () => {
  const texts = new Texts();
  createLogger('info', texts).info({ level: 'error', timestamp: 'never', message: 'a secret', ports: [80] }, 'words');
  expect(JSON.parse(texts.text)).toMatchObject({ level: 'info', ports: [80], message: 'words' });
  expect(texts.text).not.toMatch(/never|a secret/);
});

/** As the package's log lines were before they were written without it. */
function byPino(fields: Record<string, unknown>, message: string): Record<string, unknown> {
  const texts = new Texts();
  const formatters = { level: (label: string) => ({ level: label }) };
  pino({ base: null, messageKey: 'message', timestamp: false, formatters }, texts).warn(fields, message);
  return JSON.parse(texts.text);
}

it('lines say what those of pino say', () => {
  const own = ['level', 'timestamp', 'message'];
  const fields = fc.dictionary(
    fc.string().filter((name) => !own.includes(name) && name !== '__proto__'),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fields, fc.string({ unit: 'binary' }), (given, message) => {
      const texts = new Texts();
      createLogger('warn', texts).warn(given, message);
      const { timestamp, ...line } = JSON.parse(texts.text);
      expect(new Date(timestamp).toISOString()).toBe(timestamp);
      expect(line).toEqual(byPino(given, message));
    }),
  );
});

describe('stderr', () => {
  /** Takes so many bytes of each write, or fails. */
  function taking(...plan: (number | 'EAGAIN' | 'ENOSPC')[]): { destination: LogDestination; text(): string } {
    let text = '';
    const destination = stderrDestination((bytes) => {
      const next = plan.shift() ?? bytes.length;
      if (typeof next === 'string') throw Object.assign(new Error('write'), { code: next });
      text += bytes.subarray(0, next);
      return Math.min(next, bytes.length);
    });
    return { destination, text: () => text };
  }

  it('takes a line in pieces, and waits where it is full', () => {
    const { destination, text } = taking(3, 'EAGAIN', 'EAGAIN', 2);
    destination.write('a first line\n');
    expect(text()).toBe('a first line\n');
  });

  it('loses lines that it does not take, and nothing fails', () => {
    const { destination, text } = taking('ENOSPC');
    destination.write('lost\n');
    destination.write('a second line\n');
    expect(text()).toBe('a second line\n');
  });

  it('begins a new line after one that was cut', () => {
    const { destination, text } = taking(3, 'ENOSPC', 'ENOSPC');
    for (const line of ['cut\n', 'lost\n', 'whole\n', 'whole too\n']) destination.write(line);
    expect(text()).toBe('cut\nwhole\nwhole too\n');
  });
});
