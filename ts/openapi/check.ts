/** Exchanges against a document. In: lines of messages. Out: what is not documented or does not fit, by place and keyword. */

import type { HttpMessage } from '../types';
import { MAX_BODY_UNITS } from './budget';
import type { Body, Contract, Operation, Parameter } from './contract';
import { Endpoints } from './endpoints';
import { Exchanges, type HttpExchange } from './exchanges';
import { type Pair, pairsOf } from './fields';
import { Findings, type Place } from './findings';
import { hasWholeHead, isWhole, kindOf, mediaTypeOf, readJson, textOf } from './media';
import { isName, isParameterName, REDACTED } from './names';
import { NOT_THERE } from './operation';
import type { Misfit, Validators } from './validators';

/** Why bodies and parameters are not looked at. */
export const NOT_CHECKED = {
  partial: 'bodies of which a part is missing or that are no text',
  redacted: 'bodies and parameters with hidden values',
  large: 'bodies of more than 8 Mi characters',
  untyped: 'bodies without a media type',
  schema: 'values whose schema could not be used, or takes too long',
} as const;
type NotChecked = keyof typeof NOT_CHECKED;

/** Exchanges with an endpoint that the document does not have. */
class Undocumented {
  exchanges = 0;
  isThere = false;
  #into: Undocumented | undefined;

  get current(): Undocumented {
    return this.#into === undefined ? this : this.#into.current;
  }

  takeOver(other: Undocumented): void {
    other.#into = this;
    this.exchanges += other.exchanges;
    this.isThere ||= other.isThere;
  }
}

export class Check extends Exchanges {
  readonly findings = new Findings();
  readonly notChecked: Record<NotChecked, number> = { partial: 0, redacted: 0, large: 0, untyped: 0, schema: 0 };
  /** Operations of the document that were asked. */
  readonly seen = new Set<Operation>();
  /** Exchanges with endpoints that neither the document nor the service has. */
  notThere = 0;
  /** Exchanges with undocumented endpoints beyond the limit. */
  beyond = 0;
  readonly #contract: Contract;
  readonly #validators: Validators;
  readonly #routes = new Endpoints(() => new Undocumented()).routes;
  /** Of paths that the document has. */
  readonly #methods = new Map<string, { method: string; path: string; stats: Undocumented }>();

  constructor(contract: Contract, validators: Validators) {
    super();
    this.#contract = contract;
    this.#validators = validators;
  }

  /** Nothing more comes. */
  override end(): void {
    super.end();
    this.#routes.settle();
    const undocumented = [
      ...[...this.#routes.entries()].map(({ method, template, stats }) => ({ method, path: template, stats })),
      ...this.#methods.values(),
    ];
    for (const { method, path, stats } of undocumented) {
      if (stats.isThere) this.findings.addCounted({ kind: 'endpoint', method, path }, stats.exchanges);
      else this.notThere += stats.exchanges;
    }
  }

  protected add(exchange: HttpExchange): void {
    const { method, path, statusCode } = exchange;
    const match = this.#contract.match(path);
    const operation = match?.operations.get(method);
    if (match === undefined || operation === undefined) {
      const stats =
        match === undefined ? this.#routes.of(method.toUpperCase(), path)?.current : this.#ofMethod(match.path, method);
      if (stats === undefined) this.beyond++;
      else {
        stats.exchanges++;
        stats.isThere ||= !NOT_THERE.has(statusCode);
      }
      return;
    }
    this.seen.add(operation);
    this.findings.add([...this.#placesOf(exchange, operation, match.values)]);
  }

  #ofMethod(path: string, method: string): Undocumented {
    const key = `${method} ${path}`;
    const there = this.#methods.get(key) ?? { method: method.toUpperCase(), path, stats: new Undocumented() };
    this.#methods.set(key, there);
    return there.stats;
  }

  *#placesOf(exchange: HttpExchange, operation: Operation, values: ReadonlyMap<string, string>): Generator<Place> {
    const { request, response, statusCode } = exchange;
    const at = { method: operation.method.toUpperCase(), path: operation.path };
    yield* this.#parameters(exchange, operation, values, at);
    if (request !== undefined) yield* this.#body(request, operation.body, { ...at, in: 'request' });
    const { responses } = operation;
    const described =
      responses.get(`${statusCode}`) ?? responses.get(`${statusCode}`.replace(/..$/, 'XX')) ?? responses.get('default');
    if (described === undefined) yield { kind: 'status', ...at, status: statusCode };
    else yield* this.#body(response, described, { ...at, in: 'response', status: statusCode });
  }

  *#body(message: HttpMessage, body: Body | undefined, at: Omit<Place, 'kind'>): Generator<Place> {
    if (message.bodySize === 0) {
      if (body?.isRequired === true && isWhole(message)) yield { kind: 'body', ...at, keyword: 'required' };
      return;
    }
    if (!hasWholeHead(message)) {
      this.notChecked.partial++;
      return;
    }
    const type = mediaTypeOf(message);
    if (body === undefined || body.content.size === 0) {
      yield { kind: 'body', ...at, keyword: 'undocumented' };
      return;
    }
    const key = [type, type?.replace(/\/.*$/, '/*'), '*/*'].find(
      (each) => each !== undefined && body.content.has(each),
    );
    if (key === undefined) {
      if (type === undefined) this.notChecked.untyped++;
      else yield { kind: 'media-type', ...at, name: type };
      return;
    }
    const schema = body.content.get(key);
    const kind = type === undefined ? 'other' : kindOf(type);
    if (schema === undefined || (kind !== 'json' && kind !== 'form')) return;
    const text = this.#textOf(message);
    if (text === undefined) return;
    const read = kind === 'json' ? readJson(text) : undefined;
    if (kind === 'json' && read === undefined) {
      yield { kind: 'body', ...at, keyword: 'json' };
      return;
    }
    const misfits =
      read === undefined
        ? this.#validators.misfitsOfTexts(schema, objectOf(pairsOf(text)))
        : this.#validators.misfits(schema, read.value, text.length);
    for (const each of this.#counted(misfits)) yield { kind: 'body', ...at, ...this.#told(each) };
  }

  #textOf(message: HttpMessage): string | undefined {
    const text = textOf(message);
    if (message.bodyRedacted !== undefined) this.notChecked.redacted++;
    else if (text === undefined) this.notChecked.partial++;
    else if (text.length > MAX_BODY_UNITS) this.notChecked.large++;
    else return text;
    return undefined;
  }

