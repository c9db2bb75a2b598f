// The beginning of a review: what is read of it, wherever it is cut, and what is not taken for one.

import { describe, expect, it } from 'vitest';
import { createCounters } from '../../ts/injector/counters';
import { BadReview, leaveAlone } from '../../ts/injector/review';
import { HEAD_BYTES, readHead } from '../../ts/injector/review-head';
import { configOf, type Json, type LogLine, logInto, reviewOf } from './rig';

const UID = '705ab4f5-6393-11e8-b7cc-42010a800002';
/** In the order of the API server. */
const START =
  `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"${UID}","kind":{"group":"","version":"v1","kind":"Pod"},` +
  '"resource":{"group":"","version":"v1","resource":"pods"},"requestKind":{"group":"","version":"v1","kind":"Pod"},' +
  '"name":"web","namespace":"shop","operation":"CREATE","userInfo":{"username":"a","uid":"b","groups":["uid","c"]},"object":{"kind":"Pod","uid":"d"';

it('has the members of the review and of its request, and no others', () => {
  expect(readHead(Buffer.from(START))).toEqual({
    review: { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' },
    request: { uid: UID, name: 'web', namespace: 'shop', operation: 'CREATE' },
  });
});

it('is the same wherever it is cut, or less', () => {
  const whole = readHead(Buffer.from(START))?.request as Json;
  const end = START.indexOf(UID) + UID.length + 1;
  for (let cut = 0; cut <= START.length; cut++) {
    const { request } = readHead(Buffer.from(START.slice(0, cut))) ?? { request: {} };
    expect(whole).toMatchObject({ ...request });
    expect('uid' in request).toBe(cut >= end);
  }
});

const late = 'x'.repeat(HEAD_BYTES);
const TWICE: [string, string][] = [
  ['the uid', START.replace('"kind":{', '"uid":"e","kind":{')],
  ['the uid, the second not a text', START.replace('"kind":{', '"uid":{},"kind":{')],
  ['the uid, once with an escape', START.replace('"kind":{', '"\\u0075id":"e","kind":{')],
  ['the request', START.replace('"request":{', '"request":{"uid":"e"},"request":{')],
  ['the version', START.replace('"request":{', '"apiVersion":"v1","request":{')],
];
const NO_REVIEW: [string, string][] = [
  ['nothing', ''],
  ['no JSON', 'nonsense'],
  ['a list', `[${START}`],
  ['closed too often', `}}]${START}`],
  ['a text with a bad escape', START.replace('AdmissionReview', '\\x')],
  ['the uid after too much', START.replace('{"kind":"Adm', `{"a":"${late}","kind":"Adm`)],
  ['the uid after other members of the request', START.replace('"uid"', `"a":"${late}","uid"`)],
  ['the uid in a list', START.replace('"request":{', '"request":[{')],
  ['the uid in an object of the request', START.replace('"uid":', '"a":{"uid":')],
  ['the uid beside the request', START.replace('"request":{', '"request":{},"a":{')],
  ['an empty uid', START.replace(UID, '')],
  ['a uid that is too long', START.replace(UID, 'x'.repeat(129))],
  ['a uid that is a number', START.replace(`"${UID}"`, '1')],
  ['a name that looks like a way', START.replace('"request":{', '"request/uid":"e","a":{')],
  ['another kind', START.replace('AdmissionReview', 'Pod')],
  ['another version', START.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1')],
];

function answerTo(text: string) {
  const log: LogLine[] = [];
  const counters = createCounters();
  const told: unknown[] = [];
  const reviewer = { config: configOf(), production: false, log: logInto(log), counters, nativeAvailable: () => true };
  const tellOwner = (...words: unknown[]) => void told.push(words);
  const { response } = leaveAlone(Buffer.from(text), 'too much', { ...reviewer, tellOwner });
  return { response, log, counters, told };
}

describe('an answer by it', () => {
  it('lets the pod through as it is, warns, logs and counts', () => {
    const { response, log, counters, told } = answerTo(START);
    const warnings = ['tcp-sniffer: not injected (too_large): its review is too large: too much'];
    expect(response).toEqual({ uid: UID, allowed: true, warnings });
    const identity = { uid: UID, namespace: 'shop', pod: 'web' };
    expect(log).toEqual([
      { level: 'info', message: 'pod reviewed', ...identity, result: 'skipped', reason: 'too_large' },
    ]);
    expect(counters.skipped.too_large).toBe(1);
    expect(told).toEqual([]);
  });

  it('of a whole review, too', () => {
    expect(answerTo(JSON.stringify(reviewOf({ spec: {} }))).response.uid).toBe(UID);
  });

  it.each([...TWICE, ...NO_REVIEW])('is not given to %s', (_, text) => {
    expect(() => answerTo(text)).toThrow(BadReview);
  });

  it.each(TWICE)('since a parser may take the other one: %s', (_, text) => {
    expect(readHead(Buffer.from(text))).toBeUndefined();
  });
});
