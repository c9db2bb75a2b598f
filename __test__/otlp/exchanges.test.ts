// Which spans come of exchanges that are not whole, and what is counted in their place.
import { describe, expect, it } from 'vitest';
import { Endings } from '../../ts/exchange/endings';
import type { DropReason } from '../../ts/outputs/output';
import { packed, REQUEST, RESPONSE, spanOf } from './packed';

describe('exchanges that are not whole', () => {
  it('a request without a response is an error, at the end', () => {
    const { add, requests } = packed('json');
    add({ ...REQUEST, durationMs: 4 });
    expect(requests(false)).toEqual([]);
    const [span] = requests().flatMap(({ spans }) => spans);
    expect(span?.status).toEqual({ code: 2, message: 'no response was seen before the capture ended' });
    expect(span?.attributes).toMatchObject({ 'http.request.method': 'GET', 'error.type': 'no_response' });
    expect(span?.attributes).not.toHaveProperty('http.response.status_code');
    expect((span?.end ?? 0n) - (span?.start ?? 0n)).toBe(4_000_000n);
  });

  it('and says how the exchange ended, where that is known', () => {
    const endings = new Endings();
    let lost = 0;
    const { add, requests } = packed('json', { endings, losses: () => lost });
    // Of the second it comes before it does.
    endings.note({ '8.2': 'closed' });
    add(...['8.1', '8.2', '8.3'].map((id) => ({ ...REQUEST, id })));
    const first = requests(false).flatMap(({ spans }) => spans);
    // The lost bytes may be the response to the third.
    lost = 1;
    endings.note({ '8.1': 'server REFUSED_STREAM' });
    const spans = requests().flatMap(({ spans }) => spans);
    expect([...first, ...spans].map(({ status, attributes }) => [status.message, attributes['error.type']])).toEqual([
      ['connection closed', 'closed'],
      ['reset by the server with REFUSED_STREAM', 'REFUSED_STREAM'],
    ]);
  });

  it('and are not told of later ones once nothing more comes', () => {
    const endings = new Endings();
    const watchers: string[] = [];
    const watch = endings.watch.bind(endings);
    endings.watch = (watcher) => {
      watchers.push('watches');
      const unwatch = watch(watcher);
      return () => {
        watchers.pop();
        unwatch();
      };
    };
    const { add, requests } = packed('json', { endings });
    add(REQUEST);
    expect(watchers).toHaveLength(1);
    requests();
    expect(watchers).toHaveLength(0);
  });

  it('or when it has waited long enough; its response is then no second span', () => {
    let now = 0;
    const { add, requests, drops, packer } = packed('json', { patienceMs: 1_000, now: () => now });
    add(REQUEST);
    expect(packer.dueInMs()).toBe(1_000);
    now = 999;
    add({ ...REQUEST, id: '8.1' });
    expect(requests(false)).toEqual([]);
    now = 1_000;
    packer.tick({ push: () => {}, drop: () => {} });
    expect(packer.held).toBe(1);
    add(RESPONSE, { ...RESPONSE, id: '8.1' });
    const spans = requests().flatMap((request) => request.spans);
    expect(spans.map(({ attributes }) => attributes['tcp_sniffer.id'])).toEqual(['8.1']);
    expect(drops).toEqual({ unpaired: 1 });
  });

  it('is no error where a response may be its own: on its connection came one of which that is not known', () => {
    const { request: _, ...unknown } = { ...RESPONSE, id: '7.9' };
    const { add, requests, drops } = packed('json');
    add(REQUEST, { ...REQUEST, id: '8.1' }, unknown, { ...REQUEST, id: '7.10', timestamp: '2024-05-17T08:30:00.004Z' });
    const spans = requests().flatMap((request) => request.spans);
    expect(spans.map(({ attributes }) => attributes['tcp_sniffer.id'])).toEqual(['8.1', '7.10']);
    expect(drops).toEqual({ unpaired: 2 });
  });

  it('nor where anything was lost while it waited', () => {
    let losses = 5;
    let now = 0;
    const { add, requests, drops } = packed('json', { losses: () => losses, now: () => now });
    add(REQUEST, { ...REQUEST, id: '7.4' }, { ...RESPONSE, id: '7.4' });
    losses = 6;
    now = 2_000;
    add({ ...REQUEST, id: '7.5' });
    const spans = requests().flatMap((request) => request.spans);
    expect(spans.map(({ attributes }) => attributes['tcp_sniffer.id'])).toEqual(['7.4', '7.5']);
    expect(drops).toEqual({ unpaired: 1 });
  });

  it('interim responses are part of their exchange', () => {
    const { add, requests } = packed('json');
    add(REQUEST, { ...RESPONSE, statusCode: 100 }, { ...RESPONSE, statusCode: 201 });
    const [span, more] = requests().flatMap(({ spans }) => spans);
    expect(span?.attributes['http.response.status_code']).toBe(201);
    expect(more).toBeUndefined();
  });

  it('a response that came before its request waits for it', () => {
    const { add, requests } = packed('json');
    add({ ...RESPONSE, statusCode: 413 });
    expect(requests(false)).toEqual([]);
    add({ ...REQUEST, method: 'PUT' });
    expect(requests(false).flatMap(({ spans }) => spans)).toMatchObject([{ name: 'PUT' }]);
  });

  it('a response of which the request did not come: what it knows of it', () => {
    const span = spanOf(undefined, RESPONSE);
    expect(span.attributes).toMatchObject({ 'http.request.method': 'GET', 'url.path': '/items/4711' });
    expect(span.end - span.start).toBe(3_962_000n);
  });

  it('a response without any request, messages of streams and what is no message are counted', () => {
    const { add, requests, drops, packer } = packed('json');
    const { request: _, ...alone } = RESPONSE;
    add(alone, { ...RESPONSE, stream: 'websocket' }, { stream: 1 }, { id: '9' }, { ...REQUEST, id: '8.1' });
    expect(packer.held).toBe(1);
    expect(requests()).toHaveLength(1);
    expect(drops).toEqual({ unpaired: 1, streamed: 1, invalid: 2 });
  });

  it.each(['{"id":"1.1', '[]', '{"id":1}', '{"id":"1.1","timestamp":"x"', '{"id":"1.1",}', 'null', '{"a":{"b":[}'])(
    'a line that is no message is counted, and harms no other: %s',
    (broken) => {
      const { packer, drops } = packed('json');
      const whole = JSON.stringify(REQUEST);
      const drop = (why: DropReason, messages: number): void => {
        drops[why] = messages;
      };
      packer.add({ lines: Buffer.from(`${broken}\n${whole}\n${broken}\n`), messages: 3 }, { push: () => {}, drop });
      expect(packer.held).toBe(1);
      expect(drops.invalid).toBe(2);
    },
  );

  it('are bounded: the oldest go', () => {
    const { add, requests, packer } = packed('json', { maxMessages: 100_000 });
    for (let n = 0; n < 10_100; n++) add({ ...REQUEST, id: `1.${n}` });
    expect(packer.held).toBe(10_000);
    const early = requests(false).flatMap(({ spans }) => spans);
    expect(early).toHaveLength(100);
    expect(early[0]?.status.message).toBe('no response was seen before too many requests waited for theirs');
    expect(packer.clear()).toBe(10_000);
    expect(requests()).toEqual([]);
  });
});

it('requests are bounded in messages and in bytes', () => {
  const { add, requests, bodies } = packed('protobuf', { maxMessages: 10, maxBytes: 20_000 });
  for (let n = 0; n < 50; n++) add({ ...REQUEST, id: `1.${n}` }, { ...RESPONSE, id: `1.${n}` });
  const sizes = requests().map(({ spans }) => spans.length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(50);
  expect(Math.max(...sizes)).toBe(5);
  expect(Math.max(...bodies.map(({ length }) => length))).toBeLessThan(20_000);
});
