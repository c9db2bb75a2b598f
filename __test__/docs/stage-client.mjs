// In the stage: the client at the far end of eth0, which asks until it is killed.
import { request } from 'node:http';
import { pathToFileURL } from 'node:url';

const PATHS = ['/products', '/products/42', '/reports/daily'];
const PAUSE_MS = 100;

/** One request after the other, each on a connection of its own. */
export function ask(host, turn = 0) {
  const path = PATHS[turn % PATHS.length];
  const next = () => setTimeout(ask, PAUSE_MS, host, turn + 1);
  request({ host, port: turn % 2 === 0 ? 8080 : 80, path, agent: false, headers: { 'x-api-version': '1' } })
    .on('response', (response) => response.resume().on('close', next))
    .on('error', next)
    .end();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) ask('10.0.0.5');
