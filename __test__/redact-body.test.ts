/** The values that `redactBody` hides, by the command on a savefile: the same in its lines and in a HAR, chunked and compressed bodies too. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FIXTURES, linesOf, runCli } from './live/harness.js';

const folder = mkdtempSync(join(tmpdir(), 'redact-body-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function lines(savefile: string, ...flags: string[]) {
  const run = await runCli(['--read', join(FIXTURES, savefile), '--ports', '80,8080', ...flags]);
  expect(run.code).toBe(0);
  return linesOf(run.stdout).map((line) => JSON.parse(line));
}

test('members of JSON, in requests and responses', async () => {
  const [request, response] = await lines('post-json.pcap', '--redact-body', 'ITEM,id');
  expect(request).toMatchObject({ body: '{"item":"[REDACTED]","count":2}', bodyRedacted: 'values', bodySize: 24 });
  expect(response).toMatchObject({ body: '{"id":"[REDACTED]"}', bodyRedacted: 'values', bodySize: 9 });
  const others = await lines('post-json.pcap', '--redact-body', 'items,tea');
  expect(others.map(({ body, bodyRedacted }) => [body, bodyRedacted])).toEqual([
    ['{"item":"tea","count":2}', undefined],
    ['{"id":17}', undefined],
  ]);
});

test('nothing of it in a HAR either', async () => {
  const file = join(folder, 'a.har');
  await lines('post-json.pcap', '--redact-body', 'item', '--har', file);
  const har = readFileSync(file, 'utf8');
  expect(har).not.toContain('tea');
  expect(JSON.parse(har).log.entries[0].request.postData.text).toBe('{"item":"[REDACTED]","count":2}');
});
