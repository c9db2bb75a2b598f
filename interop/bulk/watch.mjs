// The traffic of one port while `act` runs, shown to one judge live and to another judge by `--read` of what tcpdump wrote
// meanwhile.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { dump, readEach } from '../capture.mjs';

const { createSniffer } = createRequire(import.meta.url)(
  fileURLToPath(new URL('../../dist/index.js', import.meta.url)),
);

const RING_BYTES = 64 * 1024 * 1024;
/** 100 000 calls of gRPC take more than 1 GiB. */
const MAX_SAVEFILE_BYTES = 8 * 1024 ** 3;
/** The time for the last packets of a connection that ends. */
const SETTLE_MS = 300;

/** Named by the engine where it had no time for all of the content. */
const LEFT_IN_HASTE = ['dropped', 'queueDropped', 'bodiesLeftCoded', 'grpcMessagesLeftCoded'];

/** Returns what `act` returned, how much a busy machine left out, and the engine's counters. */
export async function watch({ port, file, keylog, live, read }, act) {
  const sniffer = createSniffer({
    ports: [port],
    interface: 'lo',
    streamMessages: true,
    ...(keylog && { tlsKeylog: [keylog] }),
    binaryBodies: 'base64',
    ringBufferBytes: RING_BYTES,
    logLevel: 'silent',
  });
  for (const event of ['message', 'streamMessage']) sniffer.on(event, (message) => live.take(message));
  await sniffer.start();
  const written = await dump([port], file, MAX_SAVEFILE_BYTES);
  let told;
  let ofFile;
  try {
    told = await act();
    await sleep(SETTLE_MS);
  } finally {
    await sniffer.stop();
    ofFile = await written.stop();
  }
  const { engine: counters } = sniffer.stats();
  await readEach([port], file, keylog, ['--stream-messages'], (message) => read.take(message));
  const leftOut = LEFT_IN_HASTE.reduce((sum, name) => sum + counters[name], ofFile.dropped);
  return { told, counters, leftOut };
}

/** The messages of a savefile to a judge; returns the engine's counters. */
export async function readCounted({ port, file, keylog }, judge) {
  const sniffer = createSniffer({
    ports: [port],
    pcapFile: file,
    streamMessages: true,
    ...(keylog && { tlsKeylog: [keylog] }),
    binaryBodies: 'base64',
    logLevel: 'silent',
  });
  for (const event of ['message', 'streamMessage']) sniffer.on(event, (message) => judge.take(message));
  const ended = once(sniffer, 'end');
  await sniffer.start();
  await ended;
  return sniffer.stats().engine;
}
