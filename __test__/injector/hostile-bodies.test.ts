// Any request body, with a heap of 96 MiB: refused or answered, in bounded memory, and ordinary reviews are answered after it.

import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_BODY_BYTES } from '../../ts/injector/exchange';
import { brokenBound, MAX_DEPTH, MAX_TOKENS } from '../../ts/injector/json-bounds';
import { type Client, clientOf } from './client';
import { INJECTED } from './pods';
import type { InjectorProcess } from './process';
import { type Json, reviewOf } from './rig';
import { startServing } from './serving';

/** The injector's container, as it is deployed. */
const MANIFEST = readFileSync('deploy/kustomize/injector.yaml', 'utf8');
const NODE_OPTIONS = /name: NODE_OPTIONS\n\s+value: "(.+)"/.exec(MANIFEST)?.[1] ?? '';
const HEAP_MIB = 96;
const MEMORY_BYTES = 192 * 2 ** 20;
const REVIEW = JSON.stringify(reviewOf(INJECTED[0]?.pod));
/** The answer to a review that is too large. */
const LEFT_ALONE = {
  uid: JSON.parse(REVIEW).request.uid,
  allowed: true,
  warnings: [expect.stringMatching(/^tcp-sniffer: not injected \(too_large\): its review is too large: the body /)],
};

/** As the API server has it; of each port its managed fields have a place of their own. */
function podWithPorts(count: number, managed: boolean): Json {
  const ports = Array.from({ length: count }, (_, at) => ({ containerPort: (at % 65_535) + 1, protocol: 'TCP' }));
  const fields = (each: Json) => [`k:${JSON.stringify(each)}`, { '.': {}, 'f:containerPort': {}, 'f:protocol': {} }];
  const fieldsV1 = { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': Object.fromEntries(ports.map(fields)) } } };
  const pod = structuredClone(INJECTED[0]?.pod) as { metadata: Json; spec: Json };
  pod.spec.containers = [{ name: 'web', image: 'registry.example/web:1', ports }];
  if (managed) pod.metadata.managedFields = [{ manager: 'kubectl', operation: 'Update', apiVersion: 'v1', fieldsV1 }];
  return pod;
}

describe('bounds of JSON', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const values = (count: number) => `[${Array(count).fill('0').join(',')}]`;
  it.each([
    ['nested as deep as it may', nested(MAX_DEPTH), undefined],
    ['deeper', nested(MAX_DEPTH + 1), /deep/],
    ['deeper, by objects', '{"a":'.repeat(MAX_DEPTH + 1), /deep/],
    [
      'side by side',
      `[${Array(MAX_DEPTH * 2)
        .fill('[]')
        .join(',')}]`,
      undefined,
    ],
    ['as many values as it may', values(MAX_TOKENS), undefined],
    ['more', values(MAX_TOKENS + 1), /values/],
    ['brackets in a text', JSON.stringify('[{,:'.repeat(MAX_TOKENS)), undefined],
    ['a quote in a text', JSON.stringify('"'.repeat(9) + '['.repeat(MAX_DEPTH + 1)), undefined],
    ['a backslash before the quote that ends a text', `["\\\\",${nested(MAX_DEPTH)}]`, /deep/],
    ['a quote behind two backslashes and one', `["\\\\\\"${'['.repeat(99)}"]`, undefined],
    ['nothing', '', undefined],
    ['a text without end', '"\\', undefined],
  ])('%s', (_, text, complaint) => {
    const broken = brokenBound(Buffer.from(text));
    if (complaint === undefined) expect(broken).toBeUndefined();
    else expect(broken).toMatch(complaint);
  });
});

