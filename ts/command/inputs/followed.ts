/** A savefile that is still being written, as a capture: what is added to it goes to the engine through a FIFO. */

import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENGINE_ERROR_CODES, EngineError } from '../../errors';
import type { CaptureInfo, NativeCapture } from '../../native';
import { follow } from './read';
import { reworded } from './reworded';

interface Fifo {
  reader: number;
  writer: number;
}

/** `create` makes the engine's capture of a path. */
export function followSavefile(path: string, create: (path: string) => NativeCapture): NativeCapture {
  refuseUnreadable(path);
  const { reader, writer } = createFifo();
  const own = `/proc/self/fd/${reader}`;
  const capture = reworded(create(own), (message) => message.replaceAll(own, path));
  const stopped = new AbortController();
  return {
    ...capture,
    async open(onEvent): Promise<CaptureInfo> {
      let info: CaptureInfo;
      try {
        info = await capture.open(onEvent);
      } catch (error) {
        closeSync(writer);
        throw error;
      } finally {
        closeSync(reader);
      }
      void pump(path, writer, stopped.signal, (message) =>
        onEvent({ kind: 'notice', level: 'warn', name: 'follow-ended', message }),
      );
      return { ...info, interface: path };
    },
    stop(): void {
      // The end of the FIFO is no end of the savefile then.
      capture.stop();
      stopped.abort();
    },
  };
}

/** The engine would see nothing but a FIFO without bytes. @throws {EngineError} */
function refuseUnreadable(path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    const message = `cannot open savefile '${path}': ${(cause as Error).message.replace(/, access .*/s, '')}`;
    throw new EngineError(ENGINE_ERROR_CODES.CAPTURE_OPEN_FAILED, message, { cause });
  }
}

/** Both ends, open; its name is gone again. */
function createFifo(): Fifo {
  const folder = mkdtempSync(join(tmpdir(), 'tcp-sniffer-'));
  try {
    const path = join(folder, 'fifo');
    const { status, error } = spawnSync('mkfifo', ['-m', '600', path], { stdio: 'ignore' });
    if (status !== 0) {
      const reason = error?.message ?? `it ended with status ${status}`;
      const instead = "in its place: 'tail -c +1 -f FILE | tcp-sniffer --read -'";
      throw new EngineError(ENGINE_ERROR_CODES.CAPTURE_OPEN_FAILED, `--follow needs mkfifo: ${reason}; ${instead}`);
    }
    // Without a reader a FIFO cannot be opened for writing.
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    return { reader, writer };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Never rejects. */
async function pump(path: string, fd: number, signal: AbortSignal, say: (message: string) => void): Promise<void> {
  const pipe = new Socket({ fd, readable: false, writable: true });
  // The engine has ended.
  pipe.on('error', () => pipe.destroy());
  signal.addEventListener('abort', () => pipe.destroy(), { once: true });
  try {
    for await (const bytes of follow(path, signal)) {
      if (pipe.destroyed) return;
      await new Promise((resolve) => {
        pipe.once('close', resolve);
        pipe.write(bytes, () => {
          pipe.off('close', resolve);
          resolve(undefined);
        });
      });
    }
  } catch (error) {
    say(`'${path}' is followed no more: ${(error as Error).message}`);
  }
  pipe.end();
}
