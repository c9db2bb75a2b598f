/** With `--traces` each trace is a page of the HAR, and it has the exchanges that its tree has. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { har as validate } from 'har-validator';
import { afterAll, describe, expect, it } from 'vitest';
import { HarFile } from '../../ts/outputs/har/file';
import { MAX_TRACE_PAGES, PAGE_ID, type Page, Pages } from '../../ts/outputs/har/pages';
import type { HttpRequest, HttpResponse } from '../../ts/types';
import { CLI, runCli, start } from '../live/harness.js';
import { PORTS, shop } from '../trace/shop.js';
import { complaintsAbout, type Entry } from './rules.js';

const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-har-traces-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { savefile, log } = shop();
const path = join(folder, 'shop.pcap');
writeFileSync(path, savefile);
const args = ['--read', path, '--ports', PORTS];

interface Document {
  log: { entries: Entry[]; pages: { id: string; title: string; startedDateTime: string }[] };
}

/** Of a file that the validator accepts, in which each entry has its page, and each page began with the first of its entries. */
async function documentIn(file: string): Promise<Document['log']> {
  const document = JSON.parse(readFileSync(file, 'utf8')) as Document;
  await validate(document);
  const { entries, pages } = document.log;
  expect(new Set(pages.map(({ id }) => id)).size).toBe(pages.length);
  expect(entries.flatMap(complaintsAbout)).toEqual([]);
  if (entries.length === 0) return document.log;
  const began = new Map<string, string>();
  for (const { pageref, startedDateTime } of entries) {
    const first = began.get(pageref);
    if (first === undefined || startedDateTime < first) began.set(pageref, startedDateTime);
  }
  expect(Object.fromEntries(pages.map(({ id, startedDateTime }) => [id, startedDateTime]))).toEqual(
    Object.fromEntries(began),
  );
  return document.log;
}

describe('--har and --traces', () => {
  it.each([['--traces'], ['--trace', log[3]?.requestId ?? '']])('makes a page of each trace: %s', async (...flags) => {
    const file = join(folder, 'traces.har');
    const run = await runCli([...args, ...flags, '--har', file]);
    expect([run.code, run.stdout]).toEqual([0, expect.stringContaining('trace ')]);
    const { entries, pages } = await documentIn(file);
    expect(entries.length).toBe(log.length * 10);
    const found = pages.map(({ id, title }) => {
      const paths = entries.filter(({ pageref }) => pageref === id).map(({ request }) => new URL(request.url).pathname);
      return [title, paths.sort()];
    });
    const expected = log.map(({ trace, self }) => [`trace ${trace} (traceparent)`, [...self.keys()].sort()]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries([...expected, ['HTTP', log.map((_, n) => `/shop/${n}`).sort()]]),
    );
  });

  it('without it there is one page', async () => {
    const file = join(folder, 'one.har');
    await runCli([...args, '--har', file]);
    expect((await documentIn(file)).pages).toMatchObject([{ id: PAGE_ID, title: 'HTTP' }]);
  });

  // The limit on files stands for the disk. The list of pages has grown before it is full.
  it.each([60_000, 100_000, 150_001])('a disk that is full after %i bytes leaves a HAR', async (bytes) => {
    const file = join(folder, `full-${bytes}.har`);
    const command = [process.execPath, CLI, ...args, '--traces', '--har', file];
    const run = await start(['prlimit', `--fsize=${bytes}`, ...command]).done;
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('EFBIG');
    expect(run.stderr).not.toContain('not a whole document');
    expect((await documentIn(file)).entries.length).toBeLessThan(log.length * 10);
  });
});

const AT = '2024-05-17T08:30:00.002Z';
const ENDS = { receiver: { ip: '10.0.0.5', port: 80 }, destination: { ip: '10.0.0.9', port: 4_000 }, timestamp: AT };
const COMMON = { ...ENDS, httpVersion: '1.1' as const, body: '', bodySize: 0, id: '1.1' };

function placed(pages: Pages, headers: Record<string, string>, answered: Record<string, string> = {}): Page {
  const request: HttpRequest = { ...COMMON, direction: 'request', method: 'GET', path: '/', headers };
  const asked = { request: { method: 'GET', path: '/' }, statusCode: 200 };
  const response: HttpResponse = { ...COMMON, ...asked, direction: 'response', headers: answered };
  const page = pages.of({ request, interim: [], response });
  pages.note(page, AT);
  return page;
}

const parentOf = (trace: string): Record<string, string> => ({ traceparent: `00-${trace}-00f067aa0ba902b7-01` });

describe('pages', () => {
  const trace = fc.constantFrom('a', 'b', 'c').map((digit) => digit.repeat(32));
  const hop = fc.record({ trace: fc.option(trace, { nil: undefined }), id: fc.constantFrom(undefined, 'one', 'two') });

  it('has only exchanges that say that they belong together', () => {
    fc.assert(
      fc.property(fc.array(hop, { maxLength: 12 }), fc.boolean(), (hops, isAnswered) => {
        const pages = new Pages();
        const found = hops.map((each) => {
          const id = each.id === undefined ? undefined : { 'x-request-id': each.id };
          if (each.trace !== undefined) return placed(pages, { ...parentOf(each.trace), ...id });
          return isAnswered ? placed(pages, {}, id) : placed(pages, { ...id });
        });
        for (const [index, each] of hops.entries()) {
          const page = found[index];
          if (each.trace !== undefined) expect(page?.trace).toBe(each.trace);
          else if (each.id === undefined) expect(page?.id).toBe(PAGE_ID);
          else {
            const beside = hops.flatMap((other) => (other.id === each.id && other.trace) || []);
            expect([each.id, ...beside]).toContain(page?.trace);
            // Of a single trace that tells the id at once there is a single page, in whatever order they come.
            const traced = hops.filter((other) => other.trace !== undefined);
            const isOne = new Set(traced.map((other) => other.trace)).size === 1;
            if (isOne && traced[0]?.id === each.id) expect(page?.trace).toBe(traced[0]?.trace);
          }
        }
        const listed = JSON.parse(pages.list() ?? '[]').map(({ id }: { id: string }) => id);
        expect(listed.sort()).toEqual([...new Set(found.map(({ id }) => id))].sort());
      }),
    );
  });

  it('has a limit, beyond which exchanges are counted', () => {
    const pages = new Pages();
    const at = (n: number): Page => placed(pages, parentOf((n + 1).toString(16).padStart(32, '0')));
    for (let n = 0; n < MAX_TRACE_PAGES; n++) expect(at(n).id).not.toBe(PAGE_ID);
    expect([at(MAX_TRACE_PAGES).id, at(0).id, pages.beyond]).toEqual([PAGE_ID, expect.stringMatching(/^trace-/), 1]);
    expect(JSON.parse(pages.list() ?? '').length).toBe(MAX_TRACE_PAGES + 1);
  });
});

it('a list of pages that becomes shorter leaves nothing behind it', async () => {
  const file = join(folder, 'shorter.har');
  const har = new HarFile(file);
  har.begin();
  const at = '2024-05-17T14:03:00.136Z';
  const listOf = (titles: string[]): string => JSON.stringify(titles);
  for (const [entry, pages] of [
    ['{"a":1}', listOf(new Array(50).fill('a long title of a page'))],
    ['{"b":2}', listOf(['one'])],
    ['{"c":3}', listOf([])],
  ] as const) {
    await har.append([[entry]], at, pages);
    expect(JSON.parse(readFileSync(file, 'utf8')).log.pages).toEqual(JSON.parse(pages));
  }
  har.close();
  expect(JSON.parse(readFileSync(file, 'utf8')).log.entries).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
});
