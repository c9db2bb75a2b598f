/** `fields`: its names are those of `HttpMessage` and of the engine, and what needs whole messages is refused beside it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { validateConfig } from '../../ts/config';
import { readCommandConfig } from '../../ts/config/env';
import { COMPANIONS, MESSAGE_FIELDS } from '../../ts/config/fields';
import { ValidationError } from '../../ts/errors';
import { rig } from './setup/rig';

const fileOf = (path: string): string => readFileSync(join(__dirname, '../..', path), 'utf8');

const checked = (fields: unknown, more: object = {}): unknown =>
  validateConfig({ ports: [80], fields, ...more }).fields;

const complaint = (fields: unknown, more: object = {}): string => {
  try {
    checked(fields, more);
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationError);
    return (error as Error).message;
  }
  return '';
};

it('its names are those of the engine', () => {
  const source = fileOf('src/message/members.rs');
  const [, always = ''] = /ALWAYS: .* = \[(.*)\];/.exec(source) ?? [];
  const ofEngine = [...always.matchAll(/"(\w+)"/g), ...source.matchAll(/^ {4}\("(\w+)", Member::/gm)];
  expect([...MESSAGE_FIELDS].sort()).toEqual(ofEngine.map(([, name]) => name).sort());
});

it('the names and what comes with them are the documented fields of a message', () => {
  const shapes = fileOf('ts/types.ts').matchAll(/export interface (?:MessageFields|Http\w+)[^{]*\{([\s\S]*?)\n\}/g);
  const documented = [...shapes].flatMap(([, shape = '']) => [...shape.matchAll(/^ {2}(\w+)\??:/gm)]);
  expect([...MESSAGE_FIELDS, ...COMPANIONS.keys()].sort()).toEqual(
    [...new Set(documented.map(([, name]) => name))].sort(),
  );
});

it('what comes by itself is documented so', () => {
  const [, section = ''] = fileOf('docs/privacy.md').split(/^## Only some fields$/m);
  const [table = ''] = section.split(/^## /m);
  const rows = table.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| ((?:`\w+`(?:, )?)+) \|$/gm);
  const namesIn = (cell = ''): string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => `${name}`);
  const documented = [...rows].flatMap(([, names, others]) => namesIn(names).map((name) => [name, namesIn(others)]));
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(COMPANIONS));
});

describe('the option', () => {
  it('keeps each name once; without it there is none', () => {
    expect(checked(undefined)).toBeUndefined();
    expect(checked([])).toEqual([]);
    expect(checked(['path', 'method', 'path', 'id'])).toEqual(['path', 'method', 'id']);
    expect(checked(MESSAGE_FIELDS)).toEqual(MESSAGE_FIELDS);
  });

  it('is a flag and a variable', () => {
    const read = (flags: object, env = {}): unknown => readCommandConfig({ ports: '1', ...flags }, env).config.fields;
    expect(read({ fields: 'path, method' })).toEqual(['path', 'method']);
    expect(read({ fields: '' })).toEqual([]);
    expect(read({}, { FIELDS: 'path' })).toEqual(['path']);
    expect(read({}, { FIELDS: '' })).toBeUndefined();
  });

  it('names the nearest of a name that is not known', () => {
    expect(complaint(['statuscode'])).toBe(
      "fields: each must be the name of a field of a message, got 'statuscode'; did you mean statusCode?",
    );
    expect(complaint(['path', 'xyzzy'])).toBe("fields: each must be the name of a field of a message, got 'xyzzy'");
    expect(complaint([7])).toBe('fields: each must be the name of a field of a message, got 7');
    expect(complaint('path')).toMatch(/^fields: must be an array of names of fields of a message, got/);
  });

  it.each([...COMPANIONS])('says with what %s comes', (name, others) => {
    expect(complaint([name])).toBe(`fields: ${name} is not named by itself: it comes with ${others.join(', ')}`);
  });

  it.each([
    { filter: 'status=5xx' },
    { maxExchanges: 3 },
    { harFile: 'a.har' },
    { htmlFile: 'a.html' },
    { view: true },
    { outputOtlp: 'http://127.0.0.1:4318' },
    { metricsByEndpoint: true },
  ])('is refused beside %j', (other) => {
    const [name] = Object.keys(other);
    expect(complaint(['path'], other)).toContain(`fields: cannot be given with ${name}, which needs whole messages`);
    expect(complaint(undefined, other)).toBe('');
  });

  it('goes with the outputs that take lines as they are, and with what the engine decides', () => {
    const others = {
      outputUrl: 'http://127.0.0.1:9/',
      outputStdout: true,
      view: false,
      metricsByEndpoint: false,
      include: [{ path: '/a' }],
    };
    expect(complaint(['path'], others)).toBe('');
  });

  it('the engine gets it, and nothing if it is left out', async () => {
    const some = rig({ fields: ['path'] });
    await some.sniffer.start();
    expect(some.captures[0]?.options.fields).toEqual(['path']);
    const all = rig({});
    await all.sniffer.start();
    expect(all.captures[0]?.options).not.toHaveProperty('fields');
  });
});
