/** Every counter of the engine says whether it means a loss, and the summary says "nothing" only where there was none. */

import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createSniffer, type SnifferStats } from '../dist/index.js';
import { Summary } from '../ts/command/terminal/summary';
import { loadText, type Text } from '../ts/command/terminal/text';
import { isUnclassified, LOSSES, lossesOf, NO_LOSS } from '../ts/losses';
import { runToEnd } from './live/collecting.js';
import { FIXTURES } from './live/harness.js';

const SHOP = join(FIXTURES, 'shop.pcap');

let stats: SnifferStats;
let text: Text;

beforeAll(async () => {
  stats = await runToEnd(createSniffer({ ports: [8080], pcapFile: SHOP, logLevel: 'silent' }));
  text = await loadText();
});

const lostRows = (engine: Record<string, number>): string => {
  const rows = new Summary({ text, paint: (_, words) => words }).rows(
    { engine, outputs: stats.outputs },
    { columns: 200, rows: 50 },
  );
  // Of some the summary has a row with advice.
  return rows.slice(rows.findIndex((row) => /^(?:lost|not read)/.test(row))).join('\n');
};

describe('the counters of the engine', () => {
  test('are all among the losses or not', () => {
    expect(Object.keys(stats.engine).length).toBeGreaterThan(50);
    expect(Object.keys(stats.engine).filter(isUnclassified)).toEqual([]);
  });

  test('are all that the two lists name, with those of a filter and a trigger', async () => {
    const selecting = { filter: 'status >= 100', trigger: 'status >= 500' };
    const { engine } = await runToEnd(
      createSniffer({ ports: [8080], pcapFile: SHOP, logLevel: 'silent', ...selecting }),
    );
    expect([...Object.keys(LOSSES), ...NO_LOSS].filter((name) => !Object.hasOwn(engine, name))).toEqual([]);
  });

  test('mean nothing where nothing was lost', () => {
    expect(lostRows(stats.engine)).toMatch(/^lost +nothing(?! else)/);
  });

  test.each(Object.entries(LOSSES))('%s is told', (name, words) => {
    expect(lostRows({ ...stats.engine, [name]: 7 })).toContain(`${words}: 7`);
  });

  test('are told by their name where nobody has said what they mean', () => {
    expect(lossesOf({ packets: 5, newCounter: 3, anotherOne: 0 })).toEqual([[3, 'counted as newCounter']]);
  });

  test('are told once: the reasons of undecodable are part of it', () => {
    expect(lossesOf({ undecodable: 3, undecodableTruncatedIp: 3 })).toHaveLength(1);
  });

  test('that have no sum are told each: a switch by its token', () => {
    expect(lossesOf({ switchedWebSocket: 1, switchedSomethingNew: 2 })).toHaveLength(2);
  });
});
