/** Words about a flag that does not exist: the nearest that does. */

import { suggest } from '../suggest';

/** Flags of other tools, and what they are here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  '-p': '--ports',
  '-f': '--filter',
  '-c': '--count',
  '-o': '--output-file',
  '-A': '--verbose',
  '-X': '--verbose',
  '-s': '--snaplen-bytes',
  '-q': '--log-level error',
  '--quiet': '--log-level error',
  '--silent': '--log-level error',
  '--debug': '--log-level debug',
  '--limit': '--count',
  '--input': '--read',
  '--file': '--read',
  '--output': '--output-file',
  '--url': '--output-url',
};

const HINT = /\s*\(Did you mean (?:one of )?([^,?]*).*\)$/;

/** The complaint of commander, whose own guess is a word of the same length at times. `isOfCapture`: no other command was named. */
export function aboutFlag(complaint: string, isOfCapture: boolean): string {
  const [, word] = /unknown option '(-[^'=]*)/.exec(complaint) ?? [];
  if (word === undefined) return complaint;
  const words = complaint.replace(HINT, '');
  const name = word.startsWith('--') ? word : word.slice(0, 2);
  const elsewhere = isOfCapture && Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;
  const [, guess = ''] = HINT.exec(complaint) ?? [];
  const near = elsewhere ?? (suggest(bare(word), [bare(guess)]) === undefined ? undefined : guess);
  return near === undefined ? words : `${words} (Did you mean ${near}?)`;
}

function bare(flag: string): string {
  return flag.replace(/^-+/, '');
}
