/** The text of an expression to one test. */

import { suggest } from '../suggest';
import { FilterError } from './error';
import type { Test } from './exchange';
import { and, findKey, KEY_NAMES, type Key, not, type Operator, or } from './keys';

/** Longer expressions are made by a machine, which can filter by itself. */
export const MAX_CHARACTERS = 4_096;
/** Parentheses and `not`, one inside the other: each takes some stack. */
const MAX_NESTING = 50;

/** Words of other tools, and what they are here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  code: 'status',
  statuscode: 'status',
  uri: 'path',
  url: 'path',
  target: 'path',
  endpoint: 'path',
  verb: 'method',
  ip: 'client',
  src: 'client',
  source: 'client',
  peer: 'client',
  dst: 'server',
  destination: 'server',
  dest: 'server',
  domain: 'host',
  authority: 'host',
  timestamp: 'time',
  date: 'time',
  at: 'time',
  elapsed: 'latency',
  took: 'latency',
  ms: 'latency',
  ttfb: 'wait',
  length: 'size',
  bytes: 'size',
  text: 'body',
  content: 'body',
  payload: 'body',
  headers: 'header.NAME',
  cookie: 'header.cookie',
  'content-type': 'header.content-type',
  unanswered: 'status=none',
  error: 'status=5xx',
  'http.request.method': 'method',
  'http.request.uri': 'path',
  'http.response.code': 'status',
  'http.host': 'host',
  'http.time': 'latency',
  'frame.time': 'time',
  'tcp.port': 'port',
  'ip.src': 'client',
  'ip.dst': 'server',
};

const WORD = /[A-Za-z_][\w.-]*/y;
const OPERATOR = /!=|!~|<=|>=|==|=~|=|~|<|>/y;
const WRITTEN_ELSEWHERE: Readonly<Record<string, string>> = { '==': '=', '=~': '~' };

