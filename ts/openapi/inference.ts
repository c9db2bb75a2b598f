/** Exchanges to endpoints. In: lines of messages. Out: operations by path and method, in bounded memory. */

import { ID } from '../exchange/templates';
import { Budget } from './budget';
import { Endpoints } from './endpoints';
import { Exchanges, type HttpExchange, type Method } from './exchanges';
import type { Skipped } from './media';
import { Operation } from './operation';
import { PathTree } from './path-tree';
import { type DocumentPath, documentPathOf } from './paths';

/** Of the document that was there before. */
interface KnownPath {
  path: DocumentPath;
  /** No server has a path of its own before it. */
  isAtRoot: boolean;
  methods: ReadonlySet<string>;
}

/** Where an exchange belongs in it; a text: it has no such path, and this is the one to add. */
export type Known = (path: string) => KnownPath | string;

export interface Found {
  path: DocumentPath;
  method: Method;
  operation: Operation;
  /** The path is of the document that was there before, and its servers too. */
  hasServers: boolean;
}

export interface InferenceOptions {
  examples?: boolean;
  known?: Known | undefined;
  /** Fewer schemas than else. */
  schemas?: number;
}

export class Inference extends Exchanges {
  /** Exchanges beyond the limit on endpoints. */
  beyond = 0;
  /** Exchanges with endpoints that are not there: 404, 405 and 501 is all that they answer. */
  notThere = 0;
  readonly skipped: Skipped = { partial: 0, notJson: 0, large: 0 };
  readonly #budget: Budget;
  readonly #known: Known;
  readonly #endpoints = new Endpoints(() => new Operation(this.#budget, this.skipped));
  /** Of paths that were known before, by path and method. */
  readonly #others = new Map<string, Found>();
  /** Those that the document has already. */
  readonly #kept = new Set<Operation>();

  constructor({ examples = false, known = (path) => path, ...limits }: InferenceOptions = {}) {
    super();
    this.#budget = new Budget({ examples, ...limits });
    this.#known = known;
  }

  /** Nothing more comes. */
  override end(): Found[] {
    super.end();
    const { routes } = this.#endpoints;
    routes.settle();
    const found = new Map<string, Found>();
    for (const { method, template, stats } of routes.entries()) {
      const path = documentPathOf(template);
      const key = `${method} ${path.path}`;
      const there = found.get(key);
      // `:id` and `:date` at one place are one parameter.
      if (there !== undefined) there.operation.takeOver(stats);
      else found.set(key, { path, method: method as Method, operation: stats, hasServers: false });
    }
    return this.#thoseThere([...found.values(), ...this.#others.values()]);
  }

  /** Where another path takes the place of a missing path, its exchanges are that path's. */
  #thoseThere(all: readonly Found[]): Found[] {
    const isThere = ({ operation }: Found): boolean => operation.isThere || this.#kept.has(operation);
    const found = all.filter(isThere);
    const tree = new PathTree<Map<Method, Found>>();
    for (const each of found) tree.add('', each.path.path, new Map()).set(each.method, each);
    for (const { path, method, operation } of all.filter((each) => !isThere(each))) {
      // A mark is no text of any path.
      const place = tree.match(path.path.replace(/\{[^{}]*\}/g, ID))?.value.get(method);
      if (place === undefined) this.notThere += operation.exchanges;
      else place.operation.takeOver(operation);
    }
    return found;
  }

  protected add(exchange: HttpExchange): void {
    const { method, path } = exchange;
    const known = this.#known(path);
    const operation = typeof known === 'string' ? this.#endpoints.routes.of(method, known) : this.#of(known, method);
    if (operation === undefined) this.beyond++;
    else operation.current.add(exchange);
  }

  #of({ path, isAtRoot, methods }: KnownPath, method: Method): Operation | undefined {
    const key = `${method} ${path.path}`;
    const there = this.#others.get(key);
    if (there !== undefined) return there.operation;
    if (!this.#endpoints.mayAdd) return undefined;
    const operation = this.#endpoints.create();
    this.#others.set(key, { path, method, operation, hasServers: !isAtRoot });
    if (methods.has(method)) this.#kept.add(operation);
    return operation;
  }
}
