// The faults that a judge found.

/** Of each kind of fault the first few are told. */
const TOLD = 3;

/** Faults by kind, each counted, the first few in words. */
export class Faults {
  #found = new Map();

  add(kind, detail) {
    const { count = 0, details = [] } = this.#found.get(kind) ?? {};
    this.#found.set(kind, { count: count + 1, details: count < TOLD ? [...details, detail] : details });
  }

  list = () => [...this.#found].map(([kind, { count, details }]) => `${count} times ${kind}: ${details.join('; ')}`);
}
