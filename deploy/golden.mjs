// The differences of each variant of the chart from the committed defaults (kustomize/injector.yaml), as one text
// (golden.diff): an unintended change of a template shows there.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHART } from './chart.mjs';
import { run } from './tools.mjs';

/** Folders of files that templates take in whole; their content is checked where it comes from. */
const TAKEN_IN = ['policy', 'dashboards'];

/** A release changes it in the chart alone. */
const [, VERSION] = /^appVersion: (.*)$/m.exec(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'));

const indented = (text, width) => text.replace(/^(?=.)/gm, ' '.repeat(width));

/** Names for the files that the text has whole, in place of their content; the longest first, since one may be part of another. */
function shortened(text) {
  const files = TAKEN_IN.flatMap((folder) =>
    readdirSync(join(CHART, folder)).map((name) => [
      `${folder}/${name}`,
      readFileSync(join(CHART, folder, name), 'utf8').trimEnd(),
    ]),
  );
  return files
    .sort(([, one], [, other]) => other.length - one.length)
    .reduce((rest, [name, content]) => {
      // No template indents by more.
      for (let width = 12; width >= 0; width--)
        rest = rest.replaceAll(indented(content, width), () => `${' '.repeat(width)}(all of ${name})`);
      return rest;
    }, text);
}

/** Kind, namespace and name. */
function titleOf(document) {
  const [, kind] = /^kind: (.*)$/m.exec(document);
  const [, metadata] = /^metadata:\n((?: .*\n)+)/m.exec(document);
  const [namespace, name] = ['namespace', 'name'].map(
    (field) => new RegExp(`^  ${field}: (.*)$`, 'm').exec(metadata)?.[1],
  );
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** Without the numbers of lines, which change with every line before them. */
function difference(folder, before, after) {
  const names = ['before', 'after'].map((name) => join(folder, name));
  writeFileSync(names[0], before);
  writeFileSync(names[1], after);
  try {
    return run('diff', ['--unified=1', ...names]);
  } catch ({ status, stdout, stderr }) {
    if (status !== 1) throw new Error(`diff: ${stderr}`);
    return stdout.split('\n').slice(2).join('\n').replace(/^@@.*/gm, '@@');
  }
}

/** @param variants each with its name and its documents. All are compared with the first, or with the first that has such an object. */
export function golden(variants) {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-golden-'));
  const shown = new Map();
  const first = new Map();
  const describe = (variant, title, document) => {
    const there = shown.get(document);
    if (there !== undefined) return there === variants[0][0] ? '' : `${title}: as in ${there}\n`;
    shown.set(document, variant);
    const before = first.get(title);
    if (before !== undefined)
      return `${title}: beside ${before.variant}\n${difference(folder, before.document, document)}`;
    first.set(title, { variant, document });
    return variant === variants[0][0] ? '' : `${title}:\n${document.replace(/^/gm, '+').replace(/\+$/, '')}`;
  };
  try {
    const sections = variants.map(([variant, documents]) => {
      const titled = new Map(
        documents
          .map((document) => `${document.replace(/^# Source: .*\n/gm, '').trim()}\n`)
          .map((document) => shortened(document).replaceAll(VERSION, '(appVersion)'))
          .map((document) => [titleOf(document), document]),
      );
      if (titled.size !== documents.length) throw new Error(`${variant}: two objects of one name`);
      const missing = [...first].filter(([title, { variant }]) => variant === variants[0][0] && !titled.has(title));
      const lines = [
        ...missing.map(([title]) => `${title}: is not there\n`),
        ...[...titled]
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([title, document]) => describe(variant, title, document)),
      ];
      return `\n=== ${variant}\n${lines.join('')}`;
    });
    return `# The chart as it renders, by variant beside its defaults: node deploy/check.mjs --write\n${sections.slice(1).join('')}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first lines that are not the same, for a person to see what changed. */
export function firstChange(was, is) {
  const [before, after] = [was.split('\n'), is.split('\n')];
  const at = after.findIndex((line, index) => line !== before[index]);
  const from = at < 0 ? after.length : at;
  const variant = after.slice(0, from + 1).findLast((line) => line.startsWith('=== '));
  return `${variant ?? ''}\n- ${before[from] ?? ''}\n+ ${after[from] ?? ''}`;
}
