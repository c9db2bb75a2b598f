// The server and the client of a row.
import { freePort, listening, run, start } from '../processes.mjs';
import { secured } from '../secured.mjs';
import { TOOLS } from '../tools.mjs';

const CLIENT_LIMIT_MS = 600_000;
/** The server and the client give way to the sniffer, tcpdump and the judge: with few cores, those would else be too late. */
const GIVING_WAY = ['nice', '-n', '19'];

/** While the server runs: `act({ port, keylog, ask })`, where `ask()` runs the client to its end and returns what it told. */
export async function withServer(row, count, place, act) {
  const { keylog, env } = row.secure ? secured(place) : {};
  const options = {
    cwd: place,
    env: {
      ...env,
      ...(row.keysAreLate && { NODE_OPTIONS: '' }),
      ...(row.secure && { BULK_TLS: place }),
      INTEROP_MODULES: TOOLS.modules(),
    },
  };
  const port = await freePort();
  const command = (words) => [...GIVING_WAY, ...words].map(String);
  const server = start(command(row.server(port, count, TOOLS)), options);
  const ask = async () => {
    const { code, stdout, stderr } = await run(command(row.client(port, count, TOOLS)), CLIENT_LIMIT_MS, options);
    if (code !== 0) throw new Error(`the client: exit ${code}, ${stderr.trim()}`);
    return (row.told ?? JSON.parse)(stdout);
  };
  try {
    await listening(server, port);
    return await act({ port, keylog, ask });
  } finally {
    await server.stop();
  }
}
