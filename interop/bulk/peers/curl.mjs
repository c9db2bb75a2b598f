// curl with 100 transfers at once, in one process. `curl.mjs PORT COUNT --http2-prior-knowledge|--http2`, the second of which offers
// HTTP/2 by Upgrade. CURL names another program.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { answerOf, messageOf } from '../content.mjs';

const ANSWERS = 'answers';
const ESCAPED = /["\\]/g;

const [port, count, way] = process.argv.slice(2);
const numbers = Array.from({ length: Number(count) }, (_, n) => n);
mkdirSync(ANSWERS);
/** Its bytes as they are, which a config file may have between quotes. */
const body = (n) => messageOf(n).bytes.toString('latin1').replaceAll(ESCAPED, '\\$&');
const transfer = (n) => `url = "http://127.0.0.1:${port}/${n}"
${way.slice(2)}
silent
show-error
data-raw = "${body(n)}"
output = "${ANSWERS}/${n}"
write-out = "${n} %{http_version} %{response_code} %header{x-number} %header{x-got}\\n"
`;
writeFileSync('transfers', numbers.map(transfer).join('next\n'), 'latin1');
const { status, stdout, stderr, error } = spawnSync(
  process.env.CURL ?? 'curl',
  ['--parallel', '--parallel-max', '100', '--config', 'transfers'],
  { encoding: 'utf8', maxBuffer: 100 * Number(count) + 1_000_000 },
);
if (error || status !== 0) throw error ?? new Error(`curl: ${status} ${stderr.slice(-1000)}`);
const told = new Set(stdout.trim().split('\n'));
const isRight = (n) =>
  told.has(`${n} 2 200 ${n} ${messageOf(n).bytes.length}`) && readFileSync(`${ANSWERS}/${n}`).equals(answerOf(n));
console.log(JSON.stringify({ right: numbers.filter(isRight).length }));
