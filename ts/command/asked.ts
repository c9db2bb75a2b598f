/**
 * The flags of the command that are not options of the library: inputs, and short ways to say a filter. In: their texts.
 * Out: inputs, one expression, a time limit; a refusal names the flag.
 */

import { existsSync } from 'node:fs';
import { type Env, type Flags, readVariable } from '../config/env';
import { filterLanguage, joinExpressions, quote } from '../config/filters';
import { MAX_TIMER_MS } from '../config/limits';
import { ValidationError } from '../errors';
import type { Moment } from '../filter';
import { parseTime } from '../filter/units';
import { suggest } from '../suggest';
import { isFlag } from './flags';
import type { Format } from './formats/names';
import { pipeIn } from './inputs/again';
import { findInputs, type Input } from './inputs/find';
import { ALL_PORTS, AUTO } from './inputs/ports';
import { FIELD as PACKETS, type PacketsAsked, refuseUncopied } from './packets/asked';
import { SHORTS, type Short } from './shorts';

/** Of `--read` too. */
const INPUTS = 'inputs';

/** Flags that may be given several times: their values are alternatives. */
const LISTS: ReadonlySet<string> = new Set(['host', 'client', 'show']);

export interface AskedFlags extends Partial<Record<keyof typeof SHORTS, readonly string[]>> {
  /** Files, folders, patterns. */
  inputs: readonly string[];
  /** Those of them that stood without a flag: one of them may be meant as a command. */
  words: readonly string[];
  follow?: boolean | undefined;
  pseudonymize?: boolean | undefined;
  duration?: string | undefined;
  /** The file of `-w`. */
  write?: string | undefined;
  writeSecrets?: boolean | undefined;
  /** `--summary` is given. */
  summary?: boolean | undefined;
  /** The format that stdout is asked to have. */
  format?: Format | undefined;
  /** `--traces` or `--trace` is given. */
  traces?: boolean | undefined;
}

export interface Asked {
  /** None: an interface is captured on. */
  inputs: readonly Input[];
  follow: boolean;
  pseudonymize: boolean;
  durationMs: number | undefined;
  packets: PacketsAsked | undefined;
  /** `--ports auto`: the flags have all ports. */
  findsPorts: boolean;
  summary: boolean;
  format: Format | undefined;
  /** With `filter` of the flags or the environment in it. */
  flags: Flags;
}

/** @throws {ValidationError} */
export function readAsked(asked: AskedFlags, given: Flags, env: Env, commands: readonly string[]): Asked {
  for (const word of asked.words) refuseCommand(word, commands);
  if (given.ports === undefined) for (const word of asked.words) refusePorts(word);
  const inputs = inputsOf(asked, given, env);
  const follow = asked.follow === true;
  const findsPorts = given.ports === AUTO;
  if (findsPorts) refuseAuto(inputs, follow);
  const flags = findsPorts ? { ...given, ports: ALL_PORTS } : given;
  const [first] = inputs;
  if (follow && (first === undefined || inputs.length > 1 || first.path === '-')) {
    const instead =
      first?.path === '-' ? 'stdin is read as it comes without it' : 'name the one file that is still written';
    throw new ValidationError('follow', `follows one file; ${instead}`, '--follow');
  }
  const packets = packetsOf(asked, inputs);
  const expressions = [
    ...overMidnight(
      Object.entries(SHORTS).flatMap(([name, short]) => shortOf(name as keyof typeof SHORTS, short, asked)),
      asked,
    ),
    // The ports of lines are those that their writer had; fewer of them are a filter.
    ...(typeof flags.ports === 'string' && !findsPorts && isOfLines(inputs) ? [`port=${quote(flags.ports)}`] : []),
  ];
  return {
    inputs,
    follow,
    pseudonymize: asked.pseudonymize === true,
    packets,
    findsPorts: findsPorts && !isOfLines(inputs),
    durationMs: durationOf(asked.duration, inputs.length > 0 && !follow),
    summary: asked.summary === true,
    format: asked.format,
    flags: withExpressions(flags, env, expressions),
  };
}

function refuseAuto(inputs: readonly Input[], follow: boolean): void {
  const refuse = (complaint: string): never => {
    throw new ValidationError('ports', complaint, '--ports');
  };
  if (inputs.length === 0)
    refuse("auto is for savefiles; live, name the ports of the servers, as 'ss -ltn' lists them");
  if (follow) refuse('auto reads a savefile twice, which --follow does not; name the ports');
  const pipe = pipeIn(inputs.filter(({ kind }) => kind === 'savefile'));
  if (pipe !== undefined) refuse(`auto reads a savefile twice, and ${pipe} is a pipe; name the ports, or a file`);
}