/** @throws {FilterError} that says where it is wrong and what is near */
export function parse(text: string): Test {
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #nesting = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Test {
    if (this.#text.trim() === '') throw new FilterError('the filter is empty; e.g. status=5xx and path=/orders', 0);
    if (this.#text.length > MAX_CHARACTERS) {
      throw new FilterError(`the filter is longer than ${MAX_CHARACTERS} characters`, MAX_CHARACTERS);
    }
    const test = this.#or();
    if (this.#at < this.#text.length) {
      if (this.#text[this.#at] === ')') throw this.#wrong("this ')' closes nothing");
      if (/[&|]/.test(this.#text[this.#at] as string)) throw this.#wrong('write and, or (also: &&, ||)');
      // A word that is not expected may be the rest of a header's value: it is not shown.
      throw this.#wrong("'and', 'or' or the end is expected; a value with spaces stands in quotes");
    }
    return test;
  }

  #or(): Test {
    const tests = [this.#and()];
    while (this.#takeWord('or', '||')) tests.push(this.#and());
    return tests.length === 1 ? (tests[0] as Test) : or(...tests);
  }

  #and(): Test {
    const tests = [this.#not()];
    while (this.#takeWord('and', '&&')) tests.push(this.#not());
    return tests.length === 1 ? (tests[0] as Test) : and(...tests);
  }

  #not(): Test {
    if (this.#takeWord('not', '!')) return this.#nested(() => not(this.#not()));
    const start = this.#at;
    if (!this.#take('(')) return this.#term();
    const test = this.#nested(() => this.#or());
    this.#skipSpace();
    if (!this.#take(')')) throw this.#wrong("this '(' is not closed", start);
    this.#skipSpace();
    return test;
  }

  #nested(inside: () => Test): Test {
    if (++this.#nesting > MAX_NESTING) throw this.#wrong(`more than ${MAX_NESTING} parentheses inside each other`);
    const test = inside();
    this.#nesting--;
    return test;
  }

  #term(): Test {
    const start = this.#at;
    const word = this.#match(WORD);
    if (word === undefined || /^(and|or)$/i.test(word)) {
      throw this.#wrong('a comparison is expected, e.g. status=5xx', start);
    }
    const key = findKey(word);
    if (key === undefined) throw this.#wrong(unknownKey(word), start);
    this.#skipSpace();
    const operatorAt = this.#at;
    const written = this.#match(OPERATOR);
    this.#skipSpace();
    if (written === undefined) {
      if (key.present === undefined) throw this.#wrong(`${word} needs a comparison, e.g. ${key.example}`, start);
      return key.present;
    }
    const right = WRITTEN_ELSEWHERE[written];
    if (right !== undefined) throw this.#wrong(`'${written}' is not an operator; did you mean '${right}'?`, operatorAt);
    const isNegated = written.startsWith('!');
    const operator = written.replace('!', '') as Operator;
    if (!key.operators.includes(operator)) throw this.#wrong(noOperator(word, written, key), operatorAt);
    const test = this.#comparison(word, key, operator);
    if (!isNegated) return test;
    return key.only === undefined ? not(test) : and(key.only, not(test));
  }

  #comparison(word: string, key: Key, operator: Operator): Test {
    const start = this.#at;
    const value = this.#value(word, key);
    const quoted = /["']/.test(this.#text[start] as string) ? 1 : 0;
    this.#skipSpace();
    try {
      return key.compile(operator, value);
    } catch (error) {
      // Of a regular expression: it says itself where.
      if (error instanceof FilterError) throw this.#wrong(error.complaint, start + quoted + error.position);
      const shown = key.secret === true ? '' : `, got '${value}'`;
      throw this.#wrong(`${word} ${(error as Error).message}${shown}`, start);
    }
  }

  /** In quotes as it stands, except that a backslash before such a quote goes; else to a space, or a ')' that closes nothing in it. */
  #value(word: string, key: Key): string {
    const start = this.#at;
    const quote = this.#text[start];
    if (quote === '"' || quote === "'") {
      for (let at = start + 1; at < this.#text.length; at++) {
        if (this.#text[at] === '\\') at++;
        else if (this.#text[at] === quote) {
          this.#at = at + 1;
          return this.#text.slice(start + 1, at).replaceAll(`\\${quote}`, quote);
        }
      }
      throw this.#wrong('the quote is not closed', start);
    }
    let open = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] as string;
      if (/\s/.test(character) || this.#text.startsWith('&&', this.#at) || this.#text.startsWith('||', this.#at)) break;
      if (character === '(') open++;
      else if (character === ')' && open-- === 0) break;
    }
    if (this.#at === start) throw this.#wrong(`${word} needs a value, e.g. ${key.example}`, start);
    return this.#text.slice(start, this.#at);
  }

  #takeWord(word: string, sign: string): boolean {
    this.#skipSpace();
    const isWord = new RegExp(`${word}(?![\\w.=~<>-])`, 'yi');
    isWord.lastIndex = this.#at;
    const length = isWord.test(this.#text) ? word.length : this.#text.startsWith(sign, this.#at) ? sign.length : 0;
    this.#at += length;
    this.#skipSpace();
    return length > 0;
  }

  #take(sign: string): boolean {
    const isThere = this.#text.startsWith(sign, this.#at);
    if (isThere) this.#at += sign.length;
    this.#skipSpace();
    return isThere;
  }

  #match(form: RegExp): string | undefined {
    form.lastIndex = this.#at;
    const found = form.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #wrong(complaint: string, position = this.#at): FilterError {
    return new FilterError(complaint, position);
  }
}

function unknownKey(word: string): string {
  const name = word.toLowerCase();
  // Most keys are of one side alone, and need not say which.
  const [, rest] = /^(?:request|response|resp|req|res)[._]?(.+)$/.exec(name) ?? [];
  if (rest !== undefined && (KEY_NAMES.includes(rest) || Object.hasOwn(ELSEWHERE, rest)))
    return `'${word.slice(0, 40)}' is not a key; did you mean ${ELSEWHERE[rest] ?? rest}?`;
  const near = (Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined) ?? suggest(name, KEY_NAMES);
  const hint = near === undefined ? `the keys are ${KEY_NAMES.join(', ')}` : `did you mean ${near}?`;
  return `'${word.slice(0, 40)}' is not a key; ${hint}`;
}

function noOperator(word: string, written: string, { operators, example }: Key): string {
  if (operators.length === 0) return `${word} stands alone, without '${written}'`;
  const all = operators.flatMap((operator) =>
    operator === '=' || operator === '~' ? [operator, `!${operator}`] : [operator],
  );
  return `${word} cannot be compared by '${written}', only by ${all.join(' ')}; e.g. ${example}`;
}
