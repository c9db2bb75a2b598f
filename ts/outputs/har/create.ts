/** Exchanges in a HAR file. */

import type { OutputContext } from '../kind';
import type { Output } from '../output';
import { unwritable } from '../unwritable';
import { HarFile } from './file';
import { HarOutput } from './output';
import { Pages } from './pages';

export function create({
  config: { harFile = '', streamMessages: streams },
  deps: { schedule, now, harTraces },
  lossless,
  log,
  onClosed,
}: OutputContext): Output {
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
}

function openHar(path: string): HarFile {
  try {
    return new HarFile(path);
  } catch (cause) {
    throw unwritable('the HAR file', path, cause);
  }
}
