// The parts of the page, without a browser: rows in order, filters, trees, texts, commands.

import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAssets } from '../../ts/outputs/view/assets';
import { Ring } from '../../ts/outputs/view/ring';
import type { Row } from '../../ts/outputs/view/shapes';
import { CHIPS, isUnanswered } from '../../ts/page/chips';
import { formFields, modesOf, partsOf } from '../../ts/page/content';
import { fetchOf } from '../../ts/page/copy';
import { lossesOf } from '../../ts/page/exchange';
import { compile } from '../../ts/page/filter';
import { BUCKETS, groupsOf } from '../../ts/page/groups';
import { MAX_NODES, type Nodes, readNodes, unfolded } from '../../ts/page/json';
import { hexRow, hexRows, MAX_LINE, TextLines } from '../../ts/page/lines';
import { rangesOf } from '../../ts/page/ranges';
import { MAX_ROWS, Store } from '../../ts/page/store';
import type { HttpMessage } from '../../ts/types';
import { ASSETS, exchange, requestOf, responseOf } from './rig';

const row = (n: number, changes: Partial<Row> = {}): Row => {
  const ends = { client: '10.0.0.9:40000', server: '10.0.0.5:8080' };
  return { n, id: `1.${n}`, at: 1_000 * n, kind: 'http', ...ends, version: '1.1', request: true, ...changes };
};

describe('the store', () => {
  it('shows what the filter is true of, in order, whatever comes when', () => {
    const change = fc.record({
      n: fc.integer({ min: 1, max: 40 }),
      status: fc.constantFrom(undefined, 200, 500),
      size: fc.option(fc.nat(9), { nil: undefined }),
    });
    const matches = ({ status }: Row): boolean => status === 500;
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 30 }), fc.nat(30), (batches, when) => {
        const store = new Store();
        batches.forEach((batch, at) => {
          if (at === when) store.filter(matches);
          store.add(batch.map(({ n, ...rest }) => row(n, rest as Partial<Row>)));
        });
        store.filter(matches);
        const again = [...store.shown];
        const kept = store.rows.filter(matches);
        expect(again).toEqual(kept);
        expect(store.rows.map(({ n }) => n)).toEqual([...store.rows.map(({ n }) => n)].sort((a, b) => a - b));
        store.sort({ column: 'size', descending: true });
        const sizes = store.shown.map(({ size }) => size);
        const known = sizes.filter((size) => size !== undefined);
        expect(known).toEqual([...known].sort((a, b) => b - a));
        expect(sizes.slice(known.length).every((size) => size === undefined)).toBe(true);
      }),
    );
  });

  it('keeps the same when rows change as when it filters all of them', () => {
    const store = new Store();
    store.filter(({ status }) => status === 500);
    store.add([row(1), row(2), row(3, { status: 500 }), row(4)]);
    store.add([row(2, { status: 500 }), row(3, { status: 200 }), row(4, { status: 500 })]);
    expect(store.shown.map(({ n }) => n)).toEqual([2, 4]);
  });

  it('is bounded', () => {
    const store = new Store();
    for (let from = 0; from < MAX_ROWS + 20_000; from += 10_000) {
      store.add(Array.from({ length: 10_000 }, (_, i) => row(from + i + 1)));
    }
    expect(store.rows.length).toBeLessThanOrEqual(MAX_ROWS + 5_000);
    expect(store.shown.length).toBe(store.rows.length);
    expect(store.rows.at(-1)?.n).toBe(MAX_ROWS + 20_000);
    expect(store.get(1)).toBeUndefined();
  });

  it('does not show again what was cleared away', () => {
    const store = new Store();
    store.add([row(1), row(2)]);
    store.clear();
    store.add([row(2, { status: 200 }), row(3)]);
    expect(store.shown.map(({ n }) => n)).toEqual([3]);
  });
});

