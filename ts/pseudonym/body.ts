/** The text of a body, by its type. The type may be wrong: text that is not of that form is replaced word by word. */

import type { Replacer } from './replacer';
import { isName, isSecretName } from './text';

/** Longer texts are left out: each takes several times its characters while it is replaced. */
export const MAX_TEXT_UNITS = 8 * 1024 * 1024;

const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
const MULTIPART = /^multipart\//i;
const EVENTS = /^text\/event-stream\s*(?:;|$)/i;
/** Of a form whose type is not said: names and values without anything that no form has as it is. */
const LIKE_FORM = /^[\w.~%+*[\]-]{1,64}=[\w.~%+*,:@/-]*(?:&[\w.~%+*[\]-]{1,64}=[\w.~%+*,:@/-]*)*$/;
/** Texts that are tried as forms without being called that. */
const MAX_GUESSED_UNITS = 64 * 1024;

export function replaceBody(text: string, type: string, replacer: Replacer): string {
  if (FORM.test(type)) return replacer.pairs(text);
  const json = replacer.json(text);
  if (json !== undefined) return json;
  if (MULTIPART.test(type)) return multipart(text, replacer);
  if (EVENTS.test(type)) return events(text, replacer);
  if (text.length <= MAX_GUESSED_UNITS && LIKE_FORM.test(text)) return replacer.pairs(text);
  return replacer.text(text);
}

/** Server-Sent Events: the names of fields stay. */
function events(text: string, replacer: Replacer): string {
  return text.replace(/^(?:(data|event|id|retry)(: ?))?(.*)$/gm, (_, name = '', colon = '', value: string) => {
    const line = name === '' ? replacer.text(value) : replacer.value(value);
    return `${name}${colon}${line}`;
  });
}

const LINE = /[^\r\n]*(?:\r?\n|\r|$)/g;
/** The boundary is replaced as it is in `content-type`, without what stands around it (RFC 2046 §5.1.1). */
const DELIMITER = /^--(?!\s*$)(.*?)((?:--)?[ \t]*)$/s;
const DISPOSITION = /^(content-disposition: *form-data; *name=")([^"]*)("?)(.*)$/is;

/** The fields of a form in parts (RFC 7578), line by line: what is no delimiter and no field of a part is its value. */
function multipart(text: string, replacer: Replacer): string {
  let isHead = false;
  let isSecret = false;
  return text.replace(LINE, (line) => {
    const content = line.replace(/[\r\n]+$/, '');
    const end = line.slice(content.length);
    const [delimiter, boundary = '', close = ''] = DELIMITER.exec(content) ?? [];
    if (delimiter !== undefined) {
      isHead = true;
      isSecret = false;
      return `--${replacer.text(boundary)}${close}${end}`;
    }
    if (!isHead) return `${replacer.value(content, isSecret)}${end}`;
    if (content === '') {
      isHead = false;
      return line;
    }
    const [, begin, name, quote = '', rest = ''] = DISPOSITION.exec(content) ?? [];
    if (begin !== undefined && name !== undefined) {
      isSecret = isSecretName(name);
      const file = /^(; *filename=")(.*)$/is.exec(rest);
      const last = file === null ? replacer.text(rest) : `${file[1]}${replacer.text(file[2] ?? '')}`;
      return `${begin}${isName(name) ? name : replacer.value(name, true)}${quote}${last}${end}`;
    }
    const [, field = '', value = content] = /^(content-type|content-transfer-encoding)(:.*)$/is.exec(content) ?? [];
    return `${field}${field === '' ? replacer.text(value) : value.replace(/[^\s;:/]+/g, (word) => (isName(word) ? word : replacer.text(word)))}${end}`;
  });
}
