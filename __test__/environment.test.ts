import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { makeNeutral } from './environment.js';

test('commands under test do not see what the caller has set', () => {
  const env: NodeJS.ProcessEnv = { ...process.env, FORCE_COLOR: '3', NO_COLOR: '1', LOG_LEVEL: 'debug', PORTS: '1' };
  makeNeutral(env);
  const seen =
    'process.stdout.write(JSON.stringify([process.env.FORCE_COLOR, process.env.LOG_LEVEL, process.env.PORTS]))';
  expect(execFileSync(process.execPath, ['-e', seen], { env, encoding: 'utf8' })).toBe('[null,null,null]');
  expect(process.env.FORCE_COLOR).toBeUndefined();
});