describe('the filter', () => {
  const rows = (): Row[] => {
    const ring = new Ring();
    const all: HttpMessage[][] = [
      exchange('1.1', { path: '/orders', method: 'POST' }, { statusCode: 500, latencyMs: 900, waitMs: 800 }),
      exchange('1.2', { path: '/products/42', headers: { host: 'shop.test:8080' } }, { bodySize: 5_000 }),
      [requestOf('1.3', { path: '/orders', tls: { version: '1.3', cipher: 'x' } })],
      exchange('1.4', { headers: { 'content-type': 'application/grpc' } }, { trailers: { 'grpc-status': '5' } }),
      [responseOf('1.5', { incomplete: 'gap' })],
    ];
    for (const message of all.flat()) ring.add(message, Buffer.from(''));
    return ring.rows();
  };
  const found = (text: string): number[] => {
    const compiled = compile(text);
    if (!('matches' in compiled)) throw new Error(JSON.stringify(compiled));
    return rows()
      .filter(compiled.matches)
      .map(({ n }) => n);
  };

  it.each<[string, number[]]>([
    ['', [1, 2, 3, 4, 5]],
    ['orders', [1, 3]],
    ['POST orders', [1]],
    ['status=5xx', [1]],
    ['status=none', [3]],
    ['path=/orders and not status=500', [3]],
    ['method=POST', [1]],
    ['host=shop.test', [1, 2, 3]],
    ['size>1KiB', [2]],
    ['wait>=800ms', [1]],
    ['latency<3ms', [2, 4, 5]],
    ['tls', [3]],
    ['grpc', [4]],
    ['grpc.status=NOT_FOUND', [4]],
    ['incomplete', [5]],
    ['id=1.2', [2]],
    ['time>=2026-01-01', [1, 2, 3, 4, 5]],
    ['time<2026-01-01', []],
    ['client=10.0.0.0/8 and port=8080', [1, 2, 3, 4, 5]],
  ])('%s', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it.each(['header.x-debug', 'not body=cups', '(response.body~tea)', 'tls&&request.header.a=b', '!header=x'])(
    '%s asks for messages',
    (text) => {
      expect(compile(text)).toEqual({ expression: text });
    },
  );

  it.each(['status=', 'nonsense=1', '(tls', 'status=5xx and'])('%s is complained about', (text) => {
    expect(compile(text)).toHaveProperty('complaint');
  });
});

describe('quick filters', () => {
  it('errors are those of the protocol that is spoken', () => {
    const progress = { newestAt: 0, ended: false };
    const isError = (changes: Partial<Row>): boolean => CHIPS.errors(row(1, changes), progress);
    expect(
      [{ status: 399 }, { status: 400 }, { status: 200, grpcStatus: 13 }, { incomplete: 'reset' as const }].map(
        isError,
      ),
    ).toEqual([false, true, true, true]);
  });

  it('a request is unanswered after a while, or when nothing comes any more', () => {
    expect(isUnanswered(row(1), { newestAt: 30_999, ended: false })).toBe(false);
    expect(isUnanswered(row(1), { newestAt: 31_000, ended: false })).toBe(true);
    expect(isUnanswered(row(1), { newestAt: 0, ended: true })).toBe(true);
    expect(isUnanswered(row(1, { ending: 'connection closed' }), { newestAt: 0, ended: false })).toBe(true);
    expect(isUnanswered(row(1, { response: true }), { newestAt: 99_000, ended: true })).toBe(false);
  });
});

describe('a tree of JSON', () => {
  const read = (text: string): Nodes | undefined => {
    const turns = readNodes(text);
    for (;;) {
      const { done, value } = turns.next();
      if (done) return value;
    }
  };
  const nodesOf = (text: string): Nodes => {
    const nodes = read(text);
    if (nodes === undefined) throw new Error('too many');
    return nodes;
  };
  const allOf = (nodes: Nodes) => Array.from({ length: nodes.count }, (_, at) => nodes.get(at));

  /** The value again, from its nodes: so nothing of it is lost or in another place. */
  const valueFrom = (text: string, nodes: Nodes, at = 0): unknown => {
    const node = nodes.get(at);
    if (node.kind !== 'object' && node.kind !== 'array') return JSON.parse(text.slice(node.start, node.end));
    const entries: [string, unknown][] = [];
    for (let child = at + 1; child < node.next; child = nodes.next(child)) {
      entries.push([String(nodes.get(child).name), valueFrom(text, nodes, child)]);
    }
    expect(entries).toHaveLength(node.size);
    return node.kind === 'array' ? entries.map(([, value]) => value) : Object.fromEntries(entries);
  };

  it('has all of the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(JSON.stringify(valueFrom(text, nodesOf(text)))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('has every digit, and members whose names come twice', () => {
    const text = '{"a":12345678901234567890.10,"a":1e400,"__proto__":{"b":-0}}';
    const nodes = nodesOf(text);
    const shown = allOf(nodes).map(({ name, start, end }) => [name, text.slice(start, end)]);
    expect(shown).toEqual([
      [undefined, text],
      ['a', '12345678901234567890.10'],
      ['a', '1e400'],
      ['__proto__', '{"b":-0}'],
      ['b', '-0'],
    ]);
  });

  it('takes no stack for depth', () => {
    const text = `${'['.repeat(5_000)}1${']'.repeat(5_000)}`;
    expect(nodesOf(text).count).toBe(5_001);
  });

  it.each(['', '{', '[1,]', '{"a":1}x', "{'a':1}"])('%s is none', (text) => {
    expect(() => nodesOf(text)).toThrow(SyntaxError);
  });

  it('knows in which name or value a piece of the text stands', () => {
    const text = '{"ab":["cd",12],"ef":{}}';
    const nodes = nodesOf(text);
    const found = (piece: string) => nodes.find(text.indexOf(piece), text.indexOf(piece) + piece.length);
    expect(['ab', 'cd', '12', 'ef', '"ab"'].map(found)).toEqual([1, 2, 3, 4, 1]);
    // Across both, or in neither.
    expect(['"ab":', '{"', '"cd",', '{}', ',', ']'].map(found)).toEqual(new Array(6).fill(undefined));
  });

  it('is not made of more values than it has room for', () => {
    expect(read(`[${'1,'.repeat(MAX_NODES)}1]`)).toBeUndefined();
    expect(nodesOf(`[${'1,'.repeat(MAX_NODES - 2)}1]`).count).toBe(MAX_NODES);
  });

  it('hides what is folded, and nothing else', () => {
    const nodes = nodesOf('{"a":[1,[2,3]],"b":{"c":4},"d":5}');
    const seen = (...folded: number[]): number[] => {
      const folds = new Uint8Array(nodes.count);
      for (const at of folded) folds[at] = 1;
      return [...unfolded(nodes, folds)];
    };
    expect(seen()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(seen(1)).toEqual([0, 1, 6, 7, 8]);
    expect(seen(3, 6)).toEqual([0, 1, 2, 3, 6, 8]);
    expect(seen(0)).toEqual([0]);
  });
});

describe('texts', () => {
  it('as lines have every character once, and a place for each', () => {
    const text = fc.array(fc.constantFrom('a', '\n', '\r\n', 'x'.repeat(150), 'é'), { maxLength: 60 });
    fc.assert(
      fc.property(text, (pieces) => {
        const whole = pieces.join('');
        const lines = new TextLines(whole);
        const all = Array.from({ length: lines.count }, (_, index) => lines.line(index));
        expect(all.join('')).toBe(whole.replace(/\r?\n/g, ''));
        expect(Math.max(...all.map(({ length }) => length))).toBeLessThanOrEqual(MAX_LINE);
        for (let at = 0; at < whole.length; at++) {
          const character = whole[at] as string;
          if (!/[\r\n]/.test(character)) expect(all[lines.at(at)]).toContain(character);
        }
      }),
    );
  });

  it('as hex', () => {
    const bytes = new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n<');
    expect(hexRows(bytes)).toBe(2);
    expect(hexRow(bytes, 0)).toBe('00000000  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..');
    expect(hexRow(bytes, 1)).toBe(`00000010  0d 0a 3c${' '.repeat(39)}  ..<`);
  });
});

it.each(['constructor', '__proto__', 'later'])('a reason that is not known is said as it is: %s', (incomplete) => {
  expect(lossesOf(responseOf('1.1', { incomplete } as never))).toEqual([incomplete]);
});

describe('a body', () => {
  const body = (text: string | undefined, type: string) => ({ text, type, bytes: () => Buffer.from(text ?? '\xff') });

  it.each<[string | undefined, string, string[]]>([
    ['{}', 'application/json', ['tree', 'text', 'hex']],
    ['{}', 'application/problem+json; charset=utf-8', ['tree', 'text', 'hex']],
    ['[1]', '', ['text', 'tree', 'hex']],
    ['a=b', 'application/x-www-form-urlencoded', ['form', 'text', 'hex']],
    ['--x', 'multipart/form-data; boundary=x', ['parts', 'text', 'hex']],
    ['<svg>', 'image/svg+xml', ['text', 'hex']],
    ['<html>', 'text/html', ['text', 'hex']],
    [undefined, 'image/png', ['image', 'hex']],
    [undefined, 'image/svg+xml', ['hex']],
    [undefined, 'text/html', ['hex']],
  ])('%j of type %s is shown as %j', (text, type, expected) => {
    expect(modesOf(body(text, type))).toEqual(expected);
  });

  it('of a form', () => {
    expect(formFields('a=1&b=%3Cb%3E+x&a=2&c')).toEqual({
      fields: [
        ['a', '1'],
        ['b', '<b> x'],
        ['a', '2'],
        ['c', ''],
      ],
      isCut: false,
    });
    const many = formFields('a&'.repeat(5_000));
    expect([many.fields.length, many.isCut]).toEqual([1_024, true]);
    const large = formFields(`a=${'x'.repeat(50_000)}&`.repeat(100));
    expect(large.isCut).toBe(true);
    expect(JSON.stringify(large.fields).length).toBeLessThan(102_000);
  });

  it('of several parts, with and without a preamble, and cut', async () => {
    const form = new FormData();
    form.set('name', 'tea');
    form.set('file', new Blob([new Uint8Array([0xff, 0x00, 0x0d, 0x0a])]), 'a.bin');
    const sent = new Response(form);
    const type = sent.headers.get('content-type') as string;
    const bytes = new Uint8Array(await sent.arrayBuffer());
    const { parts, isCut } = partsOf(bytes, type);
    expect(isCut).toBe(false);
    expect(parts.map(({ text }) => text)).toEqual(['tea', undefined]);
    expect([...(parts[1]?.bytes ?? [])]).toEqual([0xff, 0x00, 0x0d, 0x0a]);
    expect(parts[1]?.head).toContain('filename="a.bin"');
    const preamble = new Uint8Array(Buffer.concat([Buffer.from('preamble\r\n'), bytes]));
    expect(partsOf(preamble, type).parts).toEqual(parts);
    for (let end = 0; end < bytes.length; end++)
      expect(partsOf(bytes.subarray(0, end), type).parts.length).toBeLessThan(3);
    expect(partsOf(bytes.subarray(0, bytes.length - 20), type).parts[0]).toEqual(parts[0]);
    form.set('name', 'é'.repeat(50_000));
    const large = new Response(form);
    const found = partsOf(
      new Uint8Array(await large.clone().arrayBuffer()),
      large.headers.get('content-type') as string,
    );
    expect(found.isCut).toBe(true);
    // The order of a form is kept when a field is set again.
    expect(found.parts[0]).toMatchObject({ size: 100_000, text: 'é'.repeat(5_000) });
  });
});

describe('copied', () => {
  it('as fetch, the program asks for the same and does nothing else', async () => {
    const path = `/"+alert(1)+"\`\${x}</script>`;
    const request = requestOf('1.1', {
      method: 'PUT',
      path,
      headers: { host: 'a', 'x-y': "'\\", cookie: 'no' },
      body: '\u2028',
      bodySize: 3,
    });
    const asked: unknown[] = [];
    const run = new Function('fetch', `return (async () => { ${fetchOf(request)} })()`);
    await run((...all: unknown[]) => asked.push(all));
    expect(asked).toEqual([[`http://a${path}`, { method: 'PUT', headers: { 'x-y': "'\\" }, body: '\u2028' }]]);
  });

  it('as fetch, with the bytes of a binary body', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x27]);
    const binary = { body: bytes.toString('base64'), bodyEncoding: 'base64', bodySize: 3 };
    const asked: { body: Uint8Array }[] = [];
    const run = new Function(
      'fetch',
      `return (async () => { ${fetchOf(requestOf('1.1', { method: 'POST', ...binary }))} })()`,
    );
    await run((_: string, options: { body: Uint8Array }) => asked.push(options));
    expect(Buffer.from(asked[0]?.body ?? [])).toEqual(bytes);
  });

  it.each([
    [{ body: 'x', bodySize: 2, bodyTruncated: true as const }, 'the body is left out: it was not kept whole'],
    [{ body: undefined, bodySize: 2, bodyEncoding: 'binary' }, 'a binary body is left out'],
  ])('says that it is not all: %j', (changes, words) => {
    const { body, ...rest } = changes;
    const request = { ...requestOf('1.1', { method: 'POST', ...rest }), ...(body === undefined ? {} : { body }) };
    if (body === undefined) delete (request as Partial<HttpMessage>).body;
    expect(fetchOf(request)).toMatch(new RegExp(`^// ${words}`));
    expect(fetchOf(request)).not.toContain('body:');
  });
});

