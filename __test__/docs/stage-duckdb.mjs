// In place of `duckdb -c SQL`: each column that the SQL names is a member of some line of the files.
import { readdirSync, readFileSync } from 'node:fs';

const [flag, sql = ''] = process.argv.slice(2);
const [, columns = ''] = /columns = \{([^}]*)\}/.exec(sql) ?? [];
const names = [...columns.matchAll(/(\w+): '/g)].map(([, name]) => name);
const files = readdirSync('.').filter((name) => /^messages.*\.jsonl$/.test(name));
const lines = files.flatMap((name) => readFileSync(name, 'utf8').trimEnd().split('\n'));
const members = new Set(lines.flatMap((line) => Object.keys(JSON.parse(line))));
const missing = names.filter((name) => !members.has(name));
if (flag !== '-c' || names.length === 0 || missing.length > 0) throw new Error(`no line of ${files} has ${missing}`);