  *#parameters(
    { request, query }: HttpExchange,
    { parameters, isCut }: Operation,
    values: ReadonlyMap<string, string>,
    at: { method: string; path: string },
  ): Generator<Place> {
    const asked = textsByName(pairsOf(query));
    const headers = request === undefined || !hasWholeHead(request) ? undefined : request.headers;
    const cookies = headers?.cookie === undefined ? undefined : textsByName(cookiesOf(headers.cookie));
    const ofQuery = parameters.filter(({ in: place }) => place === 'query');
    const documented = new Set(ofQuery.map(({ name }) => name));
    for (const parameter of parameters) {
      const { name, in: place } = parameter;
      let texts: readonly string[] | undefined;
      if (place === 'path') texts = listOf(values.get(name));
      else if (place === 'query')
        texts = asked.get(name) ?? (documented.has(`${name}[]`) ? undefined : asked.get(`${name}[]`));
      else if (headers === undefined) continue;
      else if (place === 'header') texts = listOf(headers[name]);
      else if (headers.cookie?.includes(REDACTED) === true) {
        this.notChecked.redacted++;
        continue;
      } else texts = cookies?.get(name);
      for (const keyword of this.#keywordsOf(parameter, texts))
        yield { kind: 'parameter', ...at, in: place, name, keyword };
    }
    // The members of an object may be parameters of any name.
    if (isCut || ofQuery.some(({ isObject }) => isObject)) return;
    const names = new Set(ofQuery.flatMap(({ name }) => [name, `${name}[]`]));
    for (const name of asked.keys()) {
      if (!names.has(name) && isParameterName(name))
        yield { kind: 'parameter', ...at, in: 'query', name, keyword: 'undocumented' };
    }
  }

  #keywordsOf(parameter: Parameter, texts: readonly string[] | undefined): string[] {
    const { schema, isRequired, isObject, in: place } = parameter;
    if (texts === undefined) return isRequired && !isObject && place !== 'path' ? ['required'] : [];
    if (schema === undefined) return [];
    if (texts.some((text) => text.includes(REDACTED))) {
      this.notChecked.redacted++;
      return [];
    }
    return this.#counted(this.#misfitsOf(parameter, schema, texts)).map(({ keyword }) => keyword);
  }

  #misfitsOf({ isJson, between }: Parameter, schema: string, texts: readonly string[]): Misfit[] | undefined {
    const [first = ''] = texts;
    if (isJson) {
      const read = readJson(first);
      return read === undefined
        ? [{ pointer: '', keyword: 'json' }]
        : this.#validators.misfits(schema, read.value, first.length);
    }
    const misfits = this.#validators.misfitsOfTexts(schema, texts.length === 1 ? first : [...texts]);
    if (misfits === undefined || misfits.length === 0 || between === undefined || texts.length > 1) return misfits;
    // Several values in one text, or a text that has a comma: it fits if either does.
    const asList = this.#validators.misfitsOfTexts(schema, first.split(between));
    return asList?.length === 0 ? asList : misfits;
  }

  #counted(misfits: Misfit[] | undefined): Misfit[] {
    if (misfits === undefined) this.notChecked.schema++;
    return misfits ?? [];
  }

  /** Without names that are the traffic's alone: they may be anything. */
  #told({ pointer, keyword, name }: Misfit): Pick<Place, 'pointer' | 'keyword' | 'name'> {
    const { names } = this.#contract.schemas;
    const tokens = pointer.split('/').map((token, index) => (index === 0 || isDocumented(token, names) ? token : '*'));
    const told = name === undefined || names.has(name) || isName(name) ? name : '*';
    return { pointer: tokens.join('/'), keyword, ...(told === undefined ? {} : { name: told }) };
  }
}

function isDocumented(token: string, names: ReadonlySet<string>): boolean {
  return !/^\d+$/.test(token) && names.has(token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function listOf(text: string | undefined): string[] | undefined {
  return text === undefined ? undefined : [text];
}

function textsByName(pairs: readonly Pair[]): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const [name, text] of pairs) {
    const there = texts.get(name);
    if (there === undefined) texts.set(name, [text]);
    else there.push(text);
  }
  return texts;
}

/** As validators take it: fields that are repeated are lists. */
function objectOf(pairs: readonly Pair[]): object {
  return Object.fromEntries(
    [...textsByName(pairs)].map(([name, texts]) => [name, texts.length === 1 ? texts[0] : texts]),
  );
}

function cookiesOf(field: string): Pair[] {
  return field.split(';').flatMap((pair): Pair[] => {
    const equals = pair.indexOf('=');
    return equals === -1 ? [] : [[pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]];
  });
}
