/**
 * Runs inside the watched service, by `NODE_OPTIONS=--require …`: writes the TLS secrets of this process where the sidecar reads
 * them. Node's own `--tls-keylog` does not serve here: its file has mode 0600, so that another user cannot read it, its lines come
 * late, and some are lost at exit.
 *
 * It is a guest in a process of any version of Node. So it imports nothing of the package, is written in what Node 6 can parse,
 * and ignores whatever fails in it: the service has to go on as if it was not there. Sockets have the event since Node 12.3.
 */

// biome-ignore lint/style/useNodejsImportProtocol: Node before 14.18 does not know it
import { randomBytes } from 'crypto';
// biome-ignore lint/style/useNodejsImportProtocol: as above
import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'fs';
// biome-ignore lint/style/useNodejsImportProtocol: as above
import { dirname, join } from 'path';
// biome-ignore lint/style/useNodejsImportProtocol: as above
import { TLSSocket } from 'tls';

/** Of a file; two of them take turns, so that the reader has as much time to read one as the other takes to fill. */
const MAX_FILE_BYTES = 1 << 20;
const FILES = 2;
/** The folder has the reader's group and hands it on to its files (setgid). */
const FILE_MODE = 0o640;

interface Initialized {
  _init(...given: unknown[]): unknown;
}

/** Returns the function that writes a line; a full disk may have room again, any other error ends it. */
function keyFiles(folder: string): (line: Buffer) => void {
  // Several users share the folder, so an own file is never there already, or a link.
  const flags =
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND | (constants.O_NOFOLLOW || 0);
  const prefix = join(folder, `${process.pid}-${randomBytes(8).toString('hex')}`);
  const descriptors: number[] = [];
  let current = 0;
  let bytes = 0;
  let failed = false;

  function descriptor(): number {
    const open = descriptors[current];
    if (open !== undefined) return open;
    const opened = openSync(`${prefix}-${current}.keys`, flags, FILE_MODE);
    descriptors[current] = opened;
    return opened;
  }

  return (line) => {
    if (failed) return;
    try {
      if (bytes + line.length > MAX_FILE_BYTES) {
        current = (current + 1) % FILES;
        bytes = 0;
        ftruncateSync(descriptor());
      }
      writeSync(descriptor(), line);
      bytes += line.length;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
      failed = true;
      for (const each of descriptors) closeSync(each);
    }
  };
}

try {
  const write = keyFiles(join(dirname(dirname(__filename)), 'keys'));
  const prototype = TLSSocket.prototype as unknown as Initialized;
  const initialize = prototype._init;
  if (typeof initialize === 'function') {
    // Every TLS socket comes through here, those of servers and those of clients, of https, http2 and fetch.
    prototype._init = function init(this: TLSSocket & Initialized): unknown {
      // biome-ignore lint/complexity/noArguments: the length of the list is part of the call
      const result = initialize.apply(this, arguments as unknown as unknown[]);
      this.on('keylog', write);
      return result;
    };
  }
} catch (_error) {
  // The service goes on without.
}
