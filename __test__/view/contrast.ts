// How text stands out from what is behind it.

/** Of text of that size (WCAG 2.2, 1.4.3). */
export const MIN_CONTRAST = 4.5;

/** In the page: of all that has text, how it stands out from what is behind it, the worst first. */
export function contrasts(): [contrast: number, text: string][] {
  const { document, getComputedStyle } = globalThis as never as Tab;
  const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color: string): number => {
    const [red = 0, green = 0, blue = 0] = channels(color)
      .slice(0, 3)
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backOf = (element: TabElement | null): string => {
    if (element === null) return 'rgb(255, 255, 255)';
    const { backgroundColor } = getComputedStyle(element);
    return channels(backgroundColor)[3] === 0 ? backOf(element.parentElement) : backgroundColor;
  };
  const found: [number, string][] = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes]
      .map(({ nodeType, data }) => (nodeType === 3 ? data : ''))
      .join('')
      .trim();
    if (text === '' || element.disabled === true || element.getClientRects().length === 0) continue;
    const both = [luminance(getComputedStyle(element).color), luminance(backOf(element))];
    const [bright = 0, dark = 0] = both.sort((a, b) => b - a);
    found.push([(bright + 0.05) / (dark + 0.05), `${text} (${element.className})`]);
  }
  return found.sort(([a], [b]) => a - b);
}

interface TabElement {
  localName: string;
  className: string;
  textContent: string;
  disabled?: boolean;
  parentElement: TabElement | null;
  childNodes: Iterable<{ nodeType: number; data: string }>;
  getAttribute(name: string): string | null;
  getClientRects(): { length: number };
}

export interface Tab {
  document: {
    activeElement: TabElement;
    documentElement: TabElement & { scrollWidth: number };
    querySelectorAll(selector: string): Iterable<TabElement>;
  };
  getComputedStyle(element: TabElement): { color: string; backgroundColor: string };
}
