/** The content of a Markdown text besides prose: its fenced blocks with their marks, its inline code, its links and anchors. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const ROOT = join(__dirname, '..', '..');

export interface Block {
  file: string;
  /** Of the opening fence, from 1. */
  line: number;
  language: string;
  text: string;
  /** The comment in the line above the fence. */
  mark: string | undefined;
}

export interface Document {
  /** From the root of the repository. */
  file: string;
  blocks: Block[];
  /** Inline code, with the line it stands in. */
  spans: { line: number; text: string }[];
  links: { line: number; target: string }[];
  anchors: Set<string>;
}

/** Folders with Markdown that is not ours, or made by others than the authors of documents. */
const NOT_OURS = new Set(['node_modules', 'target', 'dist', '.git', 'coverage']);
/** Made by TypeDoc from the comments in ts/; `npm run docs`. */
const GENERATED = new Set(['docs/api.md']);

export function documents(): Document[] {
  return markdownIn(ROOT)
    .map((path) => relative(ROOT, path))
    .sort()
    .map((file) => parse(file, readFileSync(join(ROOT, file), 'utf8')));
}

export const isGenerated = ({ file }: { file: string }): boolean => GENERATED.has(file);

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : markdownIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

export function parse(file: string, markdown: string): Document {
  const document: Document = { file, blocks: [], spans: [], links: [], anchors: new Set() };
  const seen = new Map<string, number>();
  let open: (Block & { fence: string }) | undefined;
  let above = '';
  for (const [index, text] of markdown.split('\n').entries()) {
    const line = index + 1;
    const [, indent = '', fence, language = ''] = /^( *)(`{3,}|~{3,})\s*(\S*)/.exec(text) ?? [];
    if (open !== undefined) {
      if (text.trim() === open.fence) {
        const { fence: _, ...block } = open;
        document.blocks.push(block);
        open = undefined;
      } else open.text += `${text}\n`;
    } else if (fence !== undefined) {
      const mark = /^\s*<!-- (.+) -->$/.exec(above)?.[1];
      open = { file, line, language, text: '', mark, fence };
      if (indent !== '') throw new Error(`${file}:${line}: a fence stands at the beginning of its line`);
    } else {
      const heading = /^#{1,6} (.+)/.exec(text)?.[1];
      if (heading !== undefined) document.anchors.add(anchorOf(heading, seen));
      for (const [, anchor = ''] of text.matchAll(/<a id="([^"]+)"/g)) document.anchors.add(anchor);
      for (const [, code = ''] of text.matchAll(/`([^`]+)`/g)) document.spans.push({ line, text: code });
      const prose = text.replace(/`[^`]*`/g, '');
      for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) document.links.push({ line, target });
      for (const [, target = ''] of prose.matchAll(/(?:src|href)="([^"]+)"/g)) document.links.push({ line, target });
    }
    above = text;
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: the block is never closed`);
  return document;
}

/** GitHub's rule: lower case, no punctuation, spaces to hyphens, `-1`, `-2` … for those that come again. */
function anchorOf(heading: string, seen: Map<string, number>): string {
  const slug = heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
  const times = seen.get(slug) ?? 0;
  seen.set(slug, times + 1);
  return times === 0 ? slug : `${slug}-${times}`;
}
