/** Exchanges in a HAR file. */

import { hasStreams, type OutputContext } from '../kind';
import type { Output } from '../output';
import { unwritable } from '../unwritable';
import { HarFile } from './file';
import { HarOutput } from './output';
import { Pages } from './pages';

export function create({ config, deps, endings, lossless, log, onClosed }: OutputContext): Output {
  const { schedule, now, harTraces } = deps;
  return new HarOutput({
    file: openHar(config.harFile ?? ''),
    pages: harTraces ? new Pages() : undefined,
    streams: hasStreams(config, deps),
    endings,
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
