/** Points in time in expressions. */

import { afterEach, describe, expect, it } from 'vitest';
import { day, timeOfDay } from '../../ts/command/terminal/clock';
import { type Exchange, parseFilter } from '../../ts/filter';
import { parseMoment } from '../../ts/filter/moment';
import { request, response } from './exchanges';

const NOW = Date.parse('2026-05-17T12:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString();

describe('a moment', () => {
  it.each([
    ['2026-05-17', '2026-05-17T00:00:00.000Z', 86_400_000],
    ['2026-05-17T14:03', '2026-05-17T14:03:00.000Z', 60_000],
    ['2026-05-17 14:03:05', '2026-05-17T14:03:05.000Z', 1_000],
    ['2026-05-17T14:03:05.250Z', '2026-05-17T14:03:05.250Z', 1],
    ['2026-05-17T14:03+02:00', '2026-05-17T12:03:00.000Z', 60_000],
    ['2026-05-17T01:03-0330', '2026-05-17T04:33:00.000Z', 60_000],
    ['10m', '2026-05-17T11:50:00.000Z', 1],
    ['1.5s', '2026-05-17T11:59:58.500Z', 1],
  ])('%s', (text, from, lasts) => {
    const moment = parseMoment(text, NOW);
    expect([iso(moment.from), moment.to - moment.from, moment.ofDay]).toEqual([from, lasts, false]);
  });

  it.each([
    '',
    '14',
    '24:00',
    '2026-05-17T24:00',
    '2026-05-17T24:00Z',
    '2026-05-17 14:60',
    '14:60',
    '2026-02-31',
    '2026-13-01',
    'yesterday',
    '10',
    '-5m',
    '14:03Z',
    'T14:03',
  ])("'%s' is none", (text) => {
    expect(() => parseMoment(text, NOW)).toThrow('must be a time, e.g. 14:03');
  });
});

describe('a moment without a zone', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    process.env.TZ = zone;
  });

  it.each([
    ['Asia/Kolkata', '2026-05-17T14:03:05.250', '2026-05-17T08:33:05.250Z', 1],
    ['America/Sao_Paulo', '2026-05-17', '2026-05-17T03:00:00.000Z', 86_400_000],
    // A day on which the clock is put forward.
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z', 82_800_000],
    ['Europe/Berlin', '2026-05-17T14:03Z', '2026-05-17T14:03:00.000Z', 60_000],
    ['Europe/Berlin', '2026-05-17T14:03+01:00', '2026-05-17T13:03:00.000Z', 60_000],
  ])('in %s: %s', (name, text, from, lasts) => {
    process.env.TZ = name;
    const moment = parseMoment(text, NOW);
    expect([iso(moment.from), moment.to - moment.from]).toEqual([from, lasts]);
  });

  it.each(['Asia/Kolkata', 'America/Sao_Paulo', 'Pacific/Chatham', 'UTC'])('is what %s shows', (name) => {
    process.env.TZ = name;
    const ms = Date.parse(request().timestamp);
    const whole: Exchange = { request: request(), response: response() };
    for (const shown of [timeOfDay(ms), timeOfDay(ms).slice(0, 5), `${day(ms).slice(0, 10)}T${timeOfDay(ms)}`])
      expect([shown, parseFilter(`time=${shown}`).matches(whole)]).toEqual([shown, true]);
    expect(parseFilter(`time=${timeOfDay(ms + 1)}`).matches(whole)).toBe(false);
  });
});

describe('time', () => {
  // 14:03:00.000 is when the request began.
  const whole: Exchange = { request: request(), response: response() };
  const unasked: Exchange = { response: response({ request: undefined }) };
  const says = (text: string, exchange: Exchange = whole): boolean => parseFilter(text).matches(exchange);

  it.each([
    ['time=14:03', true],
    ['time=14:02', false],
    ['time>=14:03', true],
    ['time>14:03', false],
    ['time<14:03', false],
    ['time<=14:03', true],
    ['time=2024-05-17', true],
    ['time=2024-05-17T14:03:00', true],
    ['time>2024-05-16 and time<2024-05-18', true],
    ['time>1s', false],
  ])('%s', (text, expected) => {
    expect(says(text)).toBe(expected);
  });

  it('of a response alone is that of its request', () => {
    expect(says('time<14:03:00.000', { response: response({ latencyMs: 1, request: undefined }) })).toBe(false);
    expect(says('time=14:03:00.000', unasked)).toBe(true);
  });

  it('is known with the request', () => {
    expect(parseFilter('time=14:03').decide({ request: request() })).toBe(true);
    expect(parseFilter('time=14:02').decide({ request: request() })).toBe(false);
  });

  it('that a savefile does not say is none', () => {
    const unknown = { request: request({ timestampUnknown: true, timestamp: '1970-01-01T00:00:00.000Z' }) };
    expect(says('time<2024-01-01', unknown)).toBe(false);
  });
});
