/** One comparison: two captures read one after the other; what differs on stdout, outcomes to an exit code. */

import { Captures } from '../../compare/captures';
import { differencesOf } from '../../compare/differences';
import { LOG_LEVELS, type SnifferConfig } from '../../config';
import { type Env, readKeepNetRaw, readLogLevel } from '../../config/env';
import { ValidationError } from '../../errors';
import { errorFields } from '../../logger';
import { BAD_CONFIG, FAILED, SUCCESS } from '../../run/exit-codes';
import { isTerminal, print } from '../../run/standard';
import { type Asked, isOfLines, readAsked } from '../asked';
import { checkedConfig, giveUpRight } from '../capture';
import { COMMANDS } from '../program';
import { readAll } from '../reading';
import { show } from '../show';
import { createPaint } from '../terminal/style';
import { loadText } from '../terminal/text';
import { refuseOthers, writeWhole } from '../whole-file';
import { type AskedComparison, READING } from './flags';
import { jsonOf } from './json';
import { PAGES, pageOf } from './page';
import { reportRows } from './report';
import type { Comparison, Read } from './words';

/** Where the terminal does not say. */
const COLUMNS = 80;
/** Names of hosts and paths are in it: only its owner may read it. */
const PAGE_MODE = 0o600;

interface Side {
  name: string;
  asked: Asked;
  config: SnifferConfig;
}

export async function compare(asked: AskedComparison): Promise<number> {
  const { names, flags, format, html } = asked;
  const terminal = await show({ format: format === 'json' ? 'json' : undefined, summary: false });
  const env = READING.env(process.env);
  let sides: Side[];
  try {
    if (names.every((name) => name === '-'))
      throw new ValidationError('inputs', 'stdin is read once', 'tcp-sniffer compare');
    sides = names.map((name) => sideOf(name, asked, env));
    if (html !== undefined) refuseOthers(html, PAGES);
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
    const read = await readAll({ ...side, take: (lines) => captures.read(lines) }, terminal);
    if (typeof read === 'number') {
      await terminal.close();
      return read;
    }
    reads.push({ name: side.name, ...read });
    captures.end();
  }
  const result: Comparison = { captures, reads, differences: differencesOf(captures) };
  if (format === 'json') print(`${JSON.stringify(jsonOf(result))}\n`);
  else {
    const text = await loadText();
    const paint = isTerminal(1) ? createPaint(process.env) : (_: unknown, words: string) => words;
    const rows = [...reportRows(result, { text, paint }, process.stdout.columns || COLUMNS)];
    print(`${rows.join('\n')}\n`);
  }
  let exitCode = reads.some(({ broke }) => broke) ? FAILED : SUCCESS;
  try {
    if (html !== undefined) writeWhole(html, pageOf(result), PAGES, PAGE_MODE);
  } catch (error) {
    const log = terminal.createLogger(sides[0]?.config.logLevel ?? 'warn');
    log.error({ html, ...errorFields(error) }, 'cannot write the page');
    exitCode = FAILED;
  }
  await terminal.close();
  return exitCode;
}

/** @throws {ValidationError} */
function sideOf(name: string, { flags, asked: shorts }: AskedComparison, env: Env): Side {
  const read = readAsked({ ...shorts, inputs: [name], words: [] }, flags, env, COMMANDS);
  // Keys may be those of the other capture.
  const asked = isOfLines(read.inputs) ? { ...read, flags: { ...read.flags, tlsKeylog: undefined } } : read;
  return { name, asked, config: { logLevel: 'warn', ...checkedConfig(asked, env) } };
}
