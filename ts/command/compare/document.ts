/** Captures against an OpenAPI document: what of them it does not have. In words or as JSON, whose fields docs/openapi.md has. */

import { LOG_LEVELS, type SnifferConfig } from '../../config';
import { readKeepNetRaw, readLogLevel } from '../../config/env';
import { ValidationError } from '../../errors';
import { Check, NOT_CHECKED } from '../../openapi/check';
import { Contract } from '../../openapi/contract';
import { LEFT_OUT } from '../../openapi/exchanges';
import type { Finding, FindingKind } from '../../openapi/findings';
import { readDocument } from '../../openapi/source';
import { requireAjv, Validators } from '../../openapi/validators';
import { BAD_CONFIG, FAILED, SUCCESS } from '../../run/exit-codes';
import { isTerminal, print } from '../../run/standard';
import { type Asked, readAsked } from '../asked';
import { checkedConfig, giveUpRight } from '../capture';
import { COMMANDS } from '../program';
import { readAll, type WhatIsMissing } from '../reading';
import { show } from '../show';
import { count, exchangeCount } from '../terminal/quantities';
import { createPaint, type Paint, type Style } from '../terminal/style';
import { loadText, printable, type Text } from '../terminal/text';
import { type AskedComparison, READING } from './flags';

const FLAG = '--openapi';
/** Where the terminal does not say. */
const COLUMNS = 80;
const INDENT = '    ';

interface Prepared {
  asked: Asked;
  config: SnifferConfig;
  contract: Contract;
  validators: Validators;
}

export async function compareWithDocument(given: AskedComparison & { openapi: string }): Promise<number> {
  const { flags, format, names, openapi } = given;
  const terminal = await show({ format: format === 'json' ? 'json' : undefined, summary: false });
  const env = READING.env(process.env);
  let prepared: Prepared;
  try {
    prepared = await prepare(given);
    if (!readKeepNetRaw(process.env)) giveUpRight(terminal.createLogger(prepared.config.logLevel ?? 'warn'));
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const log = terminal.createLogger(readLogLevel(flags, env, LOG_LEVELS));
    log.error({ code: error.code, field: error.field }, error.message);
    await terminal.close();
    return BAD_CONFIG;
  }
  const { asked, config, contract, validators } = prepared;
  const check = new Check(contract, validators);
  const read = await readAll({ asked, config, take: (lines) => check.read(lines) }, terminal);
  await terminal.close();
  if (typeof read === 'number') return read;
  check.end();
  const result: Result = { names, openapi, contract, check, validators, read };
  if (format === 'json') print(`${JSON.stringify(jsonOf(result))}\n`);
  else {
    const text = await loadText();
    const paint = isTerminal(1) ? createPaint(process.env) : (_: unknown, words: string) => words;
    print(`${[...rowsOf(result, { text, paint }, process.stdout.columns || COLUMNS)].join('\n')}\n`);
  }
  return read.broke ? FAILED : SUCCESS;
}

/** @throws {ValidationError} */
async function prepare({
  names,
  openapi,
  flags,
  asked: shorts,
}: AskedComparison & { openapi: string }): Promise<Prepared> {
  const env = READING.env(process.env);
  const asked = readAsked({ ...shorts, inputs: names, words: [] }, flags, env, COMMANDS);
  const config = { logLevel: 'warn' as const, ...checkedConfig(asked, env) };
  const Ajv = await requireAjv(FLAG);
  const contract = new Contract(await readDocument(openapi, FLAG), FLAG);
  return { asked, config, contract, validators: new Validators(Ajv, contract.schemas.definitions) };
}

interface Result {
  names: readonly string[];
  openapi: string;
  contract: Contract;
  check: Check;
  validators: Validators;
  read: WhatIsMissing;
}

function jsonOf({ names, openapi, contract, check, validators, read }: Result): object {
  return {
    captures: names,
    document: openapi,
    ...{ exchanges: check.exchanges, operations: contract.operations.length, operationsSeen: check.seen.size },
    findings: check.findings.all(),
    ...{ moreFindings: check.findings.more, beyondEndpoints: check.beyond, notThere: check.notThere },
    ...{ leftOut: check.leftOut, notChecked: check.notChecked },
    patternsLeftOut: contract.schemas.patternsLeftOut,
    brokenSchemas: [...new Set(validators.broken.values())],
    losses: read.losses.map(([times, words]) => ({ count: times, words })),
    incomplete: read.broke,
  };
}

