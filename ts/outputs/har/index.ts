/** Exchanges in a HAR file. */

import { ENGINE_ERROR_CODES, EngineError } from '../../errors';
import type { OutputKind } from '../kind';
import { HarFile } from './file';
import { HarOutput } from './output';

export const har: OutputKind = {
  dropReasons: ['overflow', 'abandoned', 'closed', 'invalid'],
  create({ config: { harFile = '', streamMessages: streams }, deps: { schedule, now }, lossless, log, onClosed }) {
    return new HarOutput({ file: openHar(harFile), streams, lossless, log, schedule, now, onClosed });
  },
};

function openHar(path: string): HarFile {
  try {
    return new HarFile(path);
  } catch (cause) {
    const message = `cannot write the HAR file '${path}': ${(cause as Error).message}`;
    throw new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, message, { cause });
  }
}
