// `tcp-sniffer injector` as a process, from the package that the global set-up has built.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { LogLine } from './rig';

export const CLI = join(process.env.TEST_DIST as string, 'cli.js');

export interface InjectorProcess {
  child: ChildProcessWithoutNullStreams;
  port: number;
  healthPort: number;
  log: LogLine[];
  ended: Promise<number | null>;
  /** Until a line of the log has these words. */
  logged(words: string): Promise<LogLine>;
  health(path: string): Promise<Response>;
}

const running: ChildProcessWithoutNullStreams[] = [];

export function killAll(): void {
  for (const child of running.splice(0)) child.kill('SIGKILL');
}

/** Killed by `killAll`, unless it is kept in another list. */
export async function startInjector(
  env: Record<string, string> = {},
  args: string[] = [],
  cli = CLI,
  list = running,
): Promise<InjectorProcess> {
  const [port, healthPort] = await freePorts();
  const child = spawn(process.execPath, [cli, 'injector', ...args], {
    env: {
      PATH: process.env.PATH ?? '',
      INJECTOR_IMAGE: 'tcp-sniffer',
      NAMESPACE: 'tcp-sniffer',
      INJECTOR_PORT: `${port}`,
      INJECTOR_HEALTH_PORT: `${healthPort}`,
      ...env,
    },
  });
  list.push(child);
  const log: LogLine[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) log.push(JSON.parse(line));
    for (const look of waiting) look();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    child,
    port,
    healthPort,
    log,
    ended,
    logged: (words) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const line = log.find(({ message }) => message.includes(words));
          if (line === undefined) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        look();
        void ended.then((code) => reject(new Error(`ended with ${code}: ${JSON.stringify(log)}`)));
      }),
    health: (path) => fetch(`http://127.0.0.1:${healthPort}${path}`),
  };
}

export async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const [first = 0, second = 0] = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [first, second];
}
