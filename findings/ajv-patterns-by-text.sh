#!/usr/bin/env bash
# Ajv lets its user compile the `pattern`s of a JSON Schema with another engine (option `code.regExp`), such as RE2, so that no pattern takes
# exponential time. The object that it returns needs `test` alone, by the type `RegExpLike`. Yet Ajv keeps it under the text that its toString() returns:
# all objects without a toString() of their own are "[object Object]", and every pattern is checked with the pattern that was
# compiled first. That is one of the meta-schema, which is compiled before the schema: "^[^#]*#?$", which nearly all texts fit.
#
# Seen with ajv 8.17.1 and re2js 1.2.0, properties a: ^a+$ and b: ^b+$, the value {"a":"aaa","b":"aaa"}:
#   RegExp of JavaScript, and an object with toString():  invalid, at /b
#   an object with `test` alone:                          valid, with no warning, strict mode included
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && echo '{}' > package.json && npm install --silent --no-audit --no-fund 'ajv@8.17.1' 're2js@1.2.0')
cat > "$folder/ask.mjs" <<'JS'
import Ajv from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';

const schema = { type: 'object', properties: { a: { type: 'string', pattern: '^a+$' }, b: { type: 'string', pattern: '^b+$' } } };
const compiled = (pattern) => {
  const regex = RE2JS.compile(pattern);
  return { test: (text) => regex.matcher(text).find() };
};
const ENGINES = {
  'RegExp of JavaScript': undefined,
  'test and toString': Object.assign((pattern) => ({ ...compiled(pattern), toString: () => pattern }), { code: 're2' }),
  'test alone': Object.assign(compiled, { code: 're2' }),
};
const seen = {};
for (const [name, regExp] of Object.entries(ENGINES)) {
  const ajv = new Ajv.default({ strict: true, ...(regExp && { code: { regExp } }) });
  const validate = ajv.compile(schema);
  const verdicts = [{ a: 'aaa', b: 'bbb' }, { a: 'aaa', b: 'aaa' }].map((value) =>
    validate(value) ? 'valid' : `invalid at ${validate.errors[0].instancePath}`,
  );
  seen[name] = verdicts;
  console.log(`${name}: ${verdicts.join(', ')}`);
}
const expected = {
  'RegExp of JavaScript': ['valid', 'invalid at /b'],
  'test and toString': ['valid', 'invalid at /b'],
  'test alone': ['valid', 'valid'],
};
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
JS
(cd "$folder" && node ask.mjs)