it('losses of a message are told in words', () => {
  const message = responseOf('1.1', { incomplete: 'gap', gapBytes: 1, bodyTruncated: true, headersIncomplete: true });
  expect(lossesOf({ ...message, unknownHeaders: 2 })).toEqual([
    'Packets are missing in it',
    '1 byte of it never arrived',
    'Bytes of the body are missing',
    '2 header fields are not known',
  ]);
  expect(lossesOf(responseOf('1.1'))).toEqual([]);
});

it('groups have counts, errors and percentiles by nearest rank', () => {
  const rows = Array.from({ length: 100 }, (_, i) => row(i + 1, { status: i < 3 ? 500 : 200, wait: i + 1, size: 10 }));
  const { groups, bucketMs } = groupsOf(rows, () => 'all', '…');
  const counts = { name: 'all', count: 100, errors: 3, bytes: 1_000, p50: 50, p95: 95, p99: 99, max: 100 };
  expect(groups).toEqual([{ ...counts, trend: expect.anything() }]);
  // A row a second, for 99 s.
  expect(bucketMs).toBe(99_000 / BUCKETS);
  expect(groups[0]?.trend.reduce((sum, count) => sum + count, 0)).toBe(100);
  expect(new Set(groups[0]?.trend)).toEqual(new Set([4, 5]));
  const alone = { name: 'all', count: 1, errors: 0, bytes: 0, trend: [1, ...new Array(BUCKETS - 1).fill(0)] };
  expect(groupsOf([row(1)], () => 'all', '…').groups).toEqual([alone]);
  expect(
    groupsOf(
      Array.from({ length: 5_000 }, (_, n) => row(n)),
      ({ n }) => String(n),
      '…',
    ).groups.length,
  ).toBeLessThanOrEqual(1_001);
});

it('numbers are said as ranges', () => {
  expect(rangesOf([5, 1, 2, 3, 9, 8])).toEqual([
    [1, 3],
    [5, 5],
    [8, 9],
  ]);
});

it('script and style are less than 40 kB together, compressed', () => {
  const { script, style } = readAssets(ASSETS);
  expect(gzipSync(script + style, { level: 9 }).length).toBeLessThan(40_000);
});
