// One server, all clients that are to talk to it, and the capture around them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from './capture.mjs';
import { groupsFor, isSecure, uploadOf } from './cases.mjs';
import { compare, idIn } from './compare.mjs';
import { leftCoded, losses, uncounted } from './losses.mjs';
import { listening, run, start } from './processes.mjs';
import { compareProxied } from './proxied.mjs';
import { differences } from './same.mjs';
import { secured } from './secured.mjs';

const CLIENT_LIMIT_MS = 120_000;
/** Clients that talk to the server at the same time. */
const AT_ONCE = 3;

/** Where the server and what it needs run; `end()` stops all of it. */
function machineIn(folder, tools, env) {
  const children = [];
  return {
    ...tools,
    folder,
    async serve(command, port, options) {
      const child = start(command, { cwd: folder, env, ...options });
      children.push(child);
      await listening(child, port);
    },
    end: () => Promise.all(children.map((child) => child.stop())),
  };
}

/** The plan as lines of tabs, for clients in languages that read no JSON by themselves. */
function inLines({ host, port, groups }) {
  const flags = ({ chunked, expect, abort }) =>
    Object.keys({ ...(chunked && { chunked }), ...(expect && { expect }), ...(abort && { abort }) });
  const lines = groups.flatMap(({ exchanges }, group) =>
    exchanges.map((one) => [group, one.id, one.method, one.target, one.body ?? '', flags(one)].join('\t')),
  );
  return [`${host}:${port}`, ...lines].join('\n');
}

/** Runs a client to its end; returns its records, and what it said if it failed. */
async function runClient({ client, command }, groups, { port, folder, over, env }) {
  const own = join(folder, client.name.replaceAll(/\W+/g, '-'));
  mkdirSync(own);
  const withBody = (exchange) => {
    const bytes = uploadOf(exchange);
    if (bytes === undefined) return exchange;
    const body = join(own, `${exchange.id}.upload`);
    writeFileSync(body, bytes);
    return { ...exchange, body };
  };
  const planned = groups.map((group) => ({ ...group, exchanges: group.exchanges.map(withBody) }));
  const scheme = isSecure(over) ? 'https' : 'http';
  const plan = { host: '127.0.0.1', port, over, origin: `${scheme}://127.0.0.1:${port}`, groups: planned };
  const file = join(own, 'plan');
  writeFileSync(file, client.plan === 'tsv' ? inLines(plan) : JSON.stringify(plan));
  const { code, stdout, stderr } = await run([...command, file], CLIENT_LIMIT_MS, { cwd: own, env });
  const records = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { records, failure: code === 0 ? undefined : `exit ${code}: ${stderr.trim()}` };
}

async function inTurns(things, act) {
  const waiting = [...things];
  const worker = async () => {
    for (let thing = waiting.shift(); thing !== undefined; thing = waiting.shift()) await act(thing);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Counts the packets that the kernel had no room for, and the messages that the runner took too slowly from the sniffers. */
const droppedIn = ({ live, raw, written }) =>
  [live, raw].reduce((sum, { counters }) => sum + counters.dropped + counters.queueDropped, written.dropped);

/** The complaints of all runs about the session, as `{ id, text }`. */
function judge({ live, raw, read, written }, hops, exchanges, records) {
  const brokenOff = exchanges.filter(({ abort }) => abort).length;
  const complaints = [
    ...losses('live', live.counters, brokenOff),
    ...losses('not decoded', raw.counters, brokenOff),
    ...leftCoded('live', live.messages, live.counters.bodiesLeftCoded),
    ...leftCoded('--read', read, 0),
    ...uncounted('live', live, read.length),
    ...uncounted('not decoded', raw, read.length),
  ];
  if (written.dropped > 0) complaints.push({ text: `tcpdump dropped ${written.dropped} packets` });
  for (const [name, messages] of Object.entries({ live: live.messages, 'not decoded': raw.messages, '--read': read })) {
    for (const hop of hops) {
      const own = messages.filter(({ receiver }) => receiver.port === hop.port);
      const found = compare(own, exchanges, records, hop);
      if (hop.proxied) found.push(...compareProxied(own, messages, hop));
      const where = hop.behind === undefined ? name : `${name}, behind the proxy`;
      for (const { id, text } of found) complaints.push({ id, text: `${where}: ${text}` });
    }
  }
  return [...complaints, ...differences(live.messages, read)];
}

/** Where the server takes the client's offer of HTTP/2, some of their messages are of that version. */
function* judgeUpgrade({ upgrades, exchanges }, { live }) {
  const own = new Set(exchanges.map(({ id }) => id));
  const isUpgraded = ({ path, request, httpVersion }) => httpVersion === '2.0' && own.has(idIn(path ?? request?.path));
  if (upgrades && !live.messages.some(isUpgraded)) yield { id: exchanges[0]?.id, text: 'live: no upgrade was seen' };
}

/** Complaints go to the client whose exchange they are about; the others are the server's. */
function sorted(complaints, cells) {
  const cellOf = new Map();
  for (const cell of cells) for (const exchange of cell.exchanges) cellOf.set(exchange.id, { cell, ...exchange });
  const others = [];
  for (const { id, text } of complaints) {
    const known = cellOf.get(id);
    if (known === undefined) others.push(text);
    else known.cell.complaints.push({ id, text: `${id} (${known.case}): ${text}` });
  }
  return others;
}

/**
 * Returns `{ cells, others, dropped, file }`: for each client its exchanges and what is to be complained of in them; what
 * concerns no client alone; how much was dropped since the machine was busy; and the savefile.
 */
export async function session(server, clients, { folder, tools, repeat }) {
  mkdirSync(folder, { mode: 0o755 });
  const { over } = server;
  const { keylog, env } = isSecure(over) ? secured(folder) : {};
  const machine = machineIn(folder, tools, env);
  try {
    // Before anything is captured, since what is not there yet is got now, while nothing else can be done.
    const ready = clients.map((client) => ({ client, command: client.command(tools) }));
    const { port, hops } = await server.start(machine);
    const file = join(folder, 'capture.pcap');
    const capturing = await capture(
      hops.map((hop) => hop.port),
      file,
      keylog,
    );
    const records = new Map();
    const cells = [];
    await inTurns(ready, async ({ client, command }) => {
      const groups = groupsFor(client, server, repeat);
      const upgrades = server.upgrades?.includes(client.name);
      const cell = {
        client: client.name,
        upgrades,
        exchanges: groups.flatMap((group) => group.exchanges),
        complaints: [],
      };
      cells.push(cell);
      const done = await runClient({ client, command }, groups, { port, folder, over, env });
      for (const record of done.records) records.set(record.id, record);
      if (done.failure) cell.complaints.push({ text: done.failure });
    });
    const seen = await capturing.stop();
    const exchanges = cells.flatMap((cell) => cell.exchanges);
    return {
      cells,
      others: sorted(
        [...judge(seen, hops, exchanges, records), ...cells.flatMap((cell) => [...judgeUpgrade(cell, seen)])],
        cells,
      ),
      dropped: droppedIn(seen),
      file,
    };
  } finally {
    await machine.end();
  }
}
