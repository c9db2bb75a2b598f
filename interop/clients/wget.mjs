// wget, one process for each exchange. `wget.mjs PLAN`
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { plan, record, recordAnswer } from './records.mjs';

for (const exchange of plan.groups.flatMap(({ exchanges }) => exchanges)) {
  const { id, method, target, body } = exchange;
  const file = `${id}.body`;
  const words = [
    '--server-response',
    '--content-on-error',
    '--compression=auto',
    '--tries=1',
    '--timeout=20',
    '--no-proxy',
  ];
  const upload = body === undefined ? [] : [`--body-file=${body}`];
  const args = [...words, `--method=${method}`, ...upload, '-O', file, `http://${plan.host}:${plan.port}${target}`];
  const text = await new Promise((resolve) => execFile('wget', args, (_error, _stdout, stderr) => resolve(stderr)));
  const status = Number(/^ +HTTP\/1\.\d (\d+)/m.exec(text)?.[1]);
  const got = /^ +x-got: (.*)$/im.exec(text)?.[1];
  if (got === undefined) record({ id, error: text.trim().split('\n').at(-1) });
  else recordAnswer(id, status, got, existsSync(file) ? readFileSync(file) : Buffer.alloc(0));
  rmSync(file, { force: true });
}
