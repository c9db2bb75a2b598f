/** Work that takes long, in turns: between them the page answers and draws. */

import { useEffect, useState } from 'preact/hooks';

/** Of one turn. */
const TURN_MS = 12;

/** The result of the work; `undefined` while it goes on. The first turn is taken at once. */
export function useTurns<Value>(begin: () => Generator<void, Value>, key: unknown): { value: Value } | undefined {
  const [done, setDone] = useState<{ key: unknown; value: Value }>();
  useEffect(() => {
    const work = begin();
    let timer = 0;
    const turn = (): void => {
      const end = performance.now() + TURN_MS;
      do {
        const { done: isDone, value } = work.next();
        if (isDone) {
          setDone({ key, value: value as Value });
          return;
        }
      } while (performance.now() < end);
      timer = window.setTimeout(turn);
    };
    turn();
    return () => clearTimeout(timer);
  }, [key]);
  return done !== undefined && done.key === key ? done : undefined;
}
