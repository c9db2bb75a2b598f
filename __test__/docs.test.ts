/** README, docs/ and the rest: every block is run or compared, every link leads somewhere, every name exists. */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { blockOf, TURNS } from '../e2e/documents/turns.js';
import { type Block, documents, isGenerated, ROOT } from './docs/blocks.js';
import { complaintAbout, elsewhere, missingIn, OUR_FILES, SHELL } from './docs/marks.js';
import { Stage } from './docs/stage.js';
import { CLI, describeLive } from './live/harness.js';

const PROGRAM = new Set(['js', 'ts']);
const DATA = new Set(['json', 'yaml']);
const PICTURE = 'text';
const OUTPUT = 'output';
/** Runs of real processes, npx among them, on a busy machine. */
const BLOCK_TIMEOUT_MS = 120_000;

const all = documents();
const written = all.filter((document) => !isGenerated(document));
const blocks = all.flatMap((document) => document.blocks);
const whereOf = ({ file, line }: { file: string; line: number }): string => `${file}:${line}`;
const named = <Item extends { file: string; line: number }>(items: Item[]) =>
  items.map((item) => ({ ...item, where: whereOf(item) }));

const runElsewhere = blocks.filter((block) => elsewhere(block) !== undefined);
const toDo = blocks.filter((block) => !runElsewhere.includes(block));
const runnable = toDo.filter(({ language }) => SHELL.has(language) || PROGRAM.has(language));

/** The block that a block shows the output of: the one before it. */
const before = (block: Block): Block | undefined =>
  blocks.filter(({ file, line }) => file === block.file && line < block.line).at(-1);
const outputs = new Map(
  toDo.filter(({ language, mark }) => language === PICTURE && mark === OUTPUT).map((block) => [before(block), block]),
);

describe('blocks', () => {
  test('each one is of a kind that is run or compared', () => {
    const strange = toDo.filter(
      (block) => !runnable.includes(block) && !DATA.has(block.language) && block.language !== PICTURE,
    );
    expect(strange.map((block) => `${whereOf(block)} '${block.language}'`)).toEqual([]);
  });

  test('each one that is run elsewhere really is', () => {
    expect(runElsewhere.flatMap((block) => complaintAbout(block)?.replace(/^/, `${whereOf(block)} `) ?? [])).toEqual(
      [],
    );
  });

  test.each([...new Set(TURNS)])('npm run e2e has its block: %s', (turn) => {
    blockOf(turn, blocks);
  });

  test('an output follows what made it', () => {
    expect(
      [...outputs].flatMap(([made, { file, line }]) => (made && runnable.includes(made) ? [] : [file, line])),
    ).toEqual([]);
  });

  test.each(named(blocks.filter(({ language }) => language === 'json')))('$where is JSON', ({ text }) => {
    valuesOf(text);
  });

  test.each(named(blocks.filter(({ language }) => language === 'yaml')))('$where is YAML', ({ text }) => {
    for (const { errors, warnings } of parseAllDocuments(text)) expect([...errors, ...warnings]).toEqual([]);
  });
});

/** A block of JSON is one value, or one a line. */
function valuesOf(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  }
}

/** Log lines may have a direction too. */
const isMessage = (value: unknown): boolean =>
  Object.hasOwn(value as object, 'direction') && !Object.hasOwn(value as object, 'level');

/** The block as a module: what is checked is what runs. */
const fileOf = ({ file, line, language }: Block): string => `${file.replaceAll(/[^a-z]/gi, '-')}-${line}.m${language}`;

describeLive('run', () => {
  const stage = new Stage();
  beforeAll(() => stage.open(), BLOCK_TIMEOUT_MS);
  afterAll(() => stage.close(), BLOCK_TIMEOUT_MS);

  test('programs and messages have the types of the package', { timeout: BLOCK_TIMEOUT_MS }, () => {
    const files = runnable
      .filter(({ language }) => PROGRAM.has(language))
      .map((block) => {
        const path = join(stage.folder, fileOf(block));
        writeFileSync(path, block.text);
        return path;
      });
    for (const block of toDo.filter(({ language }) => language === 'json')) {
      const messages = valuesOf(block.text).filter(isMessage);
      const path = join(stage.folder, fileOf({ ...block, language: 'ts' }));
      const items = messages.map((message) => JSON.stringify(message));
      writeFileSync(
        path,
        `import type { HttpMessage, StreamMessage } from 'tcp-sniffer';\nexport const messages: (HttpMessage | StreamMessage)[] = [${items}];\n`,
      );
      files.push(path);
    }
    expect(typeErrorsIn(files)).toEqual([]);
  });

  test.each(named(runnable))('$where', { timeout: BLOCK_TIMEOUT_MS }, async (block) => {
    const run = SHELL.has(block.language)
      ? await stage.shell(block.text)
      : await stage.script(fileOf({ ...block, language: 'js' }), javascriptOf(block));
    const said = `${run.stdout}\n${run.stderr}`;
    // A program without an end of its own ends by the Ctrl-C that it gets.
    if (run.signal !== 'SIGINT' || SHELL.has(block.language)) expect(run.code, said).toBe(0);
    expect(run.stderr).not.toMatch(/"level":"error"/);
    if (/\btcp-sniffer\b/.test(block.text)) expect(run.effect, `nothing came out: ${said}`).toBe(true);
    const shown = outputs.get(blocks.find((one) => whereOf(one) === whereOf(block)));
    // The lines of CSV end in CRLF (RFC 4180), those of a document do not.
    if (shown !== undefined) expect(run.stdout.replaceAll('\r\n', '\n').trimEnd()).toBe(shown.text.trimEnd());
  });

  test('how many', () => {
    const counts = new Map<string, number>();
    for (const { mark = '' } of runElsewhere) counts.set(mark, (counts.get(mark) ?? 0) + 1);
    const others = [...counts].map(([mark, count]) => `, ${count} ${mark}`).join('');
    console.log(
      `${blocks.length} blocks in ${all.length} documents: ${runnable.length} run, ${outputs.size} compared with what ran, ` +
        `${blocks.filter(({ language }) => DATA.has(language)).length} parsed${others}`,
    );
  });
});

