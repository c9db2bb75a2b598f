/**
 * The endpoints of a server as a tree of path segments. In: methods and paths. Out: one entry an endpoint, in bounded
 * memory: where a segment has many values, the rare values become `:id`, and what was counted for them is added up.
 */

import { ID, pathOf, segmentsOf } from './templates';

/** Values that a segment may have before the rare values are taken for ids: an interface may have so many names. */
export const MAX_VALUES = 256;
/** The same at the end, where each of them came seldom. */
const MAX_RARE_VALUES = 48;
/** Seldom: on average less often than this. */
const COMMON = 4;
/** A value with so large a share of the requests keeps its name, if it is common beside the others too. */
const KEPT_SHARE = 1 / 50;
/** Longer methods are cut; the longest registered one has 17 characters. */
const MAX_METHOD_UNITS = 20;
/** Targets without a path are cut to this: `*`, and the `host:port` of CONNECT (RFC 9112 §3.2). */
const MAX_TARGET_UNITS = 256;

/** The counts of an endpoint. */
export interface Counted<Self> {
  /** Its path became that of another endpoint; what still comes for `other` counts for this endpoint too. */
  takeOver(other: Self): void;
}

export interface Entry<Stats> {
  readonly method: string;
  /** `/orders/:id` */
  readonly template: string;
  readonly stats: Stats;
}

interface Node<Stats> {
  children: Map<string, Node<Stats>>;
  leaves: Map<string, Stats>;
  requests: number;
  /** Its rare children were merged, and what is new from then on is one of them. */
  takesIds: boolean;
}

/** A request target as far as endpoints go. */
export interface Place {
  /** Otherwise a target without a path. */
  readonly isPath: boolean;
  readonly segments: readonly string[];
  /** The way that was found for it last. */
  way?: Way | undefined;
}

/** From the first segment of a path to the endpoint. */
interface Way {
  readonly routes: object;
  /** Of the routes then: each merger makes other ways. */
  readonly mergers: number;
  readonly method: string;
  readonly nodes: readonly { requests: number }[];
  readonly stats: unknown;
}

export function placeOf(target: string): Place {
  const path = pathOf(target);
  return path === ''
    ? { isPath: false, segments: [target.slice(0, MAX_TARGET_UNITS)] }
    : { isPath: true, segments: segmentsOf(path) };
}

export interface RoutesOptions<Stats> {
  createStats(): Stats;
  /** Asked before an endpoint is added; false if there may be no more. */
  mayAdd(): boolean;
  /** Endpoints that are gone, since they were added to others. */
  onMerged(routes: number): void;
}

export class Routes<Stats extends Counted<Stats>> {
  readonly #options: RoutesOptions<Stats>;
  readonly #paths: Node<Stats> = emptyNode();
  /** Targets without a path. */
  readonly #others: Node<Stats> = emptyNode();
  #mergers = 0;

  constructor(options: RoutesOptions<Stats>) {
    this.#options = options;
  }

  /** `undefined` if it is new and there may be no more. */
  of(method: string, target: string): Stats | undefined {
    return this.at(method, placeOf(target));
  }

  /** The same for a target that comes often. */
  at(method: string, place: Place): Stats | undefined {
    const { way } = place;
    if (way?.routes !== this || way.mergers !== this.#mergers || way.method !== method)
      return this.#leafOf(place.isPath ? this.#paths : this.#others, method, place);
    for (const node of way.nodes) node.requests++;
    return way.stats as Stats;
  }

  *entries(): Generator<Entry<Stats>> {
    yield* entriesOf(this.#paths, '', '/');
    yield* entriesOf(this.#others, '', '');
  }

  #leafOf(root: Node<Stats>, method: string, place: Place): Stats | undefined {
    let node = root;
    const nodes = [node];
    let isNew = false;
    for (const segment of place.segments) {
      let child = node.children.get(segment) ?? (node.takesIds ? node.children.get(ID) : undefined);
      if (child === undefined) {
        if (!isNew && !this.#options.mayAdd()) return undefined;
        isNew = true;
        child = emptyNode();
        node.children.set(ownText(segment), child);
      }
      node = child;
      nodes.push(node);
    }
    const name = method.slice(0, MAX_METHOD_UNITS);
    let stats = node.leaves.get(name);
    if (stats === undefined) {
      if (!isNew && !this.#options.mayAdd()) return undefined;
      stats = this.#options.createStats();
      node.leaves.set(ownText(name), stats);
    }
    for (const each of nodes) each.requests++;
    if (isNew) for (const each of nodes) this.#keepLimit(each);
    else place.way = { routes: this, mergers: this.#mergers, method, nodes, stats };
    return stats;
  }

  /** Nothing more comes for now: what many values have in common shows only then. */
  settle(): void {
    // First segments are names: few services have only ids there.
    for (const child of this.#paths.children.values()) this.#settle(child);
    this.#settle(this.#others);
  }

  #settle(node: Node<Stats>): void {
    const { children, requests } = node;
    if (children.size > MAX_RARE_VALUES && requests < COMMON * children.size) this.#mergeRare(node);
    for (const child of children.values()) this.#settle(child);
  }

  #keepLimit(node: Node<Stats>): void {
    if (!node.takesIds && node.children.size > MAX_VALUES) this.#mergeRare(node);
  }

  #mergeRare(node: Node<Stats>): void {
    this.#mergers++;
    node.takesIds = true;
    const kept = node.requests * Math.max(KEPT_SHARE, COMMON / node.children.size);
    const ids = node.children.get(ID) ?? emptyNode<Stats>();
    let merged = 0;
    for (const [segment, child] of node.children) {
      if (segment === ID || child.requests >= kept) continue;
      node.children.delete(segment);
      merged += mergeNodes(ids, child);
    }
    node.children.set(ID, ids);
    if (merged > 0) this.#options.onMerged(merged);
    for (const each of [ids, ...ids.children.values()]) this.#keepLimit(each);
  }
}

function emptyNode<Stats>(): Node<Stats> {
  return { children: new Map(), leaves: new Map(), requests: 0, takesIds: false };
}

/** Returns how many leaves there are less. */
function mergeNodes<Stats extends Counted<Stats>>(node: Node<Stats>, other: Node<Stats>): number {
  let merged = 0;
  node.requests += other.requests;
  for (const [method, stats] of other.leaves) {
    const there = node.leaves.get(method);
    if (there === undefined) node.leaves.set(method, stats);
    else {
      there.takeOver(stats);
      merged++;
    }
  }
  for (const [segment, child] of other.children) {
    const there = node.children.get(segment);
    if (there === undefined) node.children.set(segment, child);
    else merged += mergeNodes(there, child);
  }
  return merged;
}

function* entriesOf<Stats>(node: Node<Stats>, template: string, between: string): Generator<Entry<Stats>> {
  for (const [method, stats] of node.leaves) yield { method, template, stats };
  for (const [segment, child] of node.children) yield* entriesOf(child, template + between + segment, between);
}

/** Not the line that it was taken from, which a slice would keep in memory. */
export function ownText(text: string): string {
  return Buffer.from(text).toString();
}
