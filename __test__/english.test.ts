/** A rule of the house for texts that people read: no sentence begins with a pronoun of which a reader learns only later what it is. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(__dirname, '..');
const READ = /\.(?:md|rs|tsx?|[cm]js|py|sh|ya?ml)$/;
/**
 * At the beginning of a line, a comment, an item or a cell, and after the end of a sentence. Headings may begin so, and a type may have
 * such a name.
 */
const BEGINNING =
  /(?:^|(?<=(?:[.!?:;|]|\*\*|\/\/[/!]?|(?<!#)#|[*-]) ))(?:What|Whatever|Whichever|Whoever|Nobody|Somebody)\b(?![:,])/gm;

/** Where such sentences begin; questions may. */
function beginningsIn(text: string): string[] {
  return [...text.matchAll(BEGINNING)]
    .map(({ index }) => text.slice(index, index + 200).split('\n', 1)[0] ?? '')
    .filter((rest) => !/^[^.]*\?/.test(rest));
}

test('such sentences are found, and questions are none', () => {
  expect(beginningsIn('It ends. What comes is read.\n// Nobody reads it.\n- Whatever it is')).toHaveLength(3);
  expect(beginningsIn('What is it? It says what it is, and nobody reads it.\nWhat,')).toEqual([]);
});

test('no sentence in documents, comments and help begins so', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0');
  const read = files.filter((name) => READ.test(name) && name !== '__test__/english.test.ts');
  expect(read.length).toBeGreaterThan(500);
  const found = read.flatMap((name) =>
    beginningsIn(readFileSync(join(ROOT, name), 'utf8')).map((rest) => `${name}: ${rest}`),
  );
  expect(found).toEqual([]);
});
