/** `tcp-sniffer openapi` and `compare --openapi` as processes: what they read, write and refuse, and by which code. */

import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FIXTURES, linesOf as rowsOf, runCli } from '../live/harness.js';
import { linesOf } from './exchanges.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-openapi-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(at(name), content);
  return at(name);
};

const savefile = join(FIXTURES, 'shop.pcap');
const SECRET = 'hunter2-hunter2';
const shop = file(
  'shop.jsonl',
  linesOf([
    { path: '/orders/17?page=2', answered: { id: 17, customer: 'Ada' } },
    { method: 'POST', path: '/orders', status: 201, asked: { item: 1, note: SECRET }, answered: { id: 18 } },
    { method: 'POST', path: '/login', asked: { password: SECRET }, answered: {} },
  ]),
);
const document = at('shop.json');

describe('openapi', () => {
  it('writes the same document for the same capture, byte by byte, and a merge of it changes nothing', async () => {
    const first = await runCli(['openapi', '--ports', '8080', savefile]);
    expect(first.code).toBe(0);
    const earlier = file('earlier.json', first.stdout);
    expect((await runCli(['openapi', '--ports', '8080', savefile, '--merge', earlier])).stdout).toBe(first.stdout);
    expect(Object.keys(JSON.parse(first.stdout).paths)).toContain('/orders');
  });

  it('reads lines, from stdin too, and writes a file in place of the one that it widens', async () => {
    expect(await runCli(['openapi', shop, '-o', document])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const more = linesOf([
      { path: '/orders/18', answered: { id: 'x18' } },
      { path: '/stock', answered: [] },
    ]);
    const { code } = await runCli(['openapi', '--read', '-', '--merge', document, '-o', document], {
      input: more,
    });
    expect(code).toBe(0);
    const { paths } = JSON.parse(readFileSync(document, 'utf8'));
    expect(Object.keys(paths)).toEqual(['/login', '/orders', '/orders/{orderId}', '/stock']);
    const { schema } = paths['/orders/{orderId}'].get.responses[200].content['application/json'];
    expect(schema).toEqual({
      type: 'object',
      properties: { customer: { type: 'string' }, id: { type: ['integer', 'string'] } },
      required: ['id'],
    });
  });

  it('has captured values only as examples, and hides what is hidden elsewhere', async () => {
    const { stdout } = await runCli(['openapi', shop]);
    expect(stdout).not.toMatch(/Ada|hunter2|"17"|: 17/);
    const examples = at('examples.yaml');
    const args = ['openapi', '--ports', '8080', savefile, '--examples', '--redact-body', 'name', '-o', examples];
    expect((await runCli(args)).code).toBe(0);
    const text = readFileSync(examples, 'utf8');
    const schema = parse(text).paths['/products'].get.responses['200'].content['application/json'].schema;
    expect(schema.items.properties.id.examples.length).toBeGreaterThan(0);
    expect(schema.items.properties.name).toEqual({});
    expect(statSync(examples).mode & 0o777).toBe(0o600);
  });

  it('keeps who may read a file, and lets only its owner read examples that come from another one', async () => {
    const modeOf = (name: string): number => statSync(at(name)).mode & 0o777;
    expect((await runCli(['openapi', shop, '--examples', '-o', at('own.json')])).code).toBe(0);
    expect((await runCli(['openapi', shop, '--merge', at('own.json'), '-o', at('own.json')])).code).toBe(0);
    file('public.json', '{"openapi":"3.1.0"}');
    chmodSync(at('public.json'), 0o640);
    expect((await runCli(['openapi', shop, '-o', at('public.json')])).code).toBe(0);
    expect([modeOf('own.json'), modeOf('public.json')]).toEqual([0o600, 0o640]);
    for (const name of ['public.json', 'new.json'])
      expect((await runCli(['openapi', shop, '--merge', at('own.json'), '-o', at(name)])).code).toBe(0);
    expect([modeOf('public.json'), modeOf('new.json')]).toEqual([0o600, 0o600]);
  });

  it('says what it leaves out', async () => {
    const lines = file(
      'left.jsonl',
      linesOf([
        { path: '/no', status: 404 },
        { method: 'PURGE', path: '/a' },
      ]),
    );
    const { code, stdout, stderr } = await runCli(['openapi', lines]);
    const [first = '', second = ''] = rowsOf(stderr);
    expect([code, JSON.parse(stdout).paths]).toEqual([0, {}]);
    expect(JSON.parse(first)).toMatchObject({ method: 1, notThere: 1 });
    expect(JSON.parse(second).message).toContain('the document is empty');
  });

  it.each([
    [['openapi', '--prots', '80', shop], 'USAGE', "unknown option '--prots'"],
    [['--ports', '80', 'openapi', shop], 'USAGE', '--ports stands before openapi'],
    [['openapi', shop, '--format', 'xml'], 'USAGE', '--format'],
    [['openapi', shop, '--merge', 'a', '--merge', 'b'], 'USAGE', '--merge is given twice'],
    [['openapi', savefile], 'INVALID_CONFIG', '--ports'],
    [['openapi', shop, '--duration', '5s'], 'INVALID_CONFIG', '--duration'],
    [['openapi', shop, '--merge', at('nothing.json')], 'INVALID_CONFIG', 'nothing.json'],
    [['openapi', shop, '--merge', shop], 'INVALID_CONFIG', 'is not JSON'],
    [['openapi', shop, '-o', shop], 'INVALID_CONFIG', 'is not a document of OpenAPI, and would be lost'],
    [['openapi', shop, '-o', folder], 'INVALID_CONFIG', 'is a folder'],
    [['compare', '--openapi', at('nothing.json'), shop], 'INVALID_CONFIG', 'nothing.json'],
    [['compare', '--openapi', document], 'USAGE', "missing required argument 'captures'"],
    [['compare', '--openapi', file('swagger.json', '{"swagger":"2.0"}'), shop], 'INVALID_CONFIG', 'is Swagger 2.0'],
    [
      ['compare', '--openapi', file('outside.yaml', 'openapi: 3.1.0\npaths: { /a: { $ref: "b.yaml#/a" } }'), shop],
      'INVALID_CONFIG',
      'nothing is fetched',
    ],
  ])('refuses %j', async (args, reason, words) => {
    const { code, stdout, stderr } = await runCli(args);
    const [complaint = ''] = rowsOf(stderr);
    expect([code, stdout, JSON.parse(complaint).code]).toEqual([1, '', reason]);
    expect(JSON.parse(complaint).message).toContain(words);
  });
});

describe('compare --openapi', () => {
  const against = (text: string): string => file('against.yaml', text);

  it('says that a capture fits its own document', async () => {
    const { stdout: own } = await runCli(['openapi', '--ports', '8080', savefile]);
    const { code, stdout } = await runCli(['compare', '--openapi', file('own.json', own), '--ports', '8080', savefile]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('Every exchange fits the document')]);
  });

  it('says no more than that if something could not be checked', async () => {
    const { stdout: own } = await runCli(['openapi', shop]);
    const pattern = own.replace(/("customer": \{)/, '$1 "pattern": "(?=A)",');
    const { stdout } = await runCli(['compare', '--openapi', file('pattern.json', pattern), shop]);
    expect(stdout).toContain('lookaround or backreferences: 1');
    expect(stdout).toContain('Nothing that was checked differs');
    expect(stdout).not.toContain('Every exchange');
  });

  it('names what does not, counted, in rows of 80 columns, and no value', async () => {
    const spec = against(`
openapi: 3.0.3
info: { title: shop, version: '1' }
servers: [{ url: 'https://shop.example/' }]
paths:
  /orders/{id}:
    get:
      parameters: [{ name: id, in: path, required: true, schema: { type: integer, maximum: 10 } }]
      responses: { '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } } }
  /orders:
    post:
      requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } } }
      responses: { '200': { description: ok } }
components:
  schemas:
    Order: { type: object, required: [total], properties: { id: { type: integer }, note: { type: string, maxLength: 3 } } }
`);
    const { code, stdout, stderr } = await runCli(['compare', '--openapi', spec, shop]);
    expect([code, stderr]).toEqual([0, '']);
    expect(Math.max(...rowsOf(stdout).map((row) => row.length))).toBeLessThanOrEqual(80);
    expect(rowsOf(stdout).filter((row) => /^[A-Z]{2}/.test(row))).toEqual([
      'UNDOCUMENTED ENDPOINT  POST /login (1)',
      'UNDOCUMENTED STATUS  POST /orders 201 (1)',
      'PARAMETER  GET /orders/{id} path id: maximum (1)',
      'PARAMETER  GET /orders/{id} query page: undocumented (1)',
      'BODY  POST /orders request / required total (1)',
      'BODY  POST /orders request /note maxLength (1)',
      'BODY  GET /orders/{id} 200 / required total (1)',
    ]);
    const { stdout: json } = await runCli(['compare', '--openapi', spec, shop, '--format', 'json']);
    for (const text of [stdout, json]) expect(text).not.toMatch(/Ada|hunter2/);
    expect(JSON.parse(json)).toMatchObject({ exchanges: 3, operations: 2, operationsSeen: 2, moreFindings: 0 });
  });

  it('has documented fields in JSON, and no others', async () => {
    const spec = against('openapi: 3.1.0\npaths: {}');
    const { stdout } = await runCli(['compare', '--openapi', spec, shop, '--format', 'json']);
    const docs = readFileSync(join(FIXTURES, '../docs/openapi.md'), 'utf8');
    const names = new Set<string>();
    JSON.stringify(JSON.parse(stdout), (key, value) => {
      if (/^[a-z]/i.test(key)) names.add(key);
      return value;
    });
    expect([...names].filter((name) => !docs.includes(`\`${name}\``))).toEqual([]);
  });
});
