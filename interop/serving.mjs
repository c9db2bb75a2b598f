// How a server is started: alone, or as a proxy before node:http, and which ports are watched.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './processes.mjs';

export const here = (name) => fileURLToPath(new URL(`servers/${name}`, import.meta.url));
/** A Node program; `node` is which. */
export const script =
  (name, node = () => process.execPath, ...words) =>
  (port, tools) => [node(tools), here(name), String(port), ...words];

/**
 * One process, one port. `command(port, tools)` is its command line; `programs` must be on the machine; `without` are clients that
 * do not talk to it; `over` is what it speaks (cases.mjs), `upgrades` are clients whose
 * offer of HTTP/2 it takes.
 */
export const direct = (name, command, { lacks = [], programs = [], without = [], over = 'http', upgrades } = {}) => ({
  name,
  over,
  upgrades,
  lacks,
  without,
  programs,
  async start(machine) {
    const port = await freePort();
    await machine.serve(command(port, machine), port);
    return { port, hops: [{ port }] };
  },
});

/**
 * A proxy before node:http: what goes between the two is watched as well. `text(front, back, folder)` is its configuration,
 * `command(file, folder, front)` its command line.
 */
export const proxy = (
  name,
  { text, command, program, lacks = [], origin = 'node.mjs', originOver = 'http', proxied, over = 'http', without },
) => ({
  name,
  over,
  without,
  // Towards its client a proxy ends what its server broke off in a way of its own.
  lacks: [...lacks, 'reset'],
  programs: [program],
  async start(machine) {
    const [front, back] = [await freePort(), await freePort()];
    await machine.serve(script(origin, undefined, originOver)(back), back);
    const file = join(machine.folder, 'proxy.conf');
    writeFileSync(file, text(front, back, machine.folder));
    await machine.serve(command(file, machine.folder, front), front);
    return { port: front, hops: [{ port: front }, { port: back, behind: front, proxied }] };
  },
});
