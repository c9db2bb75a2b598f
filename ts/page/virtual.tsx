// biome-ignore-all lint/a11y/useSemanticElements: only the lines in sight are there, which no list element can say
// biome-ignore-all lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys too

/**
 * Lines of one height, of which only those in sight are there. Any number of them: browsers cap the height of an element, so past
 * a limit a pixel of the bar stands for more than a pixel of lines.
 */

import type { ComponentChild } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useHeight } from './hooks';

/** Below what every browser takes (Firefox: some 17 million). */
const MAX_PIXELS = 8_000_000;
const OVERSCAN = 8;

interface VirtualProps {
  count: number;
  height: number;
  label: string;
  row(index: number): ComponentChild;
  /** A line that is to be in sight; another object asks again. */
  show?: { index: number } | undefined;
  onKeyDown?(event: KeyboardEvent): void;
}

export function Virtual({ count, height, label, row, show, onKeyDown }: VirtualProps) {
  const [box, boxHeight] = useHeight<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const all = count * height;
  const pixels = Math.min(all, MAX_PIXELS);
  // The last line is at the bottom when the bar is.
  const scale = pixels > boxHeight ? (all - boxHeight) / (pixels - boxHeight) : 1;
  const at = Math.max(0, Math.min(top * scale, all - boxHeight));
  const first = Math.max(0, Math.floor(at / height) - OVERSCAN);
  const last = Math.min(count, Math.ceil((at + boxHeight) / height) + OVERSCAN);
  useEffect(() => {
    if (show === undefined || box.current === null) return;
    box.current.scrollTop = Math.max(0, show.index * height - boxHeight / 2) / scale;
  }, [show]);
  return (
    <div
      class="virtual"
      role="list"
      aria-label={label}
      tabIndex={0}
      ref={box}
      onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div class="canvas" style={{ height: `${pixels}px` }}>
        <div class="window" style={{ transform: `translateY(${top - at + first * height}px)` }}>
          {Array.from({ length: Math.max(0, last - first) }, (_, index) => (
            <div
              key={first + index}
              role="listitem"
              aria-setsize={count}
              aria-posinset={first + index + 1}
              class={show?.index === first + index ? 'one found' : 'one'}
              style={{ height: `${height}px` }}
            >
              {row(first + index)}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
