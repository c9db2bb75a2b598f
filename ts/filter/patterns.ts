/** Texts with `*` in them, each of which stands for any number of characters. */

/** True if the pattern is all of `text`. */
export function isLike(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    // The leftmost place is as good as any: what follows has the more room.
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** As `include` and `exclude` have it: the beginning of the target, or with `*` a pattern for all of it. */
export function isPathLike(pattern: string, target: string): boolean {
  return pattern.includes('*') ? isLike(pattern, target) : target.startsWith(pattern);
}
