import { describe, expect, it } from 'vitest';
import { validateConfig } from '../../ts/config';
import { readCommandConfig } from '../../ts/config/env';
import { STRICT_NAMES } from '../../ts/config/strict';
import { checkSnifferText } from '../../ts/injector/sniffer-text';
import { rig } from './setup/rig';

const redacted = (redactHeaders: unknown): string[] => validateConfig({ ports: [80], redactHeaders }).redactHeaders;
const byFlag = (text: string, env = {}): unknown => readCommandConfig({ ports: '1', redactHeaders: text }, env).config;
const byVariable = (text: string): unknown => readCommandConfig({ ports: '1' }, { REDACT_HEADERS: text }).config;

describe('redactHeaders', () => {
  it.each([
    [undefined, ['authorization', 'cookie']],
    [['+x-api-key'], ['authorization', 'cookie', 'x-api-key']],
    [
      ['+X-Api-Key', '+x-api-key', '+Set-Cookie'],
      ['authorization', 'cookie', 'x-api-key', 'set-cookie'],
    ],
    [['+Cookie'], ['authorization', 'cookie']],
    [['x-api-key'], ['x-api-key']],
    [['Cookie', 'cookie'], ['cookie']],
    [['a+b'], ['a+b']],
    [['+a+'], ['authorization', 'cookie', 'a+']],
    [[], []],
  ])('%j hides %j', (given, names) => {
    expect(redacted(given)).toEqual(names);
    // A config that has been checked once may be checked again.
    expect(redacted(redacted(given))).toEqual(names);
  });

  it.each([
    [['+x-api-key', 'cookie'], 'not both'],
    [['cookie', '+x-api-key'], 'not both'],
    [['+'], "+name, got '+'"],
    [['++a'], "+name, got '++a'"],
    [['+ a'], "got '+ a'"],
    [['+a b'], "got '+a b'"],
    [['+a:'], "got '+a:'"],
    [[''], "got ''"],
    [['none'], 'in a config it is []'],
    [['+none'], 'in a config it is []'],
    [['None', 'a'], 'stands alone'],
    [[5], 'got 5'],
    ['+a', "got '+a'"],
    ['none', "got 'none'"],
  ])('%j is refused: %s', (given, words) => {
    expect(() => redacted(given)).toThrow(expect.objectContaining({ field: 'redactHeaders' }));
    expect(() => redacted(given)).toThrow(words);
  });

  it.each([
    ['+x-api-key', ['+x-api-key']],
    [' +a , +b ', ['+a', '+b']],
    ['a,b', ['a', 'b']],
    ['none', []],
    [' NONE ', []],
  ])('the text %j is %j, as a flag, a variable and an annotation', (text, names) => {
    expect(byFlag(text)).toMatchObject({ redactHeaders: names });
    expect(byVariable(text)).toMatchObject({ redactHeaders: names });
    expect(checkSnifferText('redactHeaders', text, false)).toBe(text.trim());
  });

  it.each([[','], [' , ,']])('the text %j is refused, and turns nothing off', (text) => {
    expect(() => byFlag(text)).toThrow(/^--redact-headers: must be header names separated by commas, or none/);
    expect(() => byVariable(text)).toThrow(/^REDACT_HEADERS: must be header names/);
    expect(() => checkSnifferText('redactHeaders', text, false)).toThrow('must be header names');
  });

  it.each([['none,a'], ['a,none'], ['+a,b'], ['+']])('the text %j is refused as in a config', (text) => {
    expect(() => validateConfig(byFlag(text))).toThrow(expect.objectContaining({ field: 'redactHeaders' }));
    expect(() => checkSnifferText('redactHeaders', text, false)).toThrow();
  });

  it.each([[''], ['  ']])('an empty variable %j counts as unset, an empty flag turns it off', (text) => {
    expect(byVariable(text)).not.toHaveProperty('redactHeaders');
    expect(byFlag(text, { REDACT_HEADERS: 'a' })).toMatchObject({ redactHeaders: [] });
  });

  it.each([
    [[], { redactHeaders: 'off' }],
    [['+a'], {}],
  ])('%j: the log says at the start that it is off, if it is', async (redactHeaders, fields) => {
    const { sniffer, log } = rig({ redactHeaders, outputStdout: true });
    await sniffer.start();
    expect(log.lines[0]).toMatchObject({ message: 'capture started', ...fields });
    expect(log.lines[0]?.redactHeaders).toBe((fields as { redactHeaders?: string }).redactHeaders);
    expect(log.messages('warn')).toEqual([]);
    await sniffer.stop();
  });

  it('the engine gets the names', async () => {
    const { sniffer, capture: _, captures } = rig({ redactHeaders: ['+X-Api-Key'] });
    await sniffer.start();
    expect(captures[0]?.options.redactHeaders).toEqual(['authorization', 'cookie', 'x-api-key']);
  });
});

