/**
 * Rules of the house for texts that people read: no sentence begins with a pronoun of which a reader learns only later what it
 * is, and no *one* and *none* stands for a noun.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ALL_FLAGS } from '../ts/command/flags';
import { LOSSES } from '../ts/losses';

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

/** Not prose of ours: blocks, spans of code, addresses of links. */
const NO_PROSE = /^ *```[\s\S]*?^ *```|`[^`\n]*`|\]\([^)\s]*\)/gm;
const ADJECTIVE = '(?:first|last|next|second|only|other|same|new|old|own|real|current|wrong|[a-z]+er|[a-z]+est)';
/** *One* with a noun after it is a number, and so is it in *one of the ports*, which is allowed. */
const AFTER_ONE = '(?=[.,;:)]|$| (?:that|which|whose|who|is|has|was|may|can|with|for|from|if|when|too|comes|goes)\\b)';
const PRONOUN = new RegExp(
  [
    '\\bones\\b',
    '\\banother one\\b',
    `\\b(?:the|this|that|each|every|any|no|which|its|their|an?) (?:${ADJECTIVE} )?one\\b${AFTER_ONE}`,
    '\\bone (?:that|which|whose|who)\\b',
    '\\bnone of (?:them|these|those|the|its)\\b',
  ].join('|'),
  'gim',
);

/** Where *one* or *none* stands for a noun, as far as a pattern can tell. */
function pronounsIn(text: string): string[] {
  const prose = text.replace(NO_PROSE, (code) => code.replace(/[^\n]/g, '`'));
  return [...prose.matchAll(PRONOUN)].map(({ index }) => text.slice(Math.max(0, index - 40), index + 40));
}

/** Made by tools. */
const GENERATED = ['ts/native/binding.js', 'Cargo.lock', 'package-lock.json'];
const HAS_COMMENTS = /\.(?:rs|tsx?|mts|[cm]?js|py|sh|ya?ml|toml)$|Dockerfile$|^\.ci\/(?!.*\.md$)/;

/** The comments, each as one line. */
function commentsIn(name: string, text: string): string[] {
  const isLikeC = /\.(?:rs|[cm]?[jt]sx?|mts)$/.test(name);
  const line = isLikeC ? /^\s*(?:\/\/[/!]?|\/?\*+(?!\/)) ?(.*)$/ : /^\s*#(?!!) ?(.*)$/;
  const afterCode = isLikeC ? /[;,{})\]] +(?:\/\/|\/\*+) (.*)$/ : /\s# (.*)$/;
  const comments: string[] = [];
  let isGoingOn = false;
  for (const row of text.split('\n')) {
    const [, alone] = row.match(line) ?? [];
    if (alone !== undefined && isGoingOn) comments.push(`${comments.pop()} ${alone}`);
    else comments.push(alone ?? row.match(afterCode)?.[1] ?? '');
    isGoingOn = alone !== undefined;
  }
  return comments.filter(Boolean);
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

test('pronouns are found, and numbers and code are none', () => {
  const wrong = [
    'two ones',
    'another one',
    'the first one.',
    'a longer one, too',
    'Each one has it',
    'one whose port is',
    'none of them',
  ];
  for (const words of wrong) expect(pronounsIn(`It has ${words}`)).toHaveLength(1);
  const right =
    'one line, one of the ports, one by one, `none of them`, the one client\n```text\nanother one\n```\nthe value none.';
  expect(pronounsIn(right)).toEqual([]);
});

test('no one and none stands for a noun in documents and the help', () => {
  const files = execFileSync('git', ['ls-files', '-z', '*.md'], { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);
  expect(files.length).toBeGreaterThan(30);
  const texts = [
    ...files.map((name) => [name, readFileSync(join(ROOT, name), 'utf8')] as const),
    ...ALL_FLAGS.map(({ flag, help }) => [flag, help] as const),
    ...Object.entries(LOSSES),
  ];
  expect(texts.flatMap(([name, text]) => pronounsIn(text).map((found) => `${name}: ${found}`))).toEqual([]);
});

test('comments are found, over their lines', () => {
  expect(commentsIn('a.rs', '//! A\n/// b\nlet a = "http://b";\nlet b = 1; // c\n    // d')).toEqual(['A b', 'c', 'd']);
  expect(commentsIn('a.ts', '/** A\n * b */\nf(); // c')).toEqual(['A b */', 'c']);
  expect(commentsIn('a.yaml', '#!sh\n# A\n# b\nc: 1 # d')).toEqual(['A b', 'd']);
});

test('no one and none stands for a noun in comments', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0');
  const read = files.filter(
    (name) => HAS_COMMENTS.test(name) && !GENERATED.includes(name) && name !== '__test__/english.test.ts',
  );
  expect(read.length).toBeGreaterThan(900);
  const found = read.flatMap((name) =>
    commentsIn(name, readFileSync(join(ROOT, name), 'utf8')).flatMap((comment) =>
      pronounsIn(comment).map((words) => `${name}: ${words}`),
    ),
  );
  expect(found).toEqual([]);
});
