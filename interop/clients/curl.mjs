// curl, one process for each group, which keeps its connection open from one transfer to the next. `curl.mjs PLAN`
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plan, record, recordAnswer } from './records.mjs';

const GROUP_LIMIT_S = '20';
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-curl-'));
const files = ({ id }) => ({ head: join(folder, `${id}.head`), body: join(folder, `${id}.body`) });

function words(exchange) {
  const { method, target, body, chunked, expect, version } = exchange;
  const { head, body: into } = files(exchange);
  const url = `http://${plan.host}:${plan.port}${target}`;
  const own = ['--silent', '--compressed', '--max-time', GROUP_LIMIT_S, '--dump-header', head, '--output', into, url];
  if (method === 'HEAD') own.push('--head');
  else if (body === undefined) own.push('--request', method);
  // What is chunked comes as a file of which curl does not ask the size.
  else own.push('--request', method, '--data-binary', `@${body}`);
  if (chunked) own.push('--header', 'Transfer-Encoding: chunked');
  if (expect) own.push('--header', 'Expect: 100-continue');
  if (version === '1.0') own.push('--http1.0');
  return own;
}

/** The last head of the file, after interim ones: its status and its x-got. */
function headIn(file) {
  const last = readFileSync(file, 'latin1').trimEnd().split('\r\n\r\n').at(-1);
  return { status: Number(last.split(' ')[1]), got: /^x-got: *(.*)$/im.exec(last)?.[1] };
}

function tell(exchange, error) {
  const { head, body } = files(exchange);
  if (exchange.abort) record({ id: exchange.id, aborted: true });
  else if (!existsSync(head)) record({ id: exchange.id, error: `curl: ${error?.code}` });
  else {
    const { status, got } = headIn(head);
    // With --head curl writes the head where the body would go.
    const content = existsSync(body) && exchange.method !== 'HEAD' ? readFileSync(body) : Buffer.alloc(0);
    recordAnswer(exchange.id, status, got, content);
  }
}

for (const { exchanges } of plan.groups) {
  const args = exchanges.flatMap((exchange, index) => [...(index > 0 ? ['--next'] : []), ...words(exchange)]);
  const error = await new Promise((resolve) => execFile('curl', args, resolve));
  for (const exchange of exchanges) tell(exchange, error);
}
rmSync(folder, { recursive: true });
