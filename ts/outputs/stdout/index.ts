/** JSON lines on stdout. */

import { hasStreams, type OutputKind } from '../kind';
import { type StdoutOptions, StdoutOutput } from './output';

export const stdout: OutputKind = {
  dropReasons: ['overflow', 'abandoned', 'closed'],
  create({ config, deps, endings, alone, capture, lossless, log, onClosed }) {
    const { schedule, now } = deps;
    const target = deps.stdout();
    const engine = deps.stdoutIsOurs && target.direct !== undefined && alone ? capture : undefined;
    const about = { target, engine, ownsStream: deps.ownsProcess };
    const options: StdoutOptions = { ...about, lossless, log, schedule, now, onClosed };
    return deps.createStdout?.(options, { streams: hasStreams(config, deps), endings }) ?? new StdoutOutput(options);
  },
};
