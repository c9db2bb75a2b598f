// Who imports whom in ts/: no circle among files, and no folder imports from one above it.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = join(__dirname, '../../ts');

/** From the bottom up. A folder imports from itself and from those before it. */
const LAYERS = [
  '',
  'native',
  'filter',
  'keylog',
  'config',
  'exchange',
  'trigger',
  'trace',
  'pseudonym',
  'compare',
  'openapi',
  'http-server',
  'outputs',
  'page',
  'run',
  'injector',
  'command',
  'entry',
];
const ENTRIES = ['index.ts', 'cli.ts'];

const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) => /(?<!\.d)\.tsx?$/.test(name));

const layerOf = (file: string): string => {
  if (ENTRIES.includes(file)) return 'entry';
  return file.includes(sep) ? (file.split(sep)[0] as string) : '';
};

/** The files that each file imports, types too. */
const imports = new Map(
  files.map((file): [string, string[]] => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), 'utf8'), true, true);
    const found = importedFiles.flatMap(({ fileName }) => {
      const path = join(dirname(file), fileName);
      return files.filter((other) => [`${path}.ts`, `${path}.tsx`, join(path, 'index.ts')].includes(other));
    });
    return [file, found];
  }),
);

function circleFrom(file: string, way: readonly string[], done: Set<string>): readonly string[] | undefined {
  if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
  if (done.has(file)) return undefined;
  for (const next of imports.get(file) ?? []) {
    const circle = circleFrom(next, [...way, file], done);
    if (circle !== undefined) return circle;
  }
  done.add(file);
  return undefined;
}

describe('the files of ts/', () => {
  it('are found', () => {
    expect(imports.get('index.ts')).toContain(join('run', 'sniffer.ts'));
    expect(imports.get(join('run', 'sniffer.ts'))).toContain(join('outputs', 'build.ts'));
  });

  it('import each other in no circle', () => {
    const done = new Set<string>();
    for (const file of files) expect(circleFrom(file, [], done)?.join(' -> ')).toBeUndefined();
  });

  it('import nothing from a folder above theirs', () => {
    const upward = [...imports].flatMap(([file, found]) =>
      found
        .filter((other) => LAYERS.indexOf(layerOf(other)) > LAYERS.indexOf(layerOf(file)))
        .map((other) => `${file} -> ${other}`),
    );
    expect(upward).toEqual([]);
    expect([...new Set(files.map(layerOf))].sort()).toEqual([...LAYERS].sort());
  });

  it('of page/ are imported by no other folder, and import only types, and what runs in browsers', () => {
    const inPage = (file: string): boolean => layerOf(file) === 'page';
    expect([...imports].filter(([file, found]) => !inPage(file) && found.some(inPage))).toEqual([]);
    for (const file of files.filter(inPage)) {
      const text = readFileSync(join(ROOT, file), 'utf8').replace(/^import type [^;]*;/gm, '');
      const { importedFiles } = ts.preProcessFile(text, true, true);
      const outside = importedFiles.map(({ fileName }) => fileName).filter((name) => !name.startsWith('./'));
      expect(
        outside.filter(
          (name) =>
            !/^(preact(\/|$)|\.\.\/filter(\/|$)|\.\.\/exchange\/(authority|base64|curl|endpoints|outcome|scheme|templates)$|\.\.\/outputs\/view\/hops$|\.\.\/trace\/(copies|grouping|hop|tree)$)/.test(
              name,
            ),
        ),
      ).toEqual([]);
    }
  });

  it('of filter/ run in browsers', () => {
    const inFilter = files.filter((file) => layerOf(file) === 'filter');
    const outside = inFilter.flatMap((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), 'utf8'), true, true);
      return importedFiles.map(({ fileName }) => fileName).filter((name) => !name.startsWith('.'));
    });
    expect(outside).toEqual([]);
    // Its imports of the root: types, the nearest word, and what a token is.
    const root = inFilter.flatMap((file) => imports.get(file) ?? []).filter((file) => layerOf(file) === '');
    expect([...new Set(root)].sort()).toEqual(['suggest.ts', 'token.ts', 'types.ts']);
    for (const file of ['suggest.ts', 'token.ts']) expect(imports.get(file)).toEqual([]);
  });
});
