/** `tcp-sniffer compare --html`: the facts of the report on a page in which nothing runs, whatever was captured. */

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { markup } from '../../ts/command/compare/markup.js';
import { Random } from '../differential/random.js';
import { linesOf as rowsOf, runCli } from '../live/harness.js';
import { attackOf, wordsIn } from './attack.js';
import { chainOf, linesOf, SHOP } from './traffic.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-compare-page-'));
afterAll(() => rmSync(folder, { recursive: true }));

const random = new Random(2);
const file = (name: string, text: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const fast = file('fast.jsonl', chainOf(random, 300, { calledMs: 10, failing: 0 }));
const slow = file('slow.jsonl', chainOf(random, 300, { calledMs: 100, failing: 0 }));
const before = file('before.jsonl', linesOf(random, 600));
const after = file(
  'after.jsonl',
  linesOf(
    random,
    600,
    SHOP.map((shape) => (shape.path === '/orders/17' ? { ...shape, waitMs: 90 } : { ...shape, failing: 0.4 })),
  ),
);

describe('compare --html', () => {
  it.each([
    ['of one that others wait for', fast, slow, ['SLOWER']],
    ['of several', before, after, ['FAILS MORE', 'SLOWER']],
    ['of nothing', before, before, ['No difference']],
  ])('says on the page whatever the report says, %s', async (_, a, b, heads) => {
    const path = join(folder, 'page.html');
    const run = await runCli(['compare', a, b, '--html', path]);
    expect([run.code, run.stderr]).toEqual([0, '']);
    const plain = await runCli(['compare', a, b]);
    expect(run.stdout).toBe(plain.stdout);
    const page = wordsIn(readFileSync(path, 'utf8'));
    const parts = plain.stdout.split(/[;:]?\n| {2,}|; |: | -> | \(|\)/).map((part) => part.trim());
    expect(parts.filter((part) => !page.includes(part))).toEqual([]);
    const order = heads.map((word) => page.indexOf(word));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(Math.min(...order)).toBeGreaterThan(0);
  });

  it('is one file for its owner, of which the policy lets nothing run or load', async () => {
    const path = join(folder, 'policy.html');
    await runCli(['compare', fast, slow, '--html', path, '--format', 'json']);
    const page = readFileSync(path, 'utf8');
    expect(page).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const [, policy = ''] = /<meta http-equiv="content-security-policy" content="([^"]*)">/.exec(page) ?? [];
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'none'", `style-src 'sha256-${hash}'`]),
    );
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|javascript:|\b(?:href|src)=/i);
  });

  it('shows captured text as text, wherever it stood', async () => {
    const { marks, ...attack } = attackOf(new Random(3));
    const name = '<img src=x onerror=alert(1)>.jsonl';
    const path = join(folder, 'attack.html');
    const run = await runCli(['compare', file(name, attack.before), file('b.jsonl', attack.after), '--html', path]);
    expect([run.code, run.stderr]).toEqual([0, '']);
    const page = readFileSync(path, 'utf8');
    const tags = new Set([...page.matchAll(/<([^\s>/]*)/g)].map(([, tag = '']) => tag.toLowerCase()));
    const ours = ['!doctype', 'html', 'head', 'meta', 'title', 'style', 'body', 'main', 'header', 'h1', 'h2', 'p', 'b'];
    ours.push('section', 'article', 'footer', 'table', 'caption', 'thead', 'tbody', 'tr', 'th', 'td', 'ul', 'li');
    ours.push('span', 'code', 'small', '');
    expect([...tags].filter((tag) => !ours.includes(tag))).toEqual([]);
    const words = wordsIn(page);
    for (const mark of [...marks, name]) expect(words).toContain(mark);
  });

  it('takes the place of such a page, and of no other file', async () => {
    const path = join(folder, 'again.html');
    for (let twice = 0; twice < 2; twice++) {
      const { code, stderr } = await runCli(['compare', fast, slow, '--html', path]);
      expect([code, stderr]).toEqual([0, '']);
    }
    for (const other of ['<!doctype html>\n<title>mine</title>', 'notes']) {
      const mine = file('mine.html', other);
      const { code, stdout, stderr } = await runCli(['compare', fast, slow, '--html', mine]);
      expect([code, stdout, JSON.parse(stderr)]).toEqual([1, '', expect.objectContaining({ code: 'INVALID_CONFIG' })]);
      expect(stderr).toContain(`--html: '${mine}' is not a page of a comparison, and would be lost`);
      expect(readFileSync(mine, 'utf8')).toBe(other);
    }
    const { code } = await runCli(['compare', fast, slow, '--html', slow]);
    expect([code, readFileSync(slow).length > 1_000]).toEqual([1, true]);
  });

  it.each([
    [['--html', join(folder, 'no', 'x.html')], 1, 'is in a folder that does not exist'],
    [['--html', folder], 1, 'is a folder'],
    [['--html', ''], 1, 'must name a file'],
    [['--html', '-'], 1, '--html must name a file: stdout has the comparison'],
    [['--html', '/dev/full'], 2, 'cannot write the page'],
    [['--html', 'a.html', '--html', 'b.html'], 1, '--html is given twice'],
    [['--html', 'a.html', '--openapi', 'b.json'], 1, '--html stands for two captures'],
  ])('%j is refused', async (flags, status, words) => {
    const { code, stderr } = await runCli(['compare', fast, slow, ...flags]);
    expect([code, rowsOf(stderr).length, stderr]).toEqual([status, 1, expect.stringContaining(words)]);
  });

  it('of captures that cannot be read there is none', async () => {
    const path = join(folder, 'none.html');
    expect((await runCli(['compare', '--ports', '80', fast, join(folder, 'missing.pcap'), '--html', path])).code).toBe(
      2,
    );
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
  });
});

describe('markup', () => {
  it('of any text is that text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { text: made } = markup`<b>${text}</b>`;
        const inside = made.slice('<b>'.length, -'</b>'.length);
        expect(inside).not.toMatch(/[<>"'\p{C}]|&(?!(?:amp|lt|gt|quot|#39);)/u);
        if (/^[ -~]*$/.test(text)) expect(wordsIn(made, false)).toBe(text);
      }),
      { examples: [['</b><script>alert(1)</script>'], ['&lt;'], ['\u202e"\'']] },
    );
  });
});
