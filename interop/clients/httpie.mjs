// HTTPie, one process for each exchange. `httpie.mjs PYTHON PLAN`
import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { plan, record, recordAnswer } from './records.mjs';

const python = process.argv[2];

for (const exchange of plan.groups.flatMap(({ exchanges }) => exchanges)) {
  const { id, method, target, body, chunked } = exchange;
  const file = `${id}.body`;
  const upload = body === undefined ? ['--ignore-stdin'] : [];
  const words = ['--pretty=none', '--download', '--output', file, '--print=h', '--timeout=20', '--ignore-netrc'];
  const args = [
    '-m',
    'httpie',
    ...words,
    ...upload,
    ...(chunked ? ['--chunked'] : []),
    method,
    `http://${plan.host}:${plan.port}${target}`,
  ];
  const text = await new Promise((resolve) => {
    const child = execFile(python, args, (_error, stdout, stderr) => resolve(stdout + stderr));
    child.stdin.end(body === undefined ? undefined : readFileSync(body));
  });
  const got = /^x-got: (.*?)\r?$/im.exec(text)?.[1];
  if (got === undefined) record({ id, error: text.trim().split('\n').at(-1) });
  else recordAnswer(id, Number(/HTTP\/1\.\d (\d+)/.exec(text)[1]), got, readFileSync(file));
  rmSync(file, { force: true });
}
