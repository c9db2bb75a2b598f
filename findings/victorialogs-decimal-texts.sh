#!/usr/bin/env bash
# VictoriaLogs takes JSON, where "1.10" is a text. It stores the values of a field in blocks; if all texts of a block look like decimal numbers, and
# are more than a few different texts, it keeps them as floating point numbers, and a query returns other texts than were sent: two different
# ids become the same.
#
# Seen with VictoriaLogs v1.52.1, the texts "1.1", "1.2" to "1.20":
#   returned: 1.1 for "1.1" and "1.10", 1.2 for "1.2" and "1.20", 1.9000000000000001 for "1.9"
#   with "x" in the same block: as they were sent
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
VERSION=v1.52.1
GOBIN=$folder go install "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@$VERSION"
echo "VictoriaLogs $VERSION"
"$folder/victoria-logs" -storageDataPath="$folder/data" -httpListenAddr=127.0.0.1:19429 >"$folder/log" 2>&1 &
server=$!
cat >"$folder/ask.mjs" <<'JS'
import { setTimeout as sleep } from 'node:timers/promises';

const BASE = 'http://127.0.0.1:19429';
const post = (path, body) => fetch(BASE + path, { method: 'POST', body });
for (let tries = 0; ; tries++) {
  if (await post('/health').catch(() => undefined)) break;
  if (tries === 100) throw new Error('it does not listen');
  await sleep(100);
}
const now = new Date().toISOString();
const returned = async (run, ids) => {
  const body = ids.map((id, n) => `${JSON.stringify({ time: now, run, id, n: `n${String(n).padStart(2, '0')}` })}\n`).join('');
  const { status } = await post('/insert/jsonline?_time_field=time&_msg_field=n&_stream_fields=run', body);
  if (status !== 200) throw new Error(`answer ${status}`);
  await sleep(3_000);
  const found = await (await post('/select/logsql/query', new URLSearchParams({ query: `run:=${run}` }))).text();
  const rows = found.trimEnd().split('\n').map((each) => JSON.parse(each));
  const back = rows.sort((a, b) => (a._msg < b._msg ? -1 : 1)).map(({ id }) => id);
  console.log(`${run}: sent ${ids.join(', ')}; returned ${back.join(', ')}`);
  return back;
};
const IDS = Array.from({ length: 20 }, (_, n) => `1.${n + 1}`);
const decimal = await returned('decimal', IDS);
const mixed = await returned('mixed', [...IDS, 'x']);
const same = (n, m) => decimal[n - 1] === decimal[m - 1];
process.exit(same(1, 10) && same(2, 20) && mixed.join() === [...IDS, 'x'].join() ? 0 : 1);
JS
node "$folder/ask.mjs"
