/** Shared by components: they draw again when the store has changed, at most ten times a second. */

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Store } from './store';

const REDRAW_MS = 100;

/** Draws again, by animation frames, so not at all while the page is hidden. */
export function useStore(store: Store): number {
  const [version, setVersion] = useState(store.version);
  useEffect(() => {
    let frame = 0;
    let drawn = -1;
    let drawnAt = Number.NEGATIVE_INFINITY;
    const look = (now: number): void => {
      if (store.version !== drawn && now - drawnAt >= REDRAW_MS) {
        drawn = store.version;
        drawnAt = now;
        setVersion(drawn);
      }
      frame = requestAnimationFrame(look);
    };
    frame = requestAnimationFrame(look);
    return () => cancelAnimationFrame(frame);
  }, [store]);
  return version;
}

/** Counting many rows may take one part in so many of the time. */
const COUNT_PART = 10;

/** Counted anew when the store has changed, and as seldom as its cost demands. */
export function useCounted<Value>(store: Store, count: () => Value): Value {
  const [, lookAgain] = useState(0);
  const kept = useRef<{ value: Value; version: number; againAt: number } | undefined>(undefined);
  const { version } = store;
  const begun = performance.now();
  let { current } = kept;
  if (current === undefined || (current.version !== version && begun >= current.againAt)) {
    const value = count();
    const now = performance.now();
    current = { value, version, againAt: now + (now - begun) * COUNT_PART };
    kept.current = current;
  }
  const { againAt } = current;
  const isStale = current.version !== version;
  useEffect(() => {
    if (!isStale) return;
    const timer = setTimeout(() => lookAgain(version), Math.max(0, againAt - performance.now()));
    return () => clearTimeout(timer);
  }, [isStale, version, againAt]);
  return current.value;
}

/** Height of an element, as it changes. */
export function useHeight<Element extends HTMLElement>(): [{ current: Element | null }, number] {
  const ref = useRef<Element>(null);
  const [height, setHeight] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    setHeight(element.clientHeight);
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, height];
}

/** Keeps the user's choice from one visit to the next; a browser that keeps nothing is no failure. */
export function useKept<Value>(key: string, first: Value, isOne: (value: unknown) => value is Value) {
  const [value, setValue] = useState<Value>(() => {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
      return isOne(kept) ? kept : first;
    } catch {
      return first;
    }
  });
  const keep = (next: Value): void => {
    setValue(next);
    try {
      localStorage.setItem(key, JSON.stringify(next));
    } catch {
      // Kept until the page is closed.
    }
  };
  return [value, keep] as const;
}
