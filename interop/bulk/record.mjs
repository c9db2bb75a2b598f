// A row's savefile alone, without a sniffer.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from '../capture.mjs';
import { withServer } from './processes.mjs';

/** Returns the port, the path of the savefile, and that of the key log if the row has TLS. */
export async function record(row, count, place) {
  mkdirSync(place);
  const file = join(place, 'capture.pcap');
  return await withServer(row, count, place, async ({ port, keylog, ask }) => {
    const written = await dump([port], file);
    let dropped;
    try {
      await ask();
    } finally {
      ({ dropped } = await written.stop());
    }
    if (dropped > 0) throw new Error(`${row.name}: tcpdump dropped ${dropped} packets`);
    return { port, file, keylog };
  });
}