describe('redactBody', () => {
  const named = (redactBody: unknown): string[] => validateConfig({ ports: [80], redactBody }).redactBody;

  it('keeps names as they are written, each once', () => {
    expect(named(undefined)).toEqual([]);
    expect(named(['apiKey', 'api_key', 'apiKey', 'größe'])).toEqual(['apiKey', 'api_key', 'größe']);
    expect(readCommandConfig({ ports: '1', redactBody: 'apiKey, pin' }, {}).config).toMatchObject({
      redactBody: ['apiKey', 'pin'],
    });
    expect(readCommandConfig({ ports: '1' }, { REDACT_BODY: 'pin' }).config).toMatchObject({ redactBody: ['pin'] });
    expect(readCommandConfig({ ports: '1', redactBody: '' }, { REDACT_BODY: 'pin' }).config).toMatchObject({
      redactBody: [],
    });
  });

  it.each([[''], [7], [null]])('refuses %j for a name', (name) => {
    expect(() => named([name])).toThrow(/redactBody: each must be the name of a JSON member or a form field, got/);
  });

  it('refuses what is no array', () => {
    expect(() => named('pin')).toThrow('redactBody: must be an array of names of JSON members and form fields');
  });
});

describe('redact', () => {
  const strict = (more: object = {}) => validateConfig({ ports: [80], redact: 'strict', ...more });

  it('adds nothing by default', () => {
    const config = validateConfig({ ports: [80], redact: 'default' });
    expect(config).toEqual(validateConfig({ ports: [80] }));
    expect(config).toMatchObject({ redactHeaders: ['authorization', 'cookie'], redactQuery: [], redactBody: [] });
  });

  it('adds names to all three lists with strict', () => {
    const { redactHeaders, redactQuery, redactBody } = strict();
    expect(redactHeaders).toEqual(expect.arrayContaining(['authorization', 'cookie', 'set-cookie', 'x-api-key']));
    expect(redactQuery).toEqual(expect.arrayContaining(['access_token', 'x-amz-signature']));
    expect(redactBody).toEqual(expect.arrayContaining(['password', 'accessToken', 'cardNumber']));
  });

  it.each([
    [{ redactHeaders: ['+x-mine'] }, 'redactHeaders', ['x-mine']],
    [{ redactHeaders: ['X-Mine'] }, 'redactHeaders', ['x-mine']],
    [{ redactHeaders: [] }, 'redactHeaders', []],
    [{ redactQuery: ['Mine', 'token'] }, 'redactQuery', ['mine']],
    [{ redactBody: ['mine', 'password'] }, 'redactBody', ['mine']],
    [{ redactBody: [] }, 'redactBody', []],
  ] as const)('adds %j to the names of strict, each once', (given, field, added) => {
    expect(strict(given)[field]).toEqual([...strict()[field], ...added]);
  });

  it('may be checked twice', () => {
    expect(validateConfig(strict({ redactHeaders: ['+a'] }))).toEqual(strict({ redactHeaders: ['+a'] }));
  });

  it('has names that each list takes, none of them twice', () => {
    const { redactHeaders, redactQuery, redactBody } = STRICT_NAMES;
    expect(validateConfig({ ports: [80], redactHeaders, redactQuery, redactBody })).toMatchObject(STRICT_NAMES);
    for (const names of Object.values(STRICT_NAMES)) {
      const folded = names.map((name) => name.toLowerCase().replace(/[-_]/g, ''));
      expect(new Set(folded).size).toBe(folded.length);
    }
  });

  it('comes by flag, variable and annotation, and no other word does', () => {
    expect(readCommandConfig({ ports: '1', redact: 'strict' }, {}).config).toMatchObject({ redact: 'strict' });
    expect(readCommandConfig({ ports: '1' }, { REDACT: 'strict' }).config).toMatchObject({ redact: 'strict' });
    expect(checkSnifferText('redact', 'strict', false)).toBe('strict');
    expect(() => checkSnifferText('redact', 'stricter', false)).toThrow('default, strict');
    expect(() => validateConfig({ ports: [80], redact: true })).toThrow('one of default, strict');
  });
});
