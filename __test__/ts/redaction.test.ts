import { describe, expect, it } from 'vitest';
import { validateConfig } from '../../ts/config';
import { readCommandConfig } from '../../ts/config/env';
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
    // What has been checked once may be checked again.
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
