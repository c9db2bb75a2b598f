// The engine's cost of a packet when there is ten and a hundred times as much: of connections, of bytes, of time.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { freshFolder } from './peers.mjs';
import { timed } from './processes.mjs';
import { ENGINE, engineCommand } from './savefile.mjs';
import { inTurn, spread } from './statistics.mjs';
import { atOnce, oneByOne } from './synthetic.mjs';
import { http2 } from './synthetic-http2.mjs';

const FACTORS = [1, 10, 100];
const ROUNDS = 7;
const BODIES_BYTES = 60_000_000;
/** A table of HPACK that is full soon. */
const SMALL_TABLE_BYTES = 600;

/** Each with all its sizes of about the same work, or with the work as the size. */
const DIMENSIONS = [
  {
    name: 'connections at once',
    unit: 'connections',
    size: (factor) => 100 * factor,
    make: (path, connections, share) => atOnce(path, { connections, exchanges: 200_000 * share }),
  },
  {
    name: 'bytes of a body',
    unit: 'bytes',
    size: (factor) => 10_000 * factor,
    make: (path, bodyBytes, share) =>
      atOnce(path, { connections: 10, exchanges: Math.ceil((BODIES_BYTES * share) / bodyBytes), bodyBytes }),
  },
  {
    name: 'length of the run',
    unit: 'messages',
    size: (factor) => 20_000 * factor,
    make: (path, messages, share) => oneByOne(path, { connections: (messages / 20) * share, each: 10 }),
  },
  {
    name: 'streams at once',
    unit: 'streams of HTTP/2, a connection',
    size: (factor) => 10 * factor,
    make: (path, streams, share) => http2(path, { connections: 10, streams, exchanges: 200_000 * share }),
    // More streams at once are more in a packet.
    by: 'microsPerMessage',
  },
  {
    name: 'connections of HTTP/2',
    unit: 'connections',
    size: (factor) => 20 * factor,
    make: (path, connections, share) =>
      http2(path, { connections, streams: 10, exchanges: 200_000 * share, tableBytes: SMALL_TABLE_BYTES }),
    by: 'microsPerMessage',
  },
  {
    name: 'table of HPACK',
    unit: 'bytes of the table',
    size: (factor) => SMALL_TABLE_BYTES * factor,
    make: (path, tableBytes, share) =>
      http2(path, { connections: 10, streams: 10, exchanges: 200_000 * share, tableBytes }),
    by: 'microsPerMessage',
  },
];

/** [{name, unit, by, points: [{size, packets, messages, microsPerPacket, microsPerMessage}]}]; `by` is what has to be flat. */
export async function measureGrowth({ cache, quick, tell }) {
  if (ENGINE === undefined) throw new Error('needs the engine: cargo build --release --example read');
  const work = freshFolder(join(cache, 'growth'));
  const share = quick ? 0.1 : 1;
  const results = [];
  for (const { name, unit, size, make, by = 'microsPerPacket' } of DIMENSIONS) {
    tell(`growth: ${name}`);
    const points = FACTORS.map((factor) => ({
      size: size(factor),
      ...make(join(work, `${factor}`), size(factor), share),
    }));
    const idle = { file: atOnce(join(work, 'idle'), { connections: 1, exchanges: 1 }).file };
    const figures = await inTurn(
      [idle, ...points].map(({ file }) => ({ name: file, run: () => timed(engineCommand(file, 200_000)) })),
      { rounds: quick ? 3 : ROUNDS },
    );
    // Starting a process is no part of it.
    const started = spread(figures.get(idle.file).map(({ cpuSeconds }) => cpuSeconds)).median;
    const micros = (file, count) =>
      spread(figures.get(file).map(({ cpuSeconds }) => ((cpuSeconds - started) / count) * 1e6));
    results.push({
      name,
      unit,
      by,
      points: points.map(({ size, file, packets, messages }) => ({
        size,
        packets,
        messages,
        microsPerPacket: micros(file, packets),
        microsPerMessage: micros(file, messages),
      })),
    });
  }
  rmSync(work, { recursive: true });
  return results;
}
