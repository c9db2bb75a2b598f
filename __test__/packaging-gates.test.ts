// The gates in front of a release, on what readelf and objdump say.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error scripts have no types
import * as gates from '../packaging/gates.mjs';

const { compareVersions, complaints, listComplaints, neededLibraries, newestGlibc, undefinedSymbols } = gates;

const needed = (...names: string[]) =>
  names.map((name) => ` 0x0000000000000001 (NEEDED)             Shared library: [${name}]`).join('\n');

const ENTRY = '00000000000f1f40 g    DF .text\t0000000000003fcf  Base        napi_register_module_v1';
const undefinedSymbol = (name: string, version = '') =>
  `0000000000000000      DF *UND*\t0000000000000000 ${version.padEnd(13)} ${name}`;
const WEAK = '0000000000000000  w   D  *UND*\t0000000000000000              __gmon_start__';

const GNU = { libc: 'gnu', glibcFloor: '2.17' };
const MUSL = { libc: 'musl', glibcFloor: '2.17' };

/** An addon for glibc that may be published, but for what is given. */
const facts = ({ libraries = ['libc.so.6', 'ld-linux-x86-64.so.2'], symbols = [] as string[] } = {}) => ({
  dynamicSection: needed(...libraries),
  dynamicSymbols: [undefinedSymbol('memcpy', '(GLIBC_2.14)'), WEAK, ...symbols, ENTRY].join('\n'),
});

describe('readers', () => {
  it('needed libraries', () => {
    expect(neededLibraries(needed('libc.so.6', 'libpcap.so.0.8'))).toEqual(['libc.so.6', 'libpcap.so.0.8']);
  });

  it.each([
    ['2.9', '2.17', -1],
    ['2.17', '2.17', 0],
    ['2.2.5', '2.3', -1],
    ['2.34', '2.4', 1],
  ])('glibc %s against %s', (a, b, sign) => expect(Math.sign(compareVersions(a, b))).toBe(sign));

  it('the newest glibc, by its numbers', () => {
    const symbols = [undefinedSymbol('a', '(GLIBC_2.9)'), undefinedSymbol('b', '(GLIBC_2.17)')].join('\n');
    expect(newestGlibc(symbols)).toBe('2.17');
    expect(newestGlibc(WEAK)).toBeUndefined();
  });

  it('undefined symbols with their versions, without the weak ones', () => {
    const symbols = [undefinedSymbol('memcpy', '(GLIBC_2.14)'), WEAK, undefinedSymbol('pcap_open_live'), ENTRY];
    expect(undefinedSymbols(symbols.join('\n'))).toEqual([
      { name: 'memcpy', version: 'GLIBC_2.14' },
      { name: 'pcap_open_live', version: undefined },
    ]);
  });
});

describe('an addon', () => {
  it('that needs libc alone passes', () => {
    expect(complaints(facts(), GNU)).toEqual([]);
    expect(complaints({ dynamicSection: needed('libc.so'), dynamicSymbols: ENTRY }, MUSL)).toEqual([]);
  });

  it.each([
    ['needs libpcap', facts({ libraries: ['libc.so.6', 'libpcap.so.0.8'] }), GNU, 'libpcap.so.0.8'],
    ['needs D-Bus', facts({ libraries: ['libc.so.6', 'libdbus-1.so.3'] }), GNU, 'libdbus-1.so.3'],
    ['needs C++', facts({ libraries: ['libc.so.6', 'libstdc++.so.6'] }), GNU, 'libstdc++.so.6'],
    ['asks for a newer glibc', facts({ symbols: [undefinedSymbol('x', '(GLIBC_2.34)')] }), GNU, '2.34'],
    ['has no libpcap inside', facts({ symbols: [undefinedSymbol('pcap_create')] }), GNU, 'pcap_create'],
    ['has a symbol nobody has', facts({ symbols: [undefinedSymbol('napi_new')] }), GNU, 'napi_new'],
    ['was linked to glibc and not musl', facts(), MUSL, 'glibc 2.14'],
    ['is no addon', { ...facts(), dynamicSymbols: undefinedSymbol('f', '(GLIBC_2.2.5)') }, GNU, 'not exported'],
    ['readelf did not understand', { ...facts(), dynamicSection: '' }, GNU, 'readelf'],
    ['objdump did not understand', { ...facts(), dynamicSymbols: ENTRY }, GNU, 'objdump'],
  ])('that %s fails', (_, found, limits, word) => {
    expect(complaints(found, limits).join('\n')).toContain(word);
  });
});

it('a tarball holds what is listed, no more and no less', () => {
  expect(listComplaints(['a', 'b'], ['b', 'a'])).toEqual([]);
  expect(listComplaints(['a', 'dist/x.node'], ['a', 'b'])).toEqual([
    'b is on the list and missing',
    'dist/x.node is not on the list',
  ]);
});

const ROOT = join(__dirname, '..');
const json = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

it.each(['.', ...readdirSync(join(ROOT, 'npm')).map((folder) => `npm/${folder}`)])(
  'nobody publishes from %s by accident',
  (folder) => {
    const { private: isPrivate, version, publishConfig } = json(`${folder}/package.json`);
    expect({ isPrivate, version, publishConfig }).toEqual({ isPrivate: true, version: json('package.json').version });
  },
);

it('what is installed along runs on the oldest Node that is promised', () => {
  interface Locked {
    dev?: boolean;
    devOptional?: boolean;
    engines?: { node?: string };
  }
  const promised = /^>=(\d+)$/.exec(json('package.json').engines.node)?.[1];
  const locked = Object.entries<Locked>(json('package-lock.json').packages);
  const needs = locked.flatMap(([path, { dev, devOptional, engines }]) =>
    path === '' || dev || devOptional || !engines?.node ? [] : [{ path, node: engines.node }],
  );
  expect(needs.length).toBeGreaterThan(0);
  for (const { path, node } of needs) {
    const least = /^>= ?(\d+(?:\.\d+)*)(?:\.x)?$/.exec(node)?.[1];
    expect(least, `${path} wants ${node}, which this test does not understand`).toBeDefined();
    expect(compareVersions(least, `${promised}.0.0`), `${path} wants ${node}`).toBeLessThanOrEqual(0);
  }
});
