// nghttp2's h2load with 100 streams at once. `h2load.mjs PORT COUNT h2c|h2`: the n-th request asks for `/n`.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const TARGETS = 'targets.txt';

const [port, count, over] = process.argv.slice(2);
const origin = `${over === 'h2' ? 'https' : 'http'}://127.0.0.1:${port}`;
writeFileSync(TARGETS, Array.from({ length: Number(count) }, (_, n) => `${origin}/${n}\n`).join(''));
const { status, stdout, error } = spawnSync('h2load', ['-n', count, '-c', '1', '-m', '100', '-i', TARGETS], {
  encoding: 'utf8',
});
if (error || status !== 0) throw error ?? new Error(stdout);
const [, done] = /requests: .* (\d+) succeeded/.exec(stdout);
const [, answered] = /status codes: (\d+) 2xx/.exec(stdout);
console.log(JSON.stringify({ right: Math.min(Number(done), Number(answered)) }));
