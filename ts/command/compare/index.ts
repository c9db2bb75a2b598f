/** One comparison: two captures read one after the other; what differs on stdout, outcomes to an exit code. */

import { Captures } from '../../compare/captures';
import { differencesOf } from '../../compare/differences';
import { LOG_LEVELS, type SnifferConfig } from '../../config';
import { type Env, readKeepNetRaw, readLogLevel } from '../../config/env';
import { ValidationError } from '../../errors';
import { lossesOf } from '../../losses';
import { type Output, Tally } from '../../outputs/output';
import { DEFAULT_DEPS } from '../../run/deps';
import { BAD_CONFIG, FAILED, SUCCESS } from '../../run/exit-codes';
import { Sniffer } from '../../run/sniffer';
import { type Asked, isOfLines, readAsked } from '../asked';
import { checkedConfig, giveUpRight } from '../capture';
import { captureOf } from '../inputs';
import { COMMANDS } from '../program';
import { type Shown, show } from '../show';
import { createPaint } from '../terminal/style';
import { loadText } from '../terminal/text';
import { type AskedComparison, VARIABLES } from './flags';
import { jsonOf } from './json';
import { type Read, reportRows } from './report';

/** Where the terminal does not say. */
const COLUMNS = 80;

interface Side {
  name: string;
  asked: Asked;
  config: SnifferConfig;
}

export async function compare(asked: AskedComparison): Promise<number> {
  const { names, flags, format } = asked;
  const terminal = await show({ format: format === 'json' ? 'json' : undefined, summary: false });
  const env = ownEnv(process.env);
  let sides: Side[];
  try {
    if (names.every((name) => name === '-'))
      throw new ValidationError('inputs', 'stdin is read once', 'tcp-sniffer compare');
    sides = names.map((name) => sideOf(name, asked, env));
    if (!readKeepNetRaw(process.env)) giveUpRight(terminal.createLogger(sides[0]?.config.logLevel ?? 'warn'));
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const log = terminal.createLogger(readLogLevel(flags, env, LOG_LEVELS));
    log.error({ code: error.code, field: error.field }, error.message);
    await terminal.close();
    return BAD_CONFIG;
  }
  const captures = new Captures();
  const reads: Read[] = [];
  for (const side of sides) {
    const read = await readSide(side, captures, terminal);
    if (typeof read === 'number') {
      await terminal.close();
      return read;
    }
    reads.push(read);
    captures.end();
  }
  await terminal.close();
  const result = { captures, reads, differences: differencesOf(captures) };
  if (format === 'json') process.stdout.write(`${JSON.stringify(jsonOf(result))}\n`);
  else {
    const text = await loadText();
    const paint = process.stdout.isTTY ? createPaint(process.env) : (_: unknown, words: string) => words;
    const rows = [...reportRows(result, { text, paint }, process.stdout.columns || COLUMNS)];
    process.stdout.write(`${rows.join('\n')}\n`);
  }
  return reads.some(({ broke }) => broke) ? FAILED : SUCCESS;
}

/** Variables say what is read, as flags do; where messages go to is no matter of this. */
function ownEnv(env: Env): Env {
  return Object.fromEntries(VARIABLES.map((name) => [name, env[name]]));
}

/** @throws {ValidationError} */
function sideOf(name: string, { flags, asked: shorts }: AskedComparison, env: Env): Side {
  const asked = readAsked({ ...shorts, inputs: [name], words: [] }, flags, env, COMMANDS);
  return { name, asked, config: { logLevel: 'warn', ...checkedConfig(asked, env) } };
}

/** An exit code if there was nothing to read. */
async function readSide({ name, asked, config }: Side, captures: Captures, terminal: Shown): Promise<Read | number> {
  let broke = false;
  const sniffer = new Sniffer(config, {
    ...DEFAULT_DEPS,
    createCapture: captureOf(asked.inputs, false, DEFAULT_DEPS.createCapture),
    readsLines: isOfLines(asked.inputs),
    createLogger: terminal.createLogger,
    createStdout: () => new Reader(captures),
  });
  sniffer.on('error', () => {
    broke = true;
  });
  const stopped = new Promise<void>((resolve) => {
    sniffer.on('stop', resolve);
  });
  try {
    await sniffer.start();
  } catch (error) {
    // start() has logged it.
    return error instanceof ValidationError ? BAD_CONFIG : FAILED;
  }
  await stopped;
  return { name, losses: lossesOf(sniffer.stats().engine), broke };
}

/** Stands where lines would go to stdout. */
class Reader implements Output {
  readonly name = 'stdout';
  readonly #captures: Captures;
  readonly #tally = new Tally();

  constructor(captures: Captures) {
    this.#captures = captures;
  }

  write({ lines, messages }: { lines: Buffer; messages: number }): void {
    this.#tally.hand(messages);
    this.#captures.read(lines);
    this.#tally.deliver(messages);
  }

  limitDrain(): void {}

  async close(): Promise<void> {}

  stats(): ReturnType<Tally['stats']> {
    return this.#tally.stats();
  }
}