function packetsOf(
  { write, writeSecrets, follow, pseudonymize }: AskedFlags,
  inputs: readonly Input[],
): PacketsAsked | undefined {
  const secrets = writeSecrets === true;
  if (write === undefined) {
    if (secrets) throw new ValidationError(PACKETS, 'needs -w, which names the file', '--write-secrets');
    return undefined;
  }
  if (pseudonymize === true)
    throw new ValidationError(PACKETS, 'packets have no pseudonyms; --pseudonymize takes --har FILE', '-w');
  refuseUncopied(inputs, follow === true);
  return { file: write, secrets };
}

/** Nothing but JSON lines is read. */
export function isOfLines(inputs: readonly Input[]): boolean {
  return inputs.length > 0 && inputs.every(({ kind }) => kind === 'lines');
}

/** A word that could be either is told as both. */
function refuseCommand(word: string, commands: readonly string[]): void {
  if (!/^[a-z-]+$/i.test(word) || word === '-' || existsSync(word)) return;
  const near = suggest(word, commands) ?? (isFlag(`--${word}`) ? `--${word}` : undefined);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  throw new ValidationError(INPUTS, `unknown command '${word}', and no such file${hint}`, 'tcp-sniffer');
}

/** Ports without their flag would be a file that is missing, or one more thing that is said about ports. */
function refusePorts(word: string): void {
  if (!/^\d{1,5}(?:[-,]\d{1,5})*$/.test(word) || existsSync(word)) return;
  throw new ValidationError(INPUTS, `no file is named '${word}'; did you mean --ports ${word}?`, 'tcp-sniffer');
}

function inputsOf({ inputs }: AskedFlags, { ports }: Flags, env: Env): Input[] {
  try {
    return findInputs(inputs, (ports ?? readVariable(env, 'PORTS')) !== undefined);
  } catch (error) {
    throw new ValidationError(INPUTS, (error as Error).message, '--read');
  }
}

/** All of them must be true beside the filter that is there already. A wrong filter stays as it is, and is told as its own. */
function withExpressions(flags: Flags, env: Env, expressions: readonly string[]): Flags {
  const filter = typeof flags.filter === 'string' ? flags.filter : env.FILTER?.trim() || undefined;
  if (expressions.length === 0) return flags;
  if (filter === undefined) return { ...flags, filter: joinExpressions(expressions) };
  return isRight(filter) ? { ...flags, filter: joinExpressions([filter, ...expressions]) } : flags;
}

function isRight(expression: string): boolean {
  try {
    filterLanguage().parseFilter(expression);
    return true;
  } catch {
    return false;
  }
}

function shortOf(name: keyof typeof SHORTS, { flag, expression }: Short, asked: AskedFlags): string[] {
  const values = asked[name];
  if (values === undefined) return [];
  const value = LISTS.has(name) ? values.join(',') : `${values[0]}`;
  const text = expression(quote(value));
  const { FilterError, parseFilter } = filterLanguage();
  try {
    parseFilter(text);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new ValidationError('filter', error.complaint, flag);
  }
  return [text];
}

/** Times of day of which the later is named first are on two days. @throws {ValidationError} if nothing is between the two */
function overMidnight(expressions: string[], { since: [since] = [], until: [until] = [] }: AskedFlags): string[] {
  if (since === undefined || until === undefined) return expressions;
  const { parseMoment } = filterLanguage();
  const [from, to] = [since, until].map((text) => parseMoment(text, Date.now())) as [Moment, Moment];
  if (from.ofDay !== to.ofDay || from.from < to.from) return expressions;
  if (!from.ofDay || from.from === to.from)
    throw new ValidationError('filter', `must be later than --since ${since}, got '${until}'`, SHORTS.until.flag);
  const both = [SHORTS.since.expression(quote(since)), SHORTS.until.expression(quote(until))];
  return [...expressions.filter((each) => !both.includes(each)), joinExpressions(both, 'or')];
}

function durationOf(text: string | undefined, endsByItself: boolean): number | undefined {
  if (text === undefined) return undefined;
  if (endsByItself)
    throw new ValidationError(
      'duration',
      'limits a live capture; of what is read from files --until says the end',
      '--duration',
    );
  let ms: number;
  try {
    ms = parseTime(text.trim());
  } catch (error) {
    throw new ValidationError('duration', `${(error as Error).message}, got '${text}'`, '--duration');
  }
  if (ms > 0 && ms <= MAX_TIMER_MS) return ms;
  throw new ValidationError('duration', `must be longer than nothing and at most 500h, got '${text}'`, '--duration');
}