describe(`with a heap of ${HEAP_MIB} MiB`, () => {
  let injector: InjectorProcess;
  let client: Client;
  let ca: string;
  const open: TLSSocket[] = [];

  beforeAll(async () => {
    expect(NODE_OPTIONS).toContain(`--max-old-space-size=${HEAP_MIB} `);
    expect(MANIFEST).toContain(`limits:\n              memory: ${MEMORY_BYTES / 2 ** 20}Mi`);
    ({ injector, ca } = await startServing({ NODE_OPTIONS }));
    client = clientOf(injector.port, ca, false);
  });
  afterAll(() => {
    for (const socket of open) socket.destroy();
    injector.child.kill('SIGKILL');
  });

  /** The most that was ever resident. */
  function peakBytes(): number {
    const status = readFileSync(`/proc/${injector.child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  async function expectWell(): Promise<void> {
    const { status, text } = await client.post(REVIEW);
    expect(status).toBe(200);
    expect(JSON.parse(text).response.patch).toBeTruthy();
    expect((await injector.health('/healthz')).status).toBe(200);
    expect(peakBytes()).toBeLessThan(MEMORY_BYTES);
  }

  /** A review with that JSON somewhere in its pod. */
  function withValue(value: string, place: 'container' | 'annotations' | 'labels' | 'metadata' = 'container'): string {
    const pod = structuredClone(INJECTED[0]?.pod) as { metadata: Json; spec: { containers: Json[] } };
    if (place === 'container') (pod.spec.containers[0] as Json).x = 'HERE';
    else if (place === 'metadata') pod.metadata.x = 'HERE';
    else pod.metadata[place] = 'HERE';
    return JSON.stringify(reviewOf(pod)).replace('"HERE"', () => value);
  }

  /** As many of them as there is room for. */
  function filled(begin: string, unit: (index: number) => string, end: string, bytes: number): string {
    const units: string[] = [];
    for (let length = 0, index = 0; length < bytes; index++) {
      const each = unit(index);
      units.push(each);
      length += each.length + 1;
    }
    return begin + units.join(',') + end;
  }

  const ROOM = MAX_BODY_BYTES - 10_000;
  const nested = (begin: string, end: string, bytes: number) => {
    const depth = Math.floor(bytes / (begin.length + end.length));
    return begin.repeat(depth) + end.repeat(depth);
  };
  // Over the bounds of depth or number.
  const SHAPES: [string, (bytes: number) => string][] = [
    ['lists in lists', (bytes) => nested('[', ']', bytes)],
    ['objects in objects', (bytes) => nested('{"a":', '}', bytes - 4).replace(':}', ':0}')],
    ['lists in lists that never end', (bytes) => '['.repeat(bytes)],
    ['empty lists', (bytes) => filled('[', () => '[]', ']', bytes)],
    ['empty objects', (bytes) => filled('[', () => '{}', ']', bytes)],
    ['zeros', (bytes) => filled('[', () => '0', ']', bytes)],
    ['empty texts', (bytes) => filled('[', () => '""', ']', bytes)],
    ['one key many times', (bytes) => filled('{', () => '"a":0', '}', bytes)],
    ['many keys', (bytes) => filled('{', (index) => `"${index}a":0`, '}', bytes)],
    ['lists of depth 60 side by side', (bytes) => filled('[', () => nested('[', ']', 120), ']', bytes)],
    ['keys that are numbers', (bytes) => filled('{', (index) => `"${index * 1000}":0`, '}', bytes)],
  ];
  // Within the bounds of depth and number: what is left is dear for another reason.
  const DEAR: [string, (bytes: number) => string][] = [
    ['as many objects of their own shape', () => filled('[', (index) => `{"${index}a":0}`, ']', MAX_TOKENS * 4)],
    ['as many objects with large indexes', () => filled('[', () => '{"99":0}', ']', MAX_TOKENS * 2.9)],
    ['as many empty objects', () => filled('[', () => '{}', ']', MAX_TOKENS * 1.4)],
    ['one text', (bytes) => `"${'a'.repeat(bytes)}"`],
    ['one text of two bytes a character', (bytes) => `"\u20ac${'a'.repeat(bytes)}"`],
    ['one text of escapes', (bytes) => `"${'\\u0000'.repeat(bytes / 6)}"`],
    ['long texts', (bytes) => filled('[', (index) => `"${index}${'b'.repeat(100)}"`, ']', bytes)],
  ];
  const KEYS: [string, string][] = [
    ['tildes', '~'],
    ['slashes', '/'],
    ['dollars', '$'],
    ['what is not ASCII', '\u20ac'],
    ['commas', ','],
    ['blanks', ' '],
  ];

  it.each(SHAPES)('%s: refused, or in a review answered without a patch', async (_, shape) => {
    for (const bytes of [ROOM, 8_000_000]) {
      const { status, text } = await client.post(withValue(shape(bytes)));
      expect([status, status === 200 ? JSON.parse(text).response : text]).toEqual([200, LEFT_ALONE]);
      expect((await client.post(shape(bytes))).status).toBe(bytes === ROOM ? 400 : 413);
    }
    await expectWell();
  });

  it.each([
    ['without managed fields', 50_000, false],
    // Four times as long as the limit of a body.
    ['with them', 50_000, true],
    ['as many as the API server takes', 90_000, true],
  ])('a pod with very many ports, %s (%i)', async (_, count, managed) => {
    const body = JSON.stringify(reviewOf(podWithPorts(count, managed)));
    const { status, text } = await client.post(body);
    expect([status, JSON.parse(text).response]).toEqual([200, LEFT_ALONE]);
    await expect
      .poll(() => injector.log.at(-1))
      .toMatchObject({ message: 'pod reviewed', uid: LEFT_ALONE.uid, namespace: 'shop', reason: 'too_large' });
    await expectWell();
  });

  it('the beginning of a review in pieces of every size', async () => {
    const body = Buffer.from(`${REVIEW}${' '.repeat(MAX_BODY_BYTES)}`);
    for (const size of [1, 2, 7, 100, 4_095, 4_096, 4_097]) {
      const answer = await raw(`content-length: ${body.length}`, (socket) => {
        for (let at = 0; at < 8_192; at += size) socket.write(body.subarray(at, Math.min(at + size, 8_192)));
        socket.write(body.subarray(8_192));
      });
      expect(answer).toMatch(/^HTTP\/1.1 200 /);
      expect(JSON.parse(answer.slice(answer.indexOf('{'))).response).toEqual(LEFT_ALONE);
    }
    await expectWell();
  });

  it.each(DEAR)('%s', async (_, shape) => {
    for (const place of ['container', 'metadata', 'annotations', 'labels'] as const) {
      const { status, text } = await client.post(withValue(shape(ROOM), place));
      expect([status, JSON.parse(text).response.allowed]).toEqual([200, true]);
    }
    await expectWell();
  });

  it.each(KEYS)('a name and a value of 3 MB of %s, wherever there is one', async (_, character) => {
    const long = character.repeat(Math.floor(ROOM / Buffer.byteLength(character)));
    const name = JSON.stringify(long);
    const bodies = [
      withValue(`{${name}:"x"}`, 'annotations'),
      withValue(`{"tcp-sniffer/inject":"true",${name}:"x"}`, 'labels'),
      withValue(`{${name}:1}`),
      withValue(`{"tcp-sniffer/ports":${name}}`, 'annotations'),
      withValue(`{"tcp-sniffer/status":${name}}`, 'annotations'),
      withValue(`{"tcp-sniffer/${name.slice(1)}:"x"}`, 'annotations'),
      withValue(`{"a/b":${name}}`, 'annotations'),
      REVIEW.replace('"name":"web"', () => `"name":${name}`),
      REVIEW.replace('{"name":"web","image"', () => `{"name":${name},"image"`),
      REVIEW.replace('"namespace":"shop"', () => `"namespace":${name}`),
    ];
    for (const body of bodies) {
      const { status, text } = await client.post(body);
      expect([status, JSON.parse(text).response.allowed]).toEqual([200, true]);
      expect(text.length).toBeLessThan(1_000_000);
    }
    await expectWell();
  });

  /** A request by hand; resolves with all that came until the end of the connection. `write` may stay at it for long. */
  function raw(head: string, write: (socket: TLSSocket) => void): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: injector.port, ca });
      open.push(socket);
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      socket.on('error', reject).on('close', () => resolve(text));
      socket.on('secureConnect', () => {
        socket.write(`POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${head}\r\n\r\n`);
        write(socket);
      });
    });
  }

  it('an answer is not overtaken by a reset, also where a client sends all before it reads', async () => {
    const body = Buffer.alloc(20_000_000, '[');
    for (const head of [`content-length: ${body.length}`, 'transfer-encoding: chunked']) {
      const chunked = head.startsWith('transfer');
      const answer = await raw(head, (socket) => {
        socket.pause();
        if (chunked) socket.write(`${body.length.toString(16)}\r\n`);
        socket.write(body, () => socket.resume());
        if (chunked) socket.write('\r\n0\r\n\r\n');
      });
      expect(answer).toMatch(/^HTTP\/1.1 413 /);
      expect(answer).toMatch(/more than/);
    }
    await expectWell();
  });

  it('a body that never ends is answered, and then the connection ends', async () => {
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    let ended = false;
    const answered = raw('transfer-encoding: chunked', (socket) => {
      const more = () => {
        if (ended || socket.destroyed) return;
        if (socket.write(chunk)) setImmediate(more);
        else socket.once('drain', more);
      };
      more();
    }).catch((error) => `${error}`);
    const answer = await answered;
    ended = true;
    expect(answer).toMatch(/^HTTP\/1.1 413 |EPIPE|ECONNRESET/);
    await expectWell();
  });

  it('a body in pieces of one byte', async () => {
    const piece = '1\r\n \r\n'.repeat(10_000);
    const answer = await raw('transfer-encoding: chunked', (socket) => {
      for (let sent = 0; sent < 100; sent++) socket.write(piece);
      socket.write('0\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    await expectWell();
  }, 60_000);

  it.each(['gzip', 'deflate', 'br', 'gzip, gzip', 'x'])('content-encoding %s is refused', async (coding) => {
    const body = gzipSync(REVIEW);
    expect((await client.post(body, { headers: { 'content-encoding': coding } })).status).toBe(415);
    expect((await client.post(REVIEW, { headers: { 'content-encoding': 'identity' } })).status).toBe(200);
  });

  it('a body that waits to be asked for, too long or not', async () => {
    const long = await raw('content-length: 9000000\r\nexpect: 100-continue', (socket) =>
      socket.once('data', () => socket.write(Buffer.alloc(9_000_000, ' '))),
    );
    expect(long).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 413 /);
    const asked = await raw(`content-length: ${REVIEW.length}\r\nconnection: close\r\nexpect: 100-continue`, (socket) =>
      socket.once('data', () => socket.write(REVIEW)),
    );
    expect(asked).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /);
  });

  it('no body at all', async () => {
    expect(await raw('connection: close', () => {})).toMatch(/^HTTP\/1.1 400 /);
  });

  it('many at one time, each as dear as can be', async () => {
    const bodies = [
      ...SHAPES.map(([, shape]) => withValue(shape(ROOM))),
      ...DEAR.map(([, shape]) => withValue(shape(ROOM), 'labels')),
      ...KEYS.map(([, key]) => withValue(`{"${key.repeat(900_000)}":"x"}`, 'annotations')),
    ];
    const answers = await Promise.all(
      // Bodies that say how long they are wait for their turn.
      bodies.map((body, at) =>
        client.post(body, at % 2 === 0 ? {} : { headers: { 'transfer-encoding': 'chunked' } }).then(
          ({ status }) => status,
          ({ code }) => code,
        ),
      ),
    );
    // Of the others the oldest are refused, mostly while their bodies are still being written.
    const allowed = new Set([200, 400, 503, 'ECONNRESET', 'EPIPE']);
    expect(answers.filter((answer) => !allowed.has(answer))).toEqual([]);
    await expectWell();
  }, 60_000);

  it('many that stop before their end: the oldest are refused, and reviews are answered at once', async () => {
    let ended = 0;
    const stalled = Array.from({ length: 40 }, () =>
      raw(`content-length: ${MAX_BODY_BYTES}`, (socket) => socket.write(Buffer.alloc(MAX_BODY_BYTES - 1, ' ')))
        .catch((error) => `${error}`)
        .finally(() => ended++),
    );
    expect(await Promise.race(stalled)).toMatch(/^HTTP\/1.1 503 /);
    await expectWell();
    expect(ended).toBeLessThan(stalled.length);
    for (const socket of open) socket.destroy();
    await Promise.all(stalled);
    await expectWell();
  }, 60_000);

  it('answers that nobody takes', async () => {
    // Large names: as long as an answer may become.
    const body = withValue(`{"tcp-sniffer/status":"${'x'.repeat(200_000)}"}`, 'annotations');
    const request = `POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    for (let index = 0; index < 100; index++) {
      const socket = connect({ host: '127.0.0.1', port: injector.port, ca }).on('error', () => {});
      open.push(socket.pause());
      socket.on('secureConnect', () => {
        for (let repeat = 0; repeat < 20; repeat++) socket.write(request);
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await expectWell();
    for (const socket of open) socket.destroy();
    await expectWell();
  }, 60_000);
});