const WORDS: Readonly<Record<FindingKind, readonly [word: string, style: Style]>> = {
  endpoint: ['UNDOCUMENTED ENDPOINT', 'yellow'],
  status: ['UNDOCUMENTED STATUS', 'yellow'],
  'media-type': ['UNDOCUMENTED MEDIA TYPE', 'yellow'],
  parameter: ['PARAMETER', 'red'],
  body: ['BODY', 'red'],
};

/** Each of at most so many columns. */
function* rowsOf(result: Result, { text, paint }: { text: Text; paint: Paint }, columns: number): Generator<string> {
  const { names, openapi, contract, check, validators, read } = result;
  const head = [
    `${names.join(', ')}: ${exchangeCount(check.exchanges)}`,
    ...(read.broke ? ['it broke, what came before is compared'] : []),
    ...read.losses.filter(([times]) => times > 0).map(([times, words]) => `${words}: ${count(times)}`),
  ];
  yield* text.wrap(printable(head.join('; ')), columns, INDENT);
  const operations = `${openapi}: ${count(check.seen.size)} of ${count(contract.operations.length)} operations are seen`;
  yield* text.wrap(printable(operations), columns, INDENT);
  yield '';
  const findings = check.findings.all();
  for (const finding of findings) {
    const [word, style] = WORDS[finding.kind];
    const [first = '', ...others] = text.wrap(printable(`${word}  ${wordsOf(finding)}`), columns, INDENT);
    yield paint(style, first);
    yield* others;
  }
  if (findings.length === 0) yield fitOf(check, contract, validators);
  const notes = notesOf(check, contract, validators);
  if (notes.length > 0) yield '';
  for (const note of notes) yield* text.wrap(printable(note), columns, INDENT);
}

/** Of what was left unchecked nothing is known. */
function fitOf({ notChecked }: Check, { schemas }: Contract, { broken }: Validators): string {
  const unchecked = Object.values(notChecked).reduce(
    (sum, times) => sum + times,
    schemas.patternsLeftOut + broken.size,
  );
  return unchecked > 0 ? 'Nothing that was checked differs' : 'Every exchange fits the document';
}

/** `POST /orders, request: /items/*\/price type (3)` */
function wordsOf({ method, path, in: place, status, name, pointer, keyword, count: times, kind }: Finding): string {
  const endpoint = `${method} ${path}`;
  const where = place === 'response' ? ` ${status}` : place === 'request' ? ' request' : '';
  const what = [pointer === '' ? '/' : pointer, kind === 'status' ? status : undefined, keyword, name];
  const parameter =
    kind === 'parameter' ? `${place} ${name}: ${keyword}` : what.filter((each) => each !== undefined).join(' ');
  return `${endpoint}${where}${parameter === '' ? '' : ` ${parameter}`} (${count(times)})`;
}

function notesOf(
  { leftOut, notChecked, notThere, beyond, findings }: Check,
  { schemas }: Contract,
  { broken }: Validators,
): string[] {
  const counts: [words: string, count: number][] = [
    ...Object.entries(LEFT_OUT).map(([name, words]): [string, number] => [
      `Left out, ${words}`,
      leftOut[name as keyof typeof LEFT_OUT],
    ]),
    ['Left out, endpoints that are not there (404, 405, 501)', notThere],
    ['Left out, further undocumented endpoints', beyond],
    ['Left out, further findings', findings.more],
    ...Object.entries(NOT_CHECKED).map(([name, words]): [string, number] => [
      `Not checked, ${words}`,
      notChecked[name as keyof typeof NOT_CHECKED],
    ]),
    ['Not checked, patterns with lookaround or backreferences', schemas.patternsLeftOut],
  ];
  return [
    ...counts.filter(([, times]) => times > 0).map(([words, times]) => `${words}: ${count(times)}`),
    ...[...new Set(broken.values())].map((words) => `Not checked, a schema that is wrong: ${words}`),
  ];
}
