// A body of 10 000 000 bytes, in each of the ways in which it is shown: no task of the page takes much longer than the task that
// cannot be avoided, which is to make objects of an answer of that size.

import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { exchange } from './rig';
import { describePage, TIMEOUT_MS } from './session';

const BYTES = 10_000_000;
const OBJECT = '{"id":12345,"name":"tea, green","tags":["a","b"],"price":3.25}';
/** It was 12 where a tree was made in one task, and 75 where a field of a form was laid out whole. */
const MAX_RATIO = 5;

const repeated = (text: string): string => text.repeat(BYTES / text.length);

/** An answer with a body as JSON. */
const OBJECTS = Array.from({ length: BYTES / OBJECT.length }, () => JSON.parse(OBJECT));

const BODIES: Record<string, [type: string, body: string]> = {
  'lines of text': ['text/plain', repeated('a line of text that is not long\n')],
  'one line': ['text/plain', repeated('z')],
  objects: ['application/json', `[${repeated(`${OBJECT},`)}1]`],
  'more values than a tree has': ['application/json', `[${repeated('1,')}1]`],
  'a string': ['application/json', `{"all":"${repeated('\\"')}"}`],
  'a field of a form': ['application/x-www-form-urlencoded', `a=${repeated('x')}`],
  'fields of a form': ['application/x-www-form-urlencoded', repeated('name=a%20value&')],
  'a part': ['multipart/form-data; boundary=x', `--x\r\n\r\n${repeated('y')}\r\n--x--\r\n`],
  parts: ['multipart/form-data; boundary=x', `${repeated('--x\r\na: b\r\n\r\nc\r\n')}--x--\r\n`],
};

describePage('a large body', (session) => {
  it.each(Object.entries(BODIES))('of %s', { timeout: 4 * TIMEOUT_MS }, async (_, [type, body]) => {
    await session.open();
    session.opened.write(...exchange('1.1', {}, { headers: { 'content-type': type }, body, bodySize: body.length }));
    await session.count('1 exchanges');
    const { page, detail } = session;
    const text = JSON.stringify(OBJECTS);
    const before = await page.evaluate(timeOfReading, text);
    await page.evaluate(watchTasks);
    await session.rows().first().click();
    await detail.getByText('GET http').waitFor();
    await session.tab('Response');
    const modes = await page.getByLabel('Show as').locator('option').allTextContents();
    for (const mode of modes) {
      await page.getByLabel('Show as').selectOption(mode);
      await detail.locator('[role=listitem], .fields > div, .part').first().waitFor();
      if (mode !== 'Tree' && mode !== 'Text') continue;
      await page.getByLabel('Find in the body').fill('nothing of it');
      await session.button('Next').click();
      await detail.getByText('Not found').waitFor();
    }
    expect(modes.length).toBeGreaterThan(1);
    const longest = await longestTask(page);
    const after = await page.evaluate(timeOfReading, text);
    // The machine may be busy with something else at either time.
    expect(longest).toBeLessThan(MAX_RATIO * Math.max(before, after));
  });
});

interface Tab {
  PerformanceObserver: new (
    seen: (list: { getEntries(): { duration: number }[] }) => void,
  ) => { observe(what: { type: string }): void };
  longest: number;
}

/** In the page. */
function timeOfReading(text: string): number {
  const begun = performance.now();
  JSON.parse(text);
  return performance.now() - begun;
}

function watchTasks(): void {
  const tab = globalThis as never as Tab;
  tab.longest = 0;
  new tab.PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tab.longest = Math.max(tab.longest, duration);
  }).observe({ type: 'longtask' });
}

/** Tasks are told of after they have ended. */
function longestTask(page: Page): Promise<number> {
  return page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    await new Promise((resolve) => setTimeout(resolve, 0));
    return (globalThis as never as Tab).longest;
  });
}
