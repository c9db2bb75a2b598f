// Who imports whom: no circle among files, and in ts/ no folder imports from a folder above it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, it, test } from 'vitest';
// @ts-expect-error scripts have no types
import { BUNDLED as UNTYPED } from '../../scripts/bundle.mjs';

const BUNDLED: readonly string[] = UNTYPED;

const PROJECT = join(__dirname, '../..');
const ROOT = join(PROJECT, 'ts');

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

/** Tests, tools and scripts too. */
const all = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: PROJECT,
  encoding: 'utf8',
})
  .split('\0')
  .filter((name) => /(?<!\.d)\.(?:tsx?|mts|[cm]?js)$/.test(name));
const known = new Set(all);
const inTs = (name: string): boolean => name.startsWith('ts/') && /\.tsx?$/.test(name);
const files = all.filter(inTs).map((name) => name.slice('ts/'.length));

const layerOf = (file: string): string => {
  if (ENTRIES.includes(file)) return 'entry';
  return file.includes(sep) ? (file.split(sep)[0] as string) : '';
};

/** The files that each file imports, types too. */
const importsOfAll = new Map(
  all.map((file): [string, string[]] => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(PROJECT, file), 'utf8'), true, true);
    const found = importedFiles
      .filter(({ fileName }) => fileName.startsWith('.'))
      .flatMap(({ fileName }) => {
        const path = join(dirname(file), fileName);
        const names = [path, `${path}.ts`, `${path}.tsx`, join(path, 'index.ts')];
        return names.filter((name) => known.has(name)).slice(0, 1);
      });
    return [file, found];
  }),
);
const imports = new Map(
  files.map((file): [string, string[]] => {
    const found = importsOfAll.get(`ts/${file}`) ?? [];
    return [file, found.filter(inTs).map((name) => name.slice('ts/'.length))];
  }),
);

function circleFrom(file: string, way: readonly string[], done: Set<string>): readonly string[] | undefined {
  if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
  if (done.has(file)) return undefined;
  for (const next of importsOfAll.get(file) ?? []) {
    const circle = circleFrom(next, [...way, file], done);
    if (circle !== undefined) return circle;
  }
  done.add(file);
  return undefined;
}

test('no two files import each other, directly or through others', () => {
  for (const folder of ['__test__/', 'bench/', 'deploy/', 'e2e/', 'interop/', 'packaging/', 'scripts/', 'ts/'])
    expect(all.some((file) => file.startsWith(folder) && (importsOfAll.get(file) ?? []).length > 0)).toBe(true);
  const done = new Set<string>();
  for (const file of all) expect(circleFrom(file, [], done)?.join(' -> ')).toBeUndefined();
});

describe('the files of ts/', () => {
  it('are found', () => {
    expect(imports.get('index.ts')).toContain(join('run', 'sniffer.ts'));
    expect(imports.get(join('run', 'sniffer.ts'))).toContain(join('outputs', 'build.ts'));
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

  it('outside page/ have no package but those that npm installs along with the package, and the bundled ones in one place', () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
    const installed = Object.keys({ ...dependencies, ...peerDependencies });
    const others = files
      .filter((file) => layerOf(file) !== 'page')
      .flatMap((file) => {
        const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), 'utf8'), true, true);
        const names = importedFiles
          .map(({ fileName }) => fileName)
          .filter((name) => !name.startsWith('.') && !isBuiltin(name));
        return names
          .filter((name) => !installed.some((each) => name === each || name.startsWith(`${each}/`)))
          .map((name) => `${file} -> ${name}`);
      });
    expect(others).toEqual(BUNDLED.map((name) => `${name}.ts -> ${name}`));
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
