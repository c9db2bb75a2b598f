// That something moves, while the output of a step is held back. On a terminal one line that is updated, in a pipe a line
// every so often. In: the step's output as it comes. Out: which step, how long already, and the last thing it said.
import { stripVTControlCharacters } from 'node:util';

/** Often enough to look alive. */
const REDRAW_MS = 200;
/** A log that is read later needs few. */
const PLAIN_MS = 10_000;
const DEFAULT_COLUMNS = 80;
/** Of the output; longer than a line that is shown. */
const MAX_TAIL_CHARACTERS = 2_000;
/** Back to the first column, and away with what stands there. */
const ERASE_LINE = '\r\x1b[K';
/** Characters that a terminal would obey. */
const CONTROLS = /[\p{C}]/gu;

/** `note` takes the step's output, `stop` ends it and takes the line away. */
export function showProgress(
  title,
  { stream = process.stderr, env = process.env, now = () => performance.now() } = {},
) {
  const isUpdated = Boolean(stream.isTTY) && env.TERM !== 'dumb';
  const began = now();
  let tail = '';
  let last = '';
  const draw = () => {
    const seconds = Math.floor((now() - began) / 1000);
    const line = `${title}: ${seconds} s${last === '' ? '' : `, ${last}`}`;
    if (isUpdated) stream.write(ERASE_LINE + clipped(line, (stream.columns || DEFAULT_COLUMNS) - 1));
    else stream.write(`${line}\n`);
  };
  const timer = setInterval(draw, isUpdated ? REDRAW_MS : PLAIN_MS);
  timer.unref();
  if (isUpdated) draw();
  return {
    note(output) {
      // A line may come in pieces.
      tail = (tail + output).slice(-MAX_TAIL_CHARACTERS);
      last =
        tail
          .split(/[\r\n]+/)
          .map(plain)
          .findLast((line) => line !== '') ?? last;
    },
    stop() {
      clearInterval(timer);
      if (isUpdated) stream.write(ERASE_LINE);
    },
  };
}

const plain = (line) => stripVTControlCharacters(line).replace(CONTROLS, '').trim();
const clipped = (line, columns) => (line.length <= columns ? line : `${line.slice(0, columns - 1)}…`);
