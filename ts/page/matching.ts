/** An expression that asks for messages, followed while exchanges come. In: answers of the source. Out: rows that match. */

import type { Row } from '../outputs/view/shapes';
import type { Source } from './source';

const ASK_AGAIN_MS = 1_000;

/** Returns how to end it. */
export function follow(
  expression: string,
  source: Source,
  filterBy: (matches: (row: Row) => boolean) => void,
): () => void {
  const matched = new Set<number>();
  let isOver = false;
  let timer = 0;
  const ask = async (after: number): Promise<void> => {
    let next = after;
    let more = false;
    try {
      const found = await source.match({ expression, after });
      if (isOver) return;
      for (const n of found.others) matched.delete(n);
      for (const n of found.matched) matched.add(n);
      if (found.matched.length + found.others.length > 0) filterBy(({ n }) => matched.has(n));
      // Nothing more comes.
      if (!source.isLive) return;
      next = found.version;
      more = found.more;
    } catch {
      // The page says itself that it has no connection; it is asked again.
    }
    if (!isOver) timer = window.setTimeout(() => void ask(next), more ? 0 : ASK_AGAIN_MS);
  };
  filterBy(() => false);
  void ask(0);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
