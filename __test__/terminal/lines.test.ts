/** A line at every width: what of it is left where there is little space. */

import { beforeAll, describe, expect, it } from 'vitest';
import { type Facts, Lines } from '../../ts/command/terminal/line';
import { loadText, type Text } from '../../ts/command/terminal/text';
import type { HttpResponse } from '../../ts/types';

let text: Text;
beforeAll(async () => {
  text = await loadText();
});

const ENDS = { receiver: { ip: '10.0.0.5', port: 8080 }, destination: { ip: '10.0.0.9', port: 40_000 } };
const FACTS: Facts = {
  id: '12.345',
  atMs: 0,
  client: ENDS.destination,
  server: ENDS.receiver,
  method: 'GET',
  path: '/orders/4711/items',
  isTls: false,
};
const RESPONSE: HttpResponse = {
  ...ENDS,
  id: FACTS.id,
  direction: 'response',
  timestamp: '2024-05-17T08:30:00.000Z',
  httpVersion: '1.1',
  headers: {},
  body: '',
  bodySize: 12_345,
  statusCode: 200,
  latencyMs: 1_234,
};
const WIDTHS = Array.from({ length: 190 }, (_, index) => 10 + index);

describe('a line', () => {
  it('is never wider than the terminal, and says slow in no more columns', () => {
    for (const columns of WIDTHS) {
      const lines = new Lines(
        text,
        (_, words) => words,
        () => columns,
      );
      const rows = [
        lines.heading(),
        lines.response(RESPONSE, FACTS),
        lines.response(RESPONSE, FACTS, true),
        lines.request(FACTS, 'still waiting', 'red'),
      ];
      for (const row of rows) expect(text.width(row)).toBeLessThanOrEqual(columns - 1);
      expect(text.width(rows[2] as string)).toBe(text.width(rows[1] as string));
      if (columns >= 40) expect(rows[2]).toContain('*1.23s');
    }
  });

  it('says TLS in no more columns, from 40 columns on, beside the other marks', () => {
    const inTls = { ...FACTS, isTls: true };
    const cut: HttpResponse = { ...RESPONSE, incomplete: 'reset', grpc: { status: 16 } };
    for (const columns of WIDTHS) {
      const lines = new Lines(
        text,
        (_, words) => words,
        () => columns,
      );
      const pairs = [FACTS, inTls].map((facts) => [
        lines.response(RESPONSE, facts),
        lines.response(cut, facts, true),
        lines.request(facts, 'still waiting', 'yellow'),
      ]);
      const [plain = [], marked = []] = pairs;
      expect(marked.map((row) => text.width(row))).toEqual(plain.map((row) => text.width(row)));
      if (columns < 40) continue;
      expect(marked).toEqual([
        expect.stringContaining(' 200+ '),
        expect.stringMatching(/ g16!\+ .*\*1\.23s/),
        expect.stringMatching(/ -\+ .*still waiting| still wait…\+/),
      ]);
      expect(plain.join('')).not.toContain('+');
    }
  });

  it('has the path from 40 columns on, and ids whole or not at all', () => {
    for (const columns of WIDTHS.filter((each) => each >= 40)) {
      const lines = new Lines(
        text,
        (_, words) => words,
        () => columns,
      );
      for (const row of [lines.response(RESPONSE, FACTS), lines.request(FACTS, 'no response', 'red')]) {
        expect(row).toContain('/orders/4711/it');
        expect(row.endsWith(' 12.345') || !row.includes('12.')).toBe(true);
        if (columns >= 50) expect(row).toMatch(/ 12\.345$/);
      }
      expect(lines.request(FACTS, 'no response', 'red')).toContain('no response');
    }
  });

  it('has the path however long the ids are', () => {
    const id = 'a'.repeat(64);
    for (const columns of WIDTHS.filter((each) => each >= 40)) {
      const lines = new Lines(
        text,
        (_, words) => words,
        () => columns,
      );
      const row = lines.response(RESPONSE, { ...FACTS, id });
      expect(row).toContain('/orders/4711/it');
      expect(row.endsWith(` ${id}`) || !row.includes('aa')).toBe(true);
      if (columns >= 120) expect(row).toContain(id);
      expect(text.width(row)).toBeLessThanOrEqual(columns - 1);
    }
    const inFile = new Lines(text, (_, words) => words).response(RESPONSE, { ...FACTS, id });
    expect(inFile).toMatch(/ \/orders\/4711\/items .* 10\.0\.0\.9:40000 → 10\.0\.0\.5:8080 +a{64}$/);
  });

  it('stands below the others, whatever ids came before', () => {
    const lines = new Lines(
      text,
      (_, words) => words,
      () => 80,
    );
    void lines.response(RESPONSE, { ...FACTS, id: '123456.78' });
    const rows = [lines.heading(), lines.response(RESPONSE, FACTS), lines.response(RESPONSE, { ...FACTS, id: '1.1' })];
    const at = rows.map((row) => row.indexOf('STAT') + row.indexOf('200') + 1);
    expect(new Set(at).size).toBe(1);
    expect(rows[1]).toMatch(/ 12\.345$/);
  });

  it('paints what took long', () => {
    const lines = new Lines(
      text,
      (style, words) => `<${style}>${words}</>`,
      () => 80,
    );
    expect(lines.response(RESPONSE, FACTS, true)).toContain('<yellow>*1.23s</>');
    expect(lines.response(RESPONSE, FACTS)).not.toContain('yellow');
  });
});
