// curl, one process for each group, which keeps its connection open from one transfer to the next. `curl.mjs [upgrade] PLAN`
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plan, record, recordAnswer } from './records.mjs';

const GROUP_LIMIT_S = '20';
/** HTTP/2 on a port without TLS: at once, or by Upgrade (RFC 7540 §3.2). */
const H2C = process.argv.includes('upgrade') ? '--http2' : '--http2-prior-knowledge';
const OVER = { http: [], h2c: [H2C], https: ['--http1.1', '--insecure'], h2: ['--http2', '--insecure'] };
const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-curl-'));
const files = ({ id }) => ({ head: join(folder, `${id}.head`), body: join(folder, `${id}.body`) });

function words(exchange) {
  const { method, target, body, chunked, expect, version } = exchange;
  const { head, body: into } = files(exchange);
  const url = plan.origin + target;
  const own = [
    '--silent',
    '--compressed',
    ...OVER[plan.over],
    '--max-time',
    GROUP_LIMIT_S,
    '--dump-header',
    head,
    '--output',
    into,
    url,
  ];
  if (method === 'HEAD') own.push('--head');
  else if (body === undefined) own.push('--request', method);
  // A chunked body comes as a file of which curl does not ask the size.
  else own.push('--request', method, '--data-binary', `@${body}`);
  if (chunked) own.push('--header', 'Transfer-Encoding: chunked');
  if (expect) own.push('--header', 'Expect: 100-continue');
  if (version === '1.0') own.push('--http1.0');
  return own;
}

/** The last head of the file, after interim heads: its status and its x-got. */
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

/** curl 7.88 says that a second transfer on a connection of HTTP/2 by prior knowledge went well, and sends nothing. */
const isReusable = H2C === '--http2' || plan.over !== 'h2c';
const parts = plan.groups.flatMap((group) =>
  isReusable ? [group] : group.exchanges.map((exchange) => ({ exchanges: [exchange] })),
);

for (const { exchanges, concurrent } of parts) {
  const atOnce = concurrent ? ['--parallel', '--parallel-max', '100'] : [];
  const args = exchanges.flatMap((exchange, index) => [...(index > 0 ? ['--next'] : atOnce), ...words(exchange)]);
  const error = await new Promise((resolve) => execFile('curl', args, resolve));
  for (const exchange of exchanges) tell(exchange, error);
}
rmSync(folder, { recursive: true });