function javascriptOf({ language, text }: Block): string {
  if (language === 'js') return text;
  const { ESNext } = ts.ModuleKind;
  return ts.transpileModule(text, { compilerOptions: { module: ESNext, target: ts.ScriptTarget.ES2022 } }).outputText;
}

function typeErrorsIn(files: string[]): string[] {
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules', '@types')],
    allowJs: true,
    checkJs: true,
    strict: true,
    noImplicitAny: false,
    noEmit: true,
    skipLibCheck: true,
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}

describe('names', () => {
  const files = new Map(all.map((document) => [document.file, document]));

  test('every relative link leads to a file, and to a heading in it', () => {
    const broken = all.flatMap(({ file, links }) =>
      links
        .filter(({ target }) => !/^[a-z]+:/.test(target))
        .filter(({ target }) => {
          const [path = '', anchor] = target.split('#');
          const to = path === '' ? file : normalize(join(dirname(file), path));
          if (!existsSync(join(ROOT, to))) return true;
          return anchor !== undefined && files.get(to)?.anchors.has(decodeURIComponent(anchor)) !== true;
        })
        .map(({ line, target }) => `${file}:${line} ${target}`),
    );
    expect(broken).toEqual([]);
  });

  const spans = written.flatMap(({ file, spans }) => spans.map((span) => ({ file, ...span })));

  test('every command in the prose exists', () => {
    expect(spans.flatMap((span) => missingIn(span.text)?.replace(/^/, `${whereOf(span)} `) ?? [])).toEqual([]);
  });

  test('every file of the project that the prose names exists', () => {
    const missing = spans.filter(({ text }) => OUR_FILES.test(text) && !existsSync(join(ROOT, text)));
    expect(missing.map((span) => `${whereOf(span)} ${span.text}`)).toEqual([]);
  });

  test('every log line that the troubleshooting quotes is one that is written', () => {
    const sources = ['src', 'ts'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(rs|ts)$/.test(name))
        .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
    );
    const tables = readFileSync(join(ROOT, 'docs/troubleshooting.md'), 'utf8').match(/^\| log line \|.*\n(\|.*\n)+/gm);
    const quoted = (tables ?? []).flatMap((table) =>
      table
        .split('\n')
        .slice(2)
        .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, words = '']) => words)),
    );
    expect(quoted.length).toBeGreaterThan(5);
    expect(quoted.filter((words) => !sources.some((source) => source.includes(words)))).toEqual([]);
  });

  const help = ['', 'interfaces', 'injector', 'compare', 'openapi']
    .map((command) =>
      execFileSync(process.execPath, [CLI, ...command.split(' ').filter(Boolean), '--help'], { encoding: 'utf8' }),
    )
    .join('\n');
  /** They are about the commands of a clone, which have flags of their own. */
  const NO_GUIDES = ['docs/performance.md', 'docs/releasing.md'];
  const flags = new Set(help.match(/--[a-z][\w-]*/g));
  const isFlag = (flag: string): boolean => flags.has(flag) || flags.has(flag.replace('--no-', '--'));

  test('every flag of the command that the guides name exists', () => {
    const guides = spans.filter(
      ({ file }) => file === 'README.md' || (/^docs\//.test(file) && !NO_GUIDES.includes(file)),
    );
    const unknown = guides.filter(({ text }) => text.startsWith('--') && !isFlag(text.split(/[ =]/)[0] ?? ''));
    expect(unknown.map((span) => `${whereOf(span)} ${span.text}`)).toEqual([]);
  });

  test('the flags in blocks too', () => {
    const given = blocks.flatMap((block) =>
      [...block.text.replaceAll('\\\n', ' ').matchAll(/(?:^|[|;&(]|\bnpx) *tcp-sniffer\b[^|\n]*/gm)].flatMap(
        ([command]) => [...command.matchAll(/\s(--[a-z][\w-]*)/g)].map(([, flag = '']) => ({ ...block, flag })),
      ),
    );
    expect(given.filter(({ flag }) => !isFlag(flag)).map((block) => `${whereOf(block)} ${block.flag}`)).toEqual([]);
  });
});
