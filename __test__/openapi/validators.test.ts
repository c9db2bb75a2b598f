/** The values and texts that fit, and the cost of hostile documents and values. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ValidationError } from '../../ts/errors.js';
import { Contract } from '../../ts/openapi/contract.js';
import { hasExamples } from '../../ts/openapi/document.js';
import { readDocument } from '../../ts/openapi/source.js';
import { type AjvClass, requireAjv, Validators } from '../../ts/openapi/validators.js';
import { checked, infer, linesOf } from './exchanges.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-validators-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Json = Record<string, unknown>;

const documentOf = (paths: Json, rest: Json = {}): never =>
  ({ openapi: '3.1.0', info: { title: 'a', version: '1' }, paths, ...rest }) as never;
const answering = (schema: unknown): Json => ({
  get: { responses: { 200: { description: 'ok', content: { 'application/json': { schema } } } } },
});
const asking = (schema: unknown): Json => ({
  get: { parameters: [{ name: 'q', in: 'query', schema }], responses: { 200: { description: 'ok' } } },
});

async function keywordsOf(schema: unknown, answered: unknown, rest: Json = {}): Promise<string[]> {
  const { findings } = await checked(
    documentOf({ '/a': answering(schema) }, rest),
    linesOf([{ path: '/a', answered }]),
  );
  return findings.map(({ pointer, keyword }) => `${pointer} ${keyword}`);
}

describe('values', () => {
  it('are checked by each pattern of the document', async () => {
    const schema = {
      properties: { a: { pattern: '^a+$' }, b: { pattern: '^b+$' } },
      patternProperties: { '^q': { type: 'string' }, '^n': { type: 'integer' } },
    };
    expect(await keywordsOf(schema, { a: 'aa', b: 'bb', q: 'x', n: 1 })).toEqual([]);
    expect(await keywordsOf(schema, { a: 'bb', b: 'aa', q: 1, n: 'x' })).toEqual([
      '/* type',
      '/a pattern',
      '/b pattern',
    ]);
  });

  it('have their lengths in characters, and unique items', async () => {
    const schema = { prefixItems: [{ minLength: 2 }, { maxLength: 2 }, { uniqueItems: true }] };
    expect(await keywordsOf(schema, ['💚💚', '💚💚', [{ a: 1, b: 2 }, 1]])).toEqual([]);
    expect(
      await keywordsOf(schema, [
        '💚',
        '💚💚💚',
        [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      ]),
    ).toEqual(['/* maxLength', '/* minLength', '/* uniqueItems']);
  });
});

describe('texts', () => {
  const misfit = async (schema: unknown, text: string): Promise<string[] | 'not checked'> => {
    const lines = linesOf([{ path: `/a?q=${encodeURIComponent(text)}` }]);
    const { findings, check } = await checked(documentOf({ '/a': asking(schema) }), lines);
    return check.notChecked.schema > 0 ? 'not checked' : findings.map(({ keyword }) => `${keyword}`);
  };

  it('of a name in brackets are those of the parameter that has them', async () => {
    const lines = linesOf(['ids[]=1&ids[]=2', 'ids[]=3', 'ids=x'].map((query) => ({ path: `/a?${query}` })));
    expect((await checked(infer(lines).document, lines)).findings).toEqual([]);
    const document = documentOf({ '/a': asking({ type: 'array', items: { type: 'integer' } }) });
    expect((await checked(document, linesOf([{ path: '/a?q[]=1&q[]=2' }]))).findings).toEqual([]);
  });

  it.each<[schema: Json, text: string, expected: string[] | 'not checked']>([
    [{ oneOf: [{ type: 'integer' }, { type: 'string' }] }, '17', []],
    [{ oneOf: [{ type: 'integer' }, { type: 'boolean' }] }, 'a', ['oneOf', 'type']],
    [{ enum: [1, 2] }, '1', []],
    [{ enum: [1, 2] }, '3', ['enum']],
    [{ enum: ['1e3'] }, '1e3', []],
    [{ const: true }, 'true', []],
    [{ type: 'integer', enum: [1, 2] }, '2', []],
    [
      {
        anyOf: [
          { type: 'integer', maximum: 5 },
          { type: 'string', pattern: '^007$' },
        ],
      },
      '007',
      [],
    ],
    [{ anyOf: [{ type: 'boolean' }, { type: 'string', enum: ['1'] }] }, '1', []],
    [{ not: { type: 'integer' } }, '17', []],
    [{ type: 'integer', not: { enum: [17] } }, '17', 'not checked'],
    [{ type: 'integer', not: { enum: [17] } }, 'a', ['type']],
    [{ type: 'array', items: { type: 'integer' } }, '17', []],
    [{ type: 'array', items: { type: 'integer' } }, 'a', ['type']],
  ])('of %j: %s', async (schema, text, expected) => {
    expect(await misfit(schema, text)).toEqual(expected);
  });
});

describe('repeated texts', () => {
  const misfits = async (schema: unknown, query: string): Promise<string[] | 'not checked'> => {
    const { findings, check } = await checked(documentOf({ '/a': asking(schema) }), linesOf([{ path: `/a?${query}` }]));
    return check.notChecked.schema > 0 ? 'not checked' : findings.map(({ keyword }) => `${keyword}`);
  };
  const number = { type: 'integer', maximum: 5 };
  const word = { type: 'string', pattern: '^(?:00\\d|[a-z]+)$' };
  const items = (...branches: Json[]): Json => ({ type: 'array', items: { oneOf: branches } });

  it.each<[schema: Json, query: string, expected: string[] | 'not checked']>([
    [items(number, word), 'q=3&q=ab', []],
    [items(word, number), 'q=3&q=ab', []],
    [items(number, word), 'q=ab&q=007&q=4', []],
    [items(word, { type: 'boolean' }), 'q=true&q=ab&q=false', []],
    [items(number, word), 'q=007', []],
    [items(number, word), 'q=3&q=AB', ['oneOf', 'pattern', 'type']],
    [items(number, { type: 'boolean' }), 'q=ab', ['oneOf', 'type']],
    [{ type: 'array', items: { anyOf: [number, word] } }, 'q=007&q=4', []],
    [{ type: 'array', maxItems: 1, items: { oneOf: [number, word] } }, 'q=007&q=4', ['maxItems']],
    [{ ...items(number, word), uniqueItems: true }, 'q=007&q=007', ['uniqueItems']],
  ])('of %j: %s', async (schema, query, expected) => {
    const found = await misfits(schema, query);
    expect(Array.isArray(found) ? [...new Set(found)].sort() : found).toEqual(expected);
  });

  it('of the fields of a form are read each by itself', async () => {
    const schema = { type: 'object', properties: { a: items(number, word), b: { oneOf: [word, number] } } };
    const content = { 'application/x-www-form-urlencoded': { schema } };
    const document = documentOf({
      '/a': { post: { requestBody: { content }, responses: { 200: { description: 'ok' } } } },
    });
    const found = async (form: string): Promise<string[]> => {
      const { findings } = await checked(document, linesOf([{ method: 'POST', path: '/a', form }]));
      return [...new Set(findings.map(({ pointer }) => `${pointer}`))];
    };
    expect(await found('a=007&a=3&b=4')).toEqual([]);
    expect(await found('a=007&b=007')).toEqual([]);
    expect(await found('a=007&a=9&b=4')).toEqual(['/a/*']);
  });
});

describe('captured values', () => {
  it('are in examples, and not in what has the name of one', () => {
    const named = documentOf({ '/example': answering({ properties: { example: { type: 'string' }, examples: {} } }) });
    const parameters = { example: { name: 'example', in: 'query', schema: { type: 'string' } } };
    expect(hasExamples(named)).toBe(false);
    expect(hasExamples(documentOf({}, { components: { parameters, schemas: { examples: {} } } }))).toBe(false);
    for (const schema of [{ example: 1 }, { examples: [1] }, { properties: { properties: { example: 1 } } }])
      expect(hasExamples(documentOf({ '/a': answering(schema) }))).toBe(true);
    expect(hasExamples(documentOf({}, { components: { examples: { a: { value: 1 } } } }))).toBe(true);
  });
});

describe('hostile values', () => {
  const ref = { $ref: '#/components/schemas/Node' };
  const branch = (kind: string): Json => ({
    type: 'object',
    properties: { kind: { const: kind }, children: { type: 'array', items: ref } },
  });
  const schemas = { Node: { oneOf: [branch('file'), branch('folder')] } };
  const nested = (depth: number): Json => {
    let value: Json = { kind: 'file' };
    for (let level = 0; level < depth; level++) value = { kind: 'file', children: [value] };
    return value;
  };

  it('end soon where a schema refers to itself twice, and are counted', async () => {
    const document = documentOf({ '/a': answering(ref) }, { components: { schemas } });
    const shallow = await checked(document, linesOf([{ path: '/a', answered: nested(6) }]));
    expect([shallow.findings, shallow.check.notChecked.schema]).toEqual([[], 0]);
    // Without a limit this takes longer than any test may.
    const deep = await checked(document, linesOf([{ path: '/a', answered: nested(40) }]));
    expect([deep.findings, deep.check.notChecked.schema]).toEqual([[], 1]);
  });

  it('are looked at whole, if they are large and flat', async () => {
    const answered = Array.from({ length: 20_000 }, (_, index) => ({
      kind: 'folder',
      children: [{ kind: `${index}` }],
    }));
    const document = documentOf({ '/a': answering({ items: ref }) }, { components: { schemas } });
    const { findings, check } = await checked(document, linesOf([{ path: '/a', answered }]));
    expect([findings.length > 0, check.notChecked.schema]).toEqual([true, 0]);
  });
});

describe('hostile documents', () => {
  const schemaRef = (name: number): Json => ({ $ref: `#/components/schemas/s${name}` });

  it('may have long chains of references', async () => {
    const links = Array.from({ length: 5_000 }, (_, index) => [`s${index}`, schemaRef(index + 1)]);
    const schemas = { ...Object.fromEntries(links), s5000: { type: 'string' } };
    const document = documentOf({ '/a': answering(schemaRef(0)) }, { components: { schemas } });
    const { findings, check } = await checked(document, linesOf([{ path: '/a', answered: 1 }]));
    expect([findings, check.notChecked.schema]).toEqual([[], 1]);
  });

  it('define an object once, however many refer to it', () => {
    const parameters = Array.from({ length: 50 }, (_, index) => ({ name: `p${index}`, in: 'query', schema: {} }));
    const paths = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`/p${index}`, { $ref: '#/shared' }]));
    const document = documentOf(paths, { shared: { get: { parameters, responses: {} } } });
    const contract = new Contract(document, '--openapi');
    expect([contract.operations.length, Object.keys(contract.schemas.definitions).length]).toEqual([50, 50]);
    expect(() => new Contract(document, '--openapi', { schemas: 49 })).toThrow(ValidationError);
    expect(() => new Contract(document, '--openapi', { parts: 2_499 })).toThrow(ValidationError);
    expect(() => new Contract(document, '--openapi', { schemas: 50, parts: 2_500 })).not.toThrow();
  });

  it('are refused by name if they are nested deep', async () => {
    const file = join(folder, 'deep.json');
    const schema = `${'{"items":'.repeat(4_000)}{}${'}'.repeat(4_000)}`;
    writeFileSync(file, `{"openapi":"3.1.0","paths":{},"components":{"schemas":{"a":${schema}}}}`);
    await expect(readDocument(file, '--openapi')).rejects.toThrow(/deep\.json' is nested deeper than 500 levels/);
  });

  it('that cannot be added are looked through once', async () => {
    const Ajv = await requireAjv('--openapi');
    let walks = 0;
    class Counting extends Ajv {
      override addSchema(...args: Parameters<InstanceType<AjvClass>['addSchema']>): this {
        if (args[1] === 'tcp-sniffer:document') walks++;
        super.addSchema(...args);
        return this;
      }
    }
    const definitions = { 0: { $id: 'a', type: 'string' }, 1: { $id: 'a', type: 'number' } };
    const validators = new Validators(Counting, definitions);
    expect([validators.misfits('0', 1, 1), validators.misfits('1', 1, 1)]).toEqual([undefined, undefined]);
    expect([walks, validators.broken.size]).toEqual([1, 2]);
  });
});

describe('what the user has to install', () => {
  it('is named by the refusal', async () => {
    await expect(requireAjv('--openapi', async () => undefined)).rejects.toThrow(/npm install ajv@8/);
    const file = join(folder, 'a.yaml');
    writeFileSync(file, 'openapi: 3.1.0');
    await expect(readDocument(file, '--openapi', async () => undefined)).rejects.toThrow(/npm install yaml@2/);
  });
});

describe('marks of OpenAPI', () => {
  it('are followed: nullable of 3.0, readOnly and writeOnly', async () => {
    const old = { openapi: '3.0.3' };
    expect(await keywordsOf({ type: 'string', nullable: true }, null, old)).toEqual([]);
    expect(await keywordsOf({ type: 'string' }, null, old)).toEqual([' type']);
    const schema = {
      required: ['id', 'password'],
      properties: { id: { readOnly: true }, password: { writeOnly: true } },
    };
    const operation = {
      post: {
        requestBody: { content: { 'application/json': { schema } } },
        responses: { 200: { description: 'ok', content: { 'application/json': { schema } } } },
      },
    };
    const lines = linesOf([{ method: 'POST', path: '/a', asked: {}, answered: {} }]);
    const { findings } = await checked(documentOf({ '/a': operation }), lines);
    expect(findings.map(({ in: place, keyword, name }) => [place, keyword, name])).toEqual([
      ['request', 'required', 'password'],
      ['response', 'required', 'id'],
    ]);
  });
});
