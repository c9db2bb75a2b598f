/**
 * Text from the wire to words of a POSIX shell (XCU §2). In: any string or bytes. Out: printable text in which nothing is
 * expanded, also where it is pasted into an interactive shell, and that stands in one line.
 */

/** Words that no shell reads anything into. */
const BARE = /^[\w/:.,%+@-][\w/:.,%+@=-]*$/;
/** Characters that cannot be seen: controls, format characters, separators of lines, unassigned code points. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/u;
/** Of the format of `printf`: what it or an interactive shell reads something into as well. */
const ESCAPED = /[\p{C}\p{Zl}\p{Zp}\\%'!]/gu;
/** Linux takes no longer argument (`execve(2)`, MAX_ARG_STRLEN is 128 KiB); a character may take three bytes a unit. */
const MAX_ARGUMENT_UNITS = 32 * 1_024;

/** True if it may stand in a word as it is. */
export function isPlain(text: string): boolean {
  return text.length <= MAX_ARGUMENT_UNITS && !UNSAFE.test(text);
}

/** One word. NUL stands in no argument, and a shell takes line feeds from the end of what `printf` wrote: have no line feed in it. */
export function word(text: string): string {
  if (BARE.test(text)) return text;
  if (!UNSAFE.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  return `"$(printf '${formatOf(text)}')"`;
}

/** A command that writes these bytes. `printf` is a part of the shell: nothing limits its arguments. */
export function printing(content: string | Uint8Array): string {
  return `printf '${typeof content === 'string' ? formatOf(content) : octal(content)}'`;
}

function formatOf(text: string): string {
  const format = text.replace(ESCAPED, (character) => octal(bytesOf(character)));
  // It would be an option.
  return format.startsWith('-') ? octal(bytesOf('-')) + format.slice(1) : format;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function octal(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += `\\${byte.toString(8).padStart(3, '0')}`;
  return text;
}
