/**
 * Items in the order in which they were put at its end; any of them is taken out at once. A `Map` has such an order too, but where most go
 * from its front, its first entry is slow to find: V8 walks over those that were deleted.
 */

/** An item is in one order at a time. */
export abstract class Ordered<Item extends Ordered<Item>> {
  /** Where it is. */
  order: Order<Item> | undefined;
  previous: Item | undefined;
  next: Item | undefined;
}

export class Order<Item extends Ordered<Item>> {
  first: Item | undefined;
  #last: Item | undefined;

  push(item: Item): void {
    item.order = this;
    item.previous = this.#last;
    if (this.#last === undefined) this.first = item;
    else this.#last.next = item;
    this.#last = item;
  }

  /** It is in this order. */
  remove(item: Item): void {
    const { previous, next } = item;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    item.order = undefined;
    item.previous = undefined;
    item.next = undefined;
  }

  /** The one at hand may be taken out meanwhile. */
  *items(): Generator<Item> {
    for (let item = this.first; item !== undefined; ) {
      const { next } = item;
      yield item;
      item = next;
    }
  }
}
