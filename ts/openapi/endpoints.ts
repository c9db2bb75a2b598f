/** Endpoints by method and path, up to a limit. In: what is kept of each. Out: routes. */

import { type Counted, Routes } from '../exchange/routes';

/** A document of more of them is not read. */
export const MAX_ENDPOINTS = 1_000;

export class Endpoints<Stats extends Counted<Stats>> {
  readonly routes: Routes<Stats>;
  readonly #create: () => Stats;
  #count = 0;

  constructor(create: () => Stats) {
    this.#create = create;
    this.routes = new Routes({
      createStats: () => this.create(),
      mayAdd: () => this.mayAdd,
      onMerged: (routes) => {
        this.#count -= routes;
      },
    });
  }

  get mayAdd(): boolean {
    return this.#count < MAX_ENDPOINTS;
  }

  /** Of an endpoint that no route leads to. */
  create(): Stats {
    this.#count++;
    return this.#create();
  }
}
