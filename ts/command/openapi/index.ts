/** One document: exchanges read, what they say of an interface written; what is left out on stderr, outcomes to an exit code. */

import { LOG_LEVELS, type SnifferConfig } from '../../config';
import { readKeepNetRaw, readLogLevel } from '../../config/env';
import { isSameFile } from '../../config/same-file';
import { ValidationError } from '../../errors';
import { errorFields, type Log } from '../../logger';
import { type Document, documentOf, hasExamples } from '../../openapi/document';
import { Inference } from '../../openapi/inference';
import { knownPathsOf, merged } from '../../openapi/merge';
import { readDocument } from '../../openapi/source';
import { BAD_CONFIG, FAILED, SUCCESS } from '../../run/exit-codes';
import { print } from '../../run/standard';
import { type Asked, readAsked } from '../asked';
import { checkedConfig, giveUpRight } from '../capture';
import { COMMANDS } from '../program';
import { readAll, type WhatIsMissing } from '../reading';
import { show } from '../show';
import { refuseOthers } from '../whole-file';
import { type AskedDocument, READING } from './flags';
import { DOCUMENTS, loadWriter, writeFile } from './write';

const MERGE = '--merge';

interface Prepared {
  asked: Asked;
  config: SnifferConfig;
  earlier: Document | undefined;
  textOf: (document: Document) => string;
}

export async function openapi(given: AskedDocument): Promise<number> {
  const { flags, output, merge } = given;
  const terminal = await show({ format: 'json', summary: false });
  const env = READING.env(process.env);
  const refuse = async (error: ValidationError): Promise<number> => {
    const log = terminal.createLogger(readLogLevel(flags, env, LOG_LEVELS));
    log.error({ code: error.code, field: error.field }, error.message);
    await terminal.close();
    return BAD_CONFIG;
  };
  let prepared: Prepared;
  try {
    prepared = await prepare(given);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return refuse(error);
  }
  const { asked, config, earlier, textOf } = prepared;
  const log = terminal.createLogger(config.logLevel ?? 'warn');
  if (asked.inputs.length > 0 && !readKeepNetRaw(process.env)) giveUpRight(log);
  const inference = new Inference({
    examples: given.examples,
    known: earlier === undefined ? undefined : knownPathsOf(earlier),
  });
  const read = await readAll({ asked, config, take: (lines) => inference.read(lines) }, terminal);
  if (typeof read === 'number') {
    await terminal.close();
    return read;
  }
  let exitCode = read.broke ? FAILED : SUCCESS;
  const inferred = documentOf(inference.end());
  const document = earlier === undefined ? inferred : merged(earlier, inferred, MERGE);
  tell(inference, read, document, log);
  const text = textOf(document);
  try {
    if (output === undefined) print(text);
    else {
      // Its owner has said who may read the examples of the file that is widened.
      const isTold = merge !== undefined && isSameFile(merge, output);
      writeFile(output, text, given.examples || (!isTold && hasExamples(document)));
    }
  } catch (error) {
    log.error({ output, ...errorFields(error) }, 'cannot write the document');
    exitCode = FAILED;
  }
  await terminal.close();
  return exitCode;
}

/** @throws {ValidationError} */
async function prepare({
  flags,
  asked: shorts,
  inputs,
  duration,
  merge,
  output,
  format,
}: AskedDocument): Promise<Prepared> {
  const env = READING.env(process.env);
  const asked = readAsked({ ...shorts, inputs, words: inputs, duration }, flags, env, COMMANDS);
  const config = { logLevel: 'warn' as const, ...checkedConfig(asked, env) };
  const textOf = await loadWriter(format);
  if (output !== undefined) refuseOthers(output, DOCUMENTS);
  const earlier = merge === undefined ? undefined : await readDocument(merge, MERGE);
  // A reference that cannot be followed is told before anything is read.
  if (earlier !== undefined) merged(earlier, documentOf([]), MERGE);
  return { asked, config, earlier, textOf };
}

/** Tells what the document does not say; without a word it would be taken for all. */
function tell(inference: Inference, { losses }: WhatIsMissing, document: Document, log: Log): void {
  const { leftOut, skipped, beyond, notThere } = inference;
  const exchanges = occurred(Object.entries({ ...leftOut, notThere, beyond }));
  if (Object.keys(exchanges).length > 0) log.warn(exchanges, 'exchanges that the document leaves out, by reasons');
  const bodies = occurred(Object.entries(skipped));
  if (Object.keys(bodies).length > 0) log.warn(bodies, 'bodies of which the document says nothing, by reasons');
  const missing = occurred(losses.map(([count, words]) => [words, count]));
  if (Object.keys(missing).length > 0) log.warn(missing, 'parts of the capture are missing');
  const servers = document.servers ?? [];
  if (servers.length > 1)
    log.warn(
      { servers: servers.map(({ url }) => url) },
      'several servers in one document; --host makes a document of a single host',
    );
  if (Object.keys(document.paths).length === 0)
    log.warn({}, 'the document is empty: no exchange was read that it could describe');
}

function occurred(counts: readonly (readonly [words: string, count: number])[]): Record<string, number> {
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
