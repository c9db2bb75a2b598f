/** JSON lines on stdout. */

import { hasStreams, type OutputKind } from '../kind';
import { type StdoutOptions, StdoutOutput } from './output';

export const stdout: OutputKind = {
  dropReasons: ['overflow', 'abandoned', 'closed'],
  create({ config, deps, endings, alone, capture, lossless, log, onClosed }) {
    const { schedule, now } = deps;
    const target = deps.stdout();
    const engine = deps.stdoutIsOurs && target.direct !== undefined && alone ? capture : undefined;
    const options: StdoutOptions = { target, engine, lossless, log, schedule, now, onClosed };
    return deps.createStdout?.(options, { streams: hasStreams(config, deps), endings }) ?? new StdoutOutput(options);
  },
};
