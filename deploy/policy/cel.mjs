// CEL as text: literals, texts and regular expressions of the webhook's code as the API server's CEL (RE2) takes them.

/** A value of JSON as CEL has it: maps and lists of Kubernetes' CEL hold values of several types only as `dyn`. */
export function literal(value, holes = new Map()) {
  if (typeof value === 'string') {
    const hole = holes.get(value);
    return hole ?? quote(value);
  }
  if (Array.isArray(value)) return `[${value.map((each) => dyn(literal(each, holes))).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, each]) => `${quote(name)}: ${dyn(literal(each, holes))}`);
    return `{${members.join(', ')}}`;
  }
  return JSON.stringify(value);
}

const dyn = (text) => `dyn(${text})`;

export const quote = (text) => (/['\\\n]/.test(text) ? JSON.stringify(text) : `'${text}'`);

export const list = (texts) => `[${texts.map(quote).join(', ')}]`;

/** A raw string, as far as quotes allow it. */
const pattern = (source) =>
  !source.includes("'") ? `r'${source}'` : !source.includes('"') ? `r"${source}"` : JSON.stringify(source);

export const matches = (text, source) => `${text}.matches(${pattern(source)})`;

/**
 * That the text fits a regular expression of the webhook's. RE2 has no lookaheads: those at its beginning become
 * conditions of their own.
 */
export function fits(text, expression) {
  const conditions = [];
  let rest = expression.source;
  for (;;) {
    const [whole, sign, inner] = /^\^\(\?([=!])((?:[^()\\]|\\.)*)\)/.exec(rest) ?? [];
    if (whole === undefined) break;
    conditions.push(`${sign === '!' ? '!' : ''}${matches(text, `^(?:${inner})`)}`);
    rest = `^${rest.slice(whole.length)}`;
  }
  if (/\(\?[=!<]/.test(rest)) throw new Error(`RE2 has nothing like ${expression}`);
  const flags = expression.flags.replace(/[^is]/g, '');
  const bounds = [...rest.matchAll(/\{(?:\d+,)?(\d+)\}/g)].map(([, most]) => Number(most));
  if (bounds.some((most) => most > 1000)) throw new Error(`RE2 repeats at most 1000 times, ${expression}`);
  return [...conditions, matches(text, flags === '' ? rest : `(?${flags})${rest}`)].join(' && ');
}

/** `a ? 'x' : b ? 'y' : …` */
export const firstOf = (pairs, last) =>
  [...pairs.map(([condition, value]) => `${condition} ? ${value} :`), last].join('\n');
