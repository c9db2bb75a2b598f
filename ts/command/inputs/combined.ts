/** Inputs that the engine does not read by itself as they are. In: inputs. Out: how their one capture is made. */

import type { CaptureOptions, NativeCapture } from '../../native';
import { Chain, type Source } from './chain';
import type { Input } from './find';
import { followSavefile } from './followed';
import { LinesCapture } from './lines';
import { bytesOf, follow } from './read';
import { reworded } from './reworded';
import { isPipe } from './status';

export type CreateCapture = (options: CaptureOptions) => NativeCapture;

export function combined(inputs: readonly Input[], follows: boolean, createEngine: CreateCapture): CreateCapture {
  return (options) => {
    const sources = inputs.map(({ path, kind }): Source => {
      const engine = (pcapFile: string): NativeCapture => createEngine({ ...options, pcapFile });
      if (isPipe(path) && kind === 'savefile') return { create: () => reworded(engine(path), withLines) };
      if (kind === 'savefile') return { create: () => (follows ? followSavefile(path, engine) : engine(path)) };
      const read = (signal: AbortSignal): AsyncIterable<Buffer> => (follows ? follow : bytesOf)(path, signal);
      return { create: () => new LinesCapture({ name: path, read }) };
    });
    const [first] = sources;
    return first !== undefined && sources.length === 1 ? first.create() : new Chain(sources);
  };
}

/** Of a pipe it is not known what it brings. */
function withLines(message: string): string {
  return message.includes('neither pcap nor pcapng')
    ? `${message}; JSON lines of tcp-sniffer are read from a pipe without --ports`
    : message;
}
