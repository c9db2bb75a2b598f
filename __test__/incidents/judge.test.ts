/** The judge of the real incidents: it says nothing of what is right, and something of each kind of wrong. */

import { expect, test } from 'vitest';
// @ts-expect-error scripts have no types
import { complaintsOf } from '../../interop/incidents/judge.mjs';

const TRUTH = {
  kind: 'storm-behind-retries',
  services: { nginx: { port: 80 }, orders: { port: 3_000 }, stock: { port: 3_001 }, payments: { port: 3_002 } },
  impatient: '10.0.9.9',
  onsetMs: Date.UTC(2024, 4, 17, 14, 3, 7),
  dropped: 0,
};
const RIGHT = `status     2xx 3 063  5xx 257

FAILS  POST /charges/:id on payments.internal:3002
    since 14:03:07.208: 84% fail, else 0% (503: 167)
    side of the cause: the server payments.internal:3002, on which others
      depend: it answers so
    POST /pay/:id on orders:3000 fails with it, retried: 2.2 calls each
    POST /pay/:id on shop.test:80, through orders:3000

`;
const LATER = `SLOW  GET /a on b:1
    from 14:03:30.000 to 14:03:31.000: the server takes 41.1ms, else 18.1ms (43 exchanges)
`;
const AT_ONCE = LATER.replace('14:03:30.000', '14:03:07.300');

test.each([
  ['is right', RIGHT, {}, 0],
  ['has something else later', `${RIGHT}${LATER}`, {}, 0],
  ['has something else at once', `${RIGHT}${AT_ONCE}`, {}, 1],
  ['has something else before it', `${AT_ONCE}\n${RIGHT}`, {}, 2],
  ['is empty', '', {}, 5],
  ['has another onset', RIGHT.replace('14:03:07', '14:03:17'), {}, 1],
  ['has another server', RIGHT.replaceAll('payments', 'stock'), {}, 2],
  ['has another side', RIGHT.replace('the server', 'the client'), {}, 1],
  ['has no caller', RIGHT.replace('POST /pay/:id on orders', ''), {}, 1],
  ['is of a capture with losses', RIGHT, { dropped: 3 }, 1],
])('a summary that %s', (_, summary, change, complaints) => {
  expect(complaintsOf({ ...TRUTH, ...change }, summary)).toHaveLength(complaints);
});
