/** The counts of an endpoint in each of two captures. */

import { RouteStats } from '../exchange/route-stats';
import type { Counted } from '../exchange/routes';
import { type Draws, Sample } from './sample';
import { isCompared, type Room, Values } from './values';

/** Names of fields that are told apart, of requests and responses each: more than any interface has. */
export const MAX_NAMES = 64;
/** Outcomes that are told apart; services use few of the statuses that there are. */
export const MAX_OUTCOMES = 64;
/** Longer names of fields are left out: nothing that people name is so long. */
const MAX_NAME_UNITS = 64;

/** The first capture, or the second. */
export type SideIndex = 0 | 1;

/** Of one capture. */
export class Side extends RouteStats {
  readonly waits: Sample;
  /** Exchanges by how they ended: `200`, `g5`, `none`, `cut`. */
  readonly outcomes = new Map<string, number>();
  /** Whose heads were seen whole. Of responses those below 400: others have other fields. */
  readonly heads = { request: 0, response: 0 };
  readonly names = { request: new Map<string, number>(), response: new Map<string, number>() };
  /** By the names of fields, of those whose values may be compared. */
  readonly values = { request: new Map<string, Values>(), response: new Map<string, Values>() };

  constructor(draws: Draws) {
    super();
    this.waits = new Sample(draws);
  }
}

/** Of both, under one name: where one of them has rare paths that became `:id`, so have both. */
export class Endpoint implements Counted<Endpoint> {
  readonly sides: readonly [Side, Side];
  /** It has more outcomes, names of fields or values than are told apart. */
  hasMore = false;
  #into: Endpoint | undefined;
  readonly #room: Room;
  readonly #known = { outcomes: new Set<string>(), request: new Set<string>(), response: new Set<string>() };

  constructor(draws: Draws, room: Room) {
    this.#room = room;
    this.sides = [new Side(draws), new Side(draws)];
  }

  get current(): Endpoint {
    return this.#into === undefined ? this : this.#into.current;
  }

  takeOver(other: Endpoint): void {
    other.#into = this;
    this.hasMore ||= other.hasMore;
    this.#room.freeNames(other.#known.request.size + other.#known.response.size);
    for (const index of [0, 1] as const) {
      const { waits, outcomes, heads, names, values } = other.sides[index];
      const side = this.sides[index];
      side.takeOver(other.sides[index]);
      side.waits.addAll(waits);
      for (const [outcome, count] of outcomes) this.noteOutcome(index, outcome, count);
      for (const of of ['request', 'response'] as const) {
        side.heads[of] += heads[of];
        for (const [name, count] of names[of]) this.#noteName(index, of, name, count);
        for (const [name, each] of values[of]) this.#valuesOf(index, of, name)?.takeOver(each, this.#room);
      }
    }
  }

  noteOutcome(index: SideIndex, outcome: string, count = 1): void {
    if (this.#isKnown('outcomes', outcome, MAX_OUTCOMES)) increase(this.sides[index].outcomes, outcome, count);
  }

  noteHead(index: SideIndex, of: 'request' | 'response', fields: Readonly<Record<string, string>>): void {
    this.sides[index].heads[of]++;
    for (const [name, value] of Object.entries(fields)) {
      this.#noteName(index, of, name, 1);
      if (this.#valuesOf(index, of, name)?.add(value, this.#room) === false) this.hasMore = true;
    }
  }

  /** Of a name that is told apart. */
  #valuesOf(index: SideIndex, of: 'request' | 'response', name: string): Values | undefined {
    const all = this.sides[index].values[of];
    const known = all.get(name);
    if (known !== undefined || !this.#known[of].has(name) || !isCompared(name)) return known;
    const values = new Values();
    all.set(name, values);
    return values;
  }

  #noteName(index: SideIndex, of: 'request' | 'response', name: string, count: number): void {
    if (name.length > MAX_NAME_UNITS) this.hasMore = true;
    else if (this.#isKnown(of, name, MAX_NAMES)) increase(this.sides[index].names[of], name, count);
  }

  /** Of both captures together: a name that is told apart in one is so in the other. */
  #isKnown(what: 'outcomes' | 'request' | 'response', name: string, most: number): boolean {
    const known = this.#known[what];
    if (known.has(name)) return true;
    if (known.size >= most || (what !== 'outcomes' && !this.#room.takeName())) {
      this.hasMore = true;
      return false;
    }
    known.add(name);
    return true;
  }
}

function increase(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
