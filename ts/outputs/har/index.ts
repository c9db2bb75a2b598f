/** Exchanges in a HAR file. */

import type { OutputKind } from '../kind';
import { unwritable } from '../unwritable';
import { HarFile } from './file';
import { HarOutput } from './output';
import { Pages } from './pages';

export const har: OutputKind = {
  dropReasons: ['overflow', 'abandoned', 'closed', 'invalid'],
  create({
    config: { harFile = '', streamMessages: streams },
    deps: { schedule, now, harTraces },
    lossless,
    log,
    onClosed,
  }) {
    return new HarOutput({
      file: openHar(harFile),
      pages: harTraces ? new Pages() : undefined,
      streams,
      lossless,
      log,
      schedule,
      now,
      onClosed,
    });
  },
};

function openHar(path: string): HarFile {
  try {
    return new HarFile(path);
  } catch (cause) {
    throw unwritable('the HAR file', path, cause);
  }
}
