// `npm run docs`: docs/api.md from the types and their comments, the tables of docs/configuration.md and docs/messages.md
// from the same types and the table of options, the names of docs/privacy.md, and the injector's options and annotations in
// docs/injector.md. Needs dist/
// (`npm run build:ts`). CI fails when this changes a file.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...path) => join(ROOT, ...path);
const require = createRequire(import.meta.url);
const { COMMAND_OPTIONS } = require('../dist/config/command.js');
const { validateConfig } = require('../dist/config/index.js');
const { OPTIONS } = require('../dist/config/options.js');
const { INJECTOR_OPTIONS } = require('../dist/injector/options.js');
const { STRICT_NAMES } = require('../dist/config/strict.js');
const { ANNOTATION_VALUES } = require('../dist/injector/settings.js');

/** Stands below the title. */
const WAY_IN = `
[createSniffer](#createsniffer) takes a [SnifferConfig](#snifferconfig) and gives a [Sniffer](#sniffer) with its
[events](#snifferevents); what comes out are [messages](#httpmessage) and, of what was lost, the [ledger](#snifferstats).
`;

function writeApi() {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-api-'));
  try {
    const typedoc = at('node_modules/typedoc/bin/typedoc');
    const { status } = spawnSync(process.execPath, [typedoc, '--options', at('typedoc.json'), '--out', folder], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error('TypeDoc has complaints, see above');
    const text = withoutInherited(withoutMachinery(readFileSync(join(folder, 'api.md'), 'utf8')));
    writeFileSync(
      at('docs/api.md'),
      `<!-- Made by \`npm run docs\` from the comments in ts/; edit those. -->\n\n${text.replace('\n', `\n${WAY_IN}`)}`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Of an interface that extends another of ours only what it adds or narrows; the other is named above it. */
function withoutInherited(text) {
  let isShort = false;
  let isLeftOut = false;
  return text
    .split('\n')
    .flatMap((line) => {
      const columns = line.match(/^(\|.*) \|[^|]+\|[^|]+\|$/)?.[1];
      if (line.endsWith(' | Overrides | Inherited from |')) isShort = true;
      else if (columns === undefined) isShort = false;
      if (!isShort || columns === undefined) return [line];
      const isNested = /^\| `\w+\./.test(line);
      if (!isNested) isLeftOut = / \| - \| \[[^|]*\|$/.test(line);
      return isLeftOut ? [] : [`${columns} |`];
    })
    .join('\n');
}

/** Without the types that a config is made of (`ts/config/types.ts`): its fields are of interest, not where they come from. */
function withoutMachinery(text) {
  const made = '(?:RequiredOptions|FurtherOptions|OptionsThere|OptionsLeftOut)';
  return text
    .replace(new RegExp(`#### Extends\\n\\n(?:- \`${made}\`\\n)+\\n`, 'g'), '')
    .replace(new RegExp(` \`${made}\\.\\w+\` \\|$`, 'gm'), '')
    .replace(/^(\| Property \| Type \| Description \|) Inherited from \|\n(\| -+ \| -+ \| -+ \|) -+ \|$/gm, '$1\n$2');
}

const parsed = (file) => ts.createSourceFile(file, readFileSync(at(file), 'utf8'), ts.ScriptTarget.ES2022, true);

/** The comment above a member, in one line. */
function commentOf(member) {
  const comments = ts.getJSDocCommentsAndTags(member).map(({ comment }) => ts.getTextOfJSDocComment(comment));
  return comments.join(' ').replace(/\s+/g, ' ');
}

/** The fields of an interface of ts/types.ts: name, type, whether it may be missing, comment. */
function fieldsOf(name) {
  const types = parsed('ts/types.ts');
  const declaration = types.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === name);
  return declaration.members.map((member) => ({
    name: member.name.text,
    type: member.type.getText(types).replace(/\s+/g, ' '),
    optional: member.questionToken !== undefined,
    text: commentOf(member),
  }));
}

/** The comments above the rows of the table of options, by field. */
function optionComments() {
  const files = readdirSync(at('ts', 'config', 'rows')).map((name) => parsed(`ts/config/rows/${name}`));
  const rows = files
    .flatMap(({ statements }) => statements.filter(ts.isVariableStatement))
    .flatMap(({ declarationList }) => declarationList.declarations)
    .flatMap(({ initializer }) =>
      ts.isSatisfiesExpression(initializer) ? initializer.expression.expression.properties : [],
    );
  return new Map(rows.map((row) => [row.name.text, commentOf(row)]));
}

const cell = (text) => text.replaceAll('|', '\\|');
const code = (text) => (text === undefined ? '' : `\`${cell(text)}\``);
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The rule of an option, as its check states it for a value that no option can have. */
function ruleOf(field) {
  const ports = [80];
  try {
    validateConfig({ ports, [field]: Symbol('nothing that fits') });
  } catch ({ complaint }) {
    if (complaint.startsWith('is no option')) throw new Error(`dist/ does not know ${field}: npm run build:ts`);
    return complaint.replace(/^must be /, '').replace(/, got .*$/, '');
  }
  throw new Error(`${field} takes anything`);
}

function optionsTable() {
  const commands = new Map(COMMAND_OPTIONS.map((option) => [option.field, option]));
  const comments = optionComments();
  const shown = (value) => {
    const mebibytes = Number.isInteger(value) ? value / 2 ** 20 : 0;
    if (value === undefined) return 'none';
    return `${code(JSON.stringify(value))}${mebibytes >= 1 && Number.isInteger(mebibytes) ? ` (${mebibytes} MiB)` : ''}`;
  };
  const rows = Object.entries(OPTIONS).map(([name, row]) => {
    const { flag, short, variable } = commands.get(name) ?? {};
    const flags = [short, flag].filter(Boolean).map(code).join(', ');
    const meaning = comments.get(name).replace(/\s*Default:? [^.]*\.(?=$| )/, '');
    return [
      code(name),
      flags,
      code(variable),
      row.required ? 'required' : shown(row.default),
      cell(ruleOf(name)),
      cell(meaning),
    ];
  });
  return table(['field', 'flag', 'variable', 'default', 'must be', 'what it is'], rows);
}

/** A field that an interface has again, narrower, or does not have after all, is told once. */
function messageTable(...shapes) {
  const all = shapes.flatMap(fieldsOf).filter(({ type }) => type !== 'undefined');
  const fields = all.filter(({ name }, at) => all.findIndex((field) => field.name === name) === at);
  const head = fields.findIndex(({ name }) => name === 'headers') + 1;
  const common = fieldsOf(shapes[0]).length;
  const ordered = [...fields.slice(0, head), ...fields.slice(common), ...fields.slice(head, common)];
  const rows = ordered.map(({ name, type, optional, text }) => [
    code(name),
    code(type),
    optional ? '' : 'always',
    cell(text),
  ]);
  return table(['field', 'type', '', ''], rows);
}

function injectorTable() {
  const rows = INJECTOR_OPTIONS.map(({ field, flag, variable, help, default: value }) => {
    const text = typeof value === 'object' ? JSON.stringify(value) : `${value ?? ''}`;
    return [code(field), code(flag), code(variable), text === '' ? '' : code(text), cell(help)];
  });
  return table(['field', 'flag', 'variable', 'default', ''], rows);
}

function annotationsTable() {
  return table(
    ['`tcp-sniffer/…`', 'value'],
    ANNOTATION_VALUES.map(([name, value]) => [code(name), value]),
  );
}

function strictTable() {
  return table(
    ['option', 'names'],
    Object.entries(STRICT_NAMES).map(([field, names]) => [code(field), names.map(code).join(', ')]),
  );
}

function fill(file, name, content) {
  const text = readFileSync(at(file), 'utf8');
  const [begin, end] = [`<!-- made by npm run docs: ${name} -->`, `<!-- end: ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no place for the table '${name}'`);
  writeFileSync(at(file), `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`);
}

writeApi();
fill('docs/configuration.md', 'options', optionsTable());
fill('docs/messages.md', 'fields', messageTable('MessageFields', 'HttpRequest', 'HttpResponse'));
fill('docs/messages.md', 'stream fields', messageTable('StreamMessage'));
fill('docs/privacy.md', 'strict', strictTable());
fill('docs/injector.md', 'injector options', injectorTable());
fill('docs/injector.md', 'annotations', annotationsTable());
