/** The command: argv and environment to a capture, a list or the injector; outcomes to exit codes and one line each. */

import { closeSync, fstatSync } from 'node:fs';
import { CommanderError } from '../commander';
import { LOG_LEVELS } from '../config';
import { type Flags, readLogLevel, readVariable } from '../config/env';
import { EngineError } from '../errors';
import { createLogger, errorFields } from '../logger';
import { type InterfaceInfo, listInterfaces } from '../native';
import { BAD_CONFIG, FAILED, SUCCESS } from '../run/exit-codes';
import { refuseInspector } from '../run/signals';
import { isTerminal, print } from '../run/standard';
import { capture } from './capture';
import { addCompare } from './compare/flags';
import { addOpenapi } from './openapi/flags';
import { buildProgram, COMMANDS, HELP, INJECTOR } from './program';
import { loadTerminal, show } from './show';

const PREPARE_KEYS = 'prepare-keys';
const STANDARD_FDS = [0, 1, 2];

interface Ending {
  code: number;
  /** Something was printed that is not yet out. */
  flush: boolean;
}

/** Ends the process when the command has done its work. */
export function runCommand(argv: string[]): void {
  refuseInspector();
  main(argv).then(flushAndExit, async (error: unknown) => {
    await complain(errorFields(error), 'the command failed; this is a bug, please report it');
    exit(FAILED);
  });
}

async function main(argv: string[]): Promise<Ending> {
  if (argv[0] === INJECTOR) {
    // Loaded only here: a capture does not need the webhook.
    const { runInjector } = require('../injector/command') as typeof import('../injector/command');
    return { code: await runInjector(argv.slice(1), process.env), flush: true };
  }
  const asked = helpAsked(argv);
  if (asked !== undefined) return explain(asked);
  if (argv[0] === PREPARE_KEYS) return { code: prepare(argv.slice(1)), flush: true };
  let ending: Ending = { code: SUCCESS, flush: true };
  const program = buildProgram(
    async (flags, asked, appearance) => {
      // Rows for people are made of whole messages.
      const format = appearance.format ?? (namesFields(flags) ? 'json' : undefined);
      ending = { code: await capture(flags, asked, await show({ ...appearance, format })), flush: false };
    },
    async (options) => {
      ending = { code: await printInterfaces(options.json === true), flush: true };
    },
  );
  addCompare(program, async (asked) => {
    // Loaded only here: a capture does not need them.
    const { openapi } = asked;
    if (openapi === undefined) {
      const { compare } = require('./compare') as typeof import('./compare');
      ending = { code: await compare(asked), flush: true };
      return;
    }
    const { compareWithDocument } = require('./compare/document') as typeof import('./compare/document');
    ending = { code: await compareWithDocument({ ...asked, openapi }), flush: true };
  });
  addOpenapi(program, async (asked) => {
    const { openapi } = require('./openapi') as typeof import('./openapi');
    ending = { code: await openapi(asked), flush: true };
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { code: SUCCESS, flush: true };
    const words = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    const { aboutFlag } = require('./unknown-flag') as typeof import('./unknown-flag');
    await complain({ code: 'USAGE' }, aboutFlag(words, !COMMANDS.includes(argv[0] ?? '')));
    return { code: BAD_CONFIG, flush: false };
  }
  return ending;
}

/** The topics of `help TOPIC`, and of `--help TOPIC`, which is meant so. */
function helpAsked([first = '', ...more]: string[]): string[] | undefined {
  return first === HELP || (['-h', '--help'].includes(first) && more.length > 0) ? more : undefined;
}

async function explain([word, ...more]: string[]): Promise<Ending> {
  const { screen, topic } = require('./help') as typeof import('./help');
  const isOfCommand = word !== undefined && word !== HELP && COMMANDS.includes(word);
  if (isOfCommand && more.length === 0) return main([word, '--help']);
  try {
    if (more.length > 0) throw new Error(`help takes one topic, got ${more.length + 1}`);
    print(word === undefined ? screen() : topic(word));
  } catch (error) {
    await complain({ code: 'USAGE' }, (error as Error).message);
    return { code: BAD_CONFIG, flush: false };
  }
  return { code: SUCCESS, flush: true };
}

function namesFields({ fields }: Flags): boolean {
  return fields !== undefined || (readVariable(process.env, 'FIELDS') ?? '').trim() !== '';
}

/** For init containers alone, so it is in no help. */
function prepare([folder, ...more]: string[]): number {
  const log = createLogger('info');
  if (folder === undefined || more.length > 0) {
    log.error({ code: 'USAGE' }, `${PREPARE_KEYS} takes the name of a folder`);
    return BAD_CONFIG;
  }
  try {
    const { prepareKeys } = require('../keylog/prepare') as typeof import('../keylog/prepare');
    prepareKeys(folder);
  } catch (error) {
    log.error({ folder, ...errorFields(error) }, 'cannot prepare the folder for key logs');
    return FAILED;
  }
  return SUCCESS;
}

async function printInterfaces(json: boolean): Promise<number> {
  let interfaces: InterfaceInfo[];
  try {
    interfaces = listInterfaces();
  } catch (error) {
    await complain(error instanceof EngineError ? { code: error.code } : {}, (error as Error).message);
    return FAILED;
  }
  const rows = (): Promise<string[]> => loadTerminal({}).then((terminal) => terminal.interfaces(interfaces));
  print(`${json ? JSON.stringify(interfaces, null, 2) : (await rows()).join('\n')}\n`);
  return SUCCESS;
}

async function complain(fields: Record<string, unknown>, message: string): Promise<void> {
  const terminal = await show({});
  terminal.createLogger(readLogLevel({}, process.env, LOG_LEVELS)).error(fields, message);
  await terminal.close();
}

/**
 * Ends the process whatever handles are left. Messages are out or given up by now, and what was given up because nobody
 * reads is not waited for again.
 */
function flushAndExit({ code, flush }: Ending): void {
  if (flush) print('', () => exit(code));
  else exit(code);
}

/** Node puts the terminal back as it was, and aborts where that terminal is gone; of a descriptor that is closed it does not. */
function exit(code: number): never {
  for (const fd of STANDARD_FDS) {
    try {
      if (fstatSync(fd).isCharacterDevice() && !isTerminal(fd)) closeSync(fd);
    } catch {
      // It was closed before.
    }
  }
  process.exit(code);
}
