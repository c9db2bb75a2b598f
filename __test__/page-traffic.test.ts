// The picture of the page in the documents: what it shows is whole, and it is small enough for a README.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
// @ts-expect-error: a script without types
import { OPENED, trafficLines } from '../scripts/page-traffic.mjs';
import type { HttpMessage } from '../ts/types';

const MAX_BYTES = 100_000;

it('each response in it belongs to a request that was no later, and the exchange that is opened is one', () => {
  const messages: HttpMessage[] = trafficLines()
    .trim()
    .split('\n')
    .map((line: string) => JSON.parse(line));
  const asked = new Map(messages.filter(({ direction }) => direction === 'request').map((each) => [each.id, each]));
  const answers = messages.filter(({ direction }) => direction === 'response');
  // One is unanswered.
  expect([asked.size, answers.length]).toEqual([28, 27]);
  for (const { id, request, timestamp } of answers) {
    const { method, path, timestamp: before = '' } = asked.get(id) ?? {};
    expect([request, timestamp >= before]).toEqual([{ method, path }, true]);
  }
  const failed = answers.filter(({ request, statusCode }) => request?.path === OPENED && statusCode === 504);
  expect(failed).toHaveLength(1);
  expect(trafficLines()).toBe(trafficLines());
});

it('the picture is small', () => {
  expect(statSync(join(__dirname, '../docs/view.webp')).size).toBeLessThan(MAX_BYTES);
});
