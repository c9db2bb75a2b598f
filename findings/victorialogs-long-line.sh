#!/usr/bin/env bash
# VictoriaLogs takes lines of JSON in a POST (`/insert/jsonline`). A line that is longer than `-insert.maxLineSizeBytes` (256 KiB) is dropped, as is
# documented. With it goes all that comes after it in the same POST, lines that are short too; the answer is 200, so a client that sends batches takes
# them for delivered.
#
# Seen with VictoriaLogs v1.52.1, a POST of three lines of which the second has 300 000 bytes:
#   answer: 200; held: 1 (the first line). With the long line at the end: 2 held.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
VERSION=v1.52.1
GOBIN=$folder go install "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@$VERSION"
echo "VictoriaLogs $VERSION"
"$folder/victoria-logs" -storageDataPath="$folder/data" -httpListenAddr=127.0.0.1:19428 >"$folder/log" 2>&1 &
server=$!
cat >"$folder/ask.mjs" <<'JS'
import { setTimeout as sleep } from 'node:timers/promises';

const BASE = 'http://127.0.0.1:19428';
const post = (path, body) => fetch(BASE + path, { method: 'POST', body });
for (let tries = 0; ; tries++) {
  if (await post('/health').catch(() => undefined)) break;
  if (tries === 100) throw new Error('it does not listen');
  await sleep(100);
}
const now = new Date().toISOString();
const line = (run, n, text) => `${JSON.stringify({ time: now, run, n: `n${n}`, text })}\n`;
const LONG = 'x'.repeat(300_000);
const held = async (run, texts) => {
  const body = texts.map((text, n) => line(run, n, text)).join('');
  const { status } = await post('/insert/jsonline?_time_field=time&_msg_field=text&_stream_fields=run', body);
  await sleep(3_000);
  const found = await (await post('/select/logsql/query', new URLSearchParams({ query: `run:=${run}` }))).text();
  const names = found.trimEnd().split('\n').filter(Boolean).map((each) => JSON.parse(each).n).sort();
  console.log(`${run}: sent ${texts.length} lines, answer ${status}, held: ${names.join(' ')}`);
  return `${status} ${names.join(' ')}`;
};
const seen = [
  await held('short', ['a', 'b', 'c']),
  await held('long-in-the-middle', ['a', LONG, 'c']),
  await held('long-at-the-end', ['a', 'b', LONG]),
];
process.exit(seen.join() === '200 n0 n1 n2,200 n0,200 n0 n1' ? 0 : 1);
JS
node "$folder/ask.mjs"
