/** `trigger`: an expression, or the word that leaves it to signals and calls. */

import { checkExpression, joinExpressions } from './filters';

/** With it alone no exchange is a trigger. */
const SIGNAL = 'signal';

export function checkTrigger(value: unknown, field: string): string {
  return value === SIGNAL ? value : checkExpression(value, field);
}

export function onlySignals(trigger: string): boolean {
  return trigger === SIGNAL;
}

/** Each of them is a trigger. A signal is one beside expressions too, so the word adds nothing to them. */
export function joinTriggers(texts: readonly string[]): string {
  const expressions = texts.filter((text) => !onlySignals(text.trim()));
  return expressions.length === 0 ? SIGNAL : joinExpressions(expressions, 'or');
}
