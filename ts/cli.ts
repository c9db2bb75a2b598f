#!/usr/bin/env node
/** The command: argv and environment to a sniffer, signals to stop(), outcomes to exit codes and one line each. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Command, CommanderError, Option } from 'commander';
import { LOG_LEVELS, type SnifferConfig, validateConfig } from './config';
import { COMMAND_OPTIONS, type CommandOption } from './config/command';
import {
  type Flags,
  readCommandConfig,
  readKeepNetRaw,
  readLogLevel,
  readRetryOpenMs,
  readRuntimeEnv,
} from './config/env';
import { configuredOutputs } from './config/outputs';
import { DEFAULT_DEPS } from './deps';
import { EngineError, ValidationError } from './errors';
import { droppedFor } from './ledger';
import { createLogger, errorFields, type Log } from './logger';
import { giveUpCapture, type InterfaceInfo, listInterfaces } from './native';
import { onSignals } from './signals';
import { Sniffer } from './sniffer';
import type { Appearance, Terminal } from './terminal';
import type { SnifferStats } from './types';
import { VERSION } from './version';

/** Exit codes. */
const SUCCESS = 0;
const BAD_CONFIG = 1;
const FAILED = 2;

const INJECTOR = 'injector';

/** Flags that are no options of the library: they are about who looks at it, and have no variable. */
const APPEARANCE = [
  { flag: '--json', help: 'JSON lines on a terminal too' },
  { flag: '--verbose', help: 'on a terminal: headers and bodies too' },
  {
    flag: '--summary',
    help: 'status classes, slowest paths and losses on stderr at the end; the default on a terminal',
  },
  { flag: '--no-summary', help: 'not on a terminal either' },
];

const EXAMPLES = `
Examples:
  tcp-sniffer --ports 8080 --interface lo            what this host asks its own server on 8080
  tcp-sniffer --ports 80,8080 --read capture.pcap    what tcpdump has written down
  tcp-sniffer --ports 8080 --verbose --include status=5xx
  tcp-sniffer --ports 8080 --output-url https://collector.example/ --output-batch gzip`;

/** What the command shows beside the sniffer's own outputs. */
type Shown = Pick<Terminal, 'createLogger' | 'createStdout' | 'attach' | 'close'>;

/** Where nobody looks: logs as JSON lines, and nothing else. */
const UNSEEN: Shown = { createLogger, createStdout: undefined, attach: () => {}, close: async () => {} };

interface Ending {
  code: number;
  /** Something was printed that is not yet out. */
  flush: boolean;
}

async function main(argv: string[]): Promise<Ending> {
  if (argv[0] === INJECTOR) {
    // Neither of the two is there for the other: the webhook runs without the addon, and captures without the webhook.
    const { runInjector } = require('./injector/command') as typeof import('./injector/command');
    return { code: await runInjector(argv.slice(1), process.env), flush: true };
  }
  let ending: Ending = { code: SUCCESS, flush: true };
  const program = buildProgram(
    async (flags, appearance) => {
      ending = { code: await capture(flags, await show(appearance)), flush: false };
    },
    async (options) => {
      ending = { code: await printInterfaces(options.json === true), flush: true };
    },
  );
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { code: SUCCESS, flush: true };
    const words = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    const unknown = error.code === 'commander.excessArguments' ? `unknown command '${program.args[0]}'` : undefined;
    await complain({ code: 'USAGE' }, unknown ?? words);
    return { code: BAD_CONFIG, flush: false };
  }
  return ending;
}

/** The parts for people are loaded where somebody looks: every start of the command would wait for them. */
async function show(appearance: Appearance): Promise<Shown> {
  const isLookedAt = process.stdout.isTTY || process.stderr.isTTY || appearance.summary === true;
  return isLookedAt ? loadTerminal(appearance) : UNSEEN;
}

function loadTerminal(appearance: Appearance): Promise<Terminal> {
  const { Terminal } = require('./terminal') as typeof import('./terminal');
  return Terminal.create(appearance);
}

function buildProgram(
  onCapture: (flags: Flags, appearance: Appearance) => Promise<void>,
  onInterfaces: (options: { json?: boolean }) => Promise<void>,
): Command {
  const program = new Command('tcp-sniffer')
    .description(
      'Sees the HTTP/1.x traffic of a service without touching the service: JSON lines, or a POST for each message.',
    )
    .version(VERSION)
    .helpCommand(false)
    .exitOverride()
    // `interfaces` has a --json of its own.
    .enablePositionalOptions()
    .configureOutput({ writeErr: () => {} });
  const names = new Map<string, CommandOption>();
  for (const option of COMMAND_OPTIONS) {
    const short = option.short === undefined ? '' : `${option.short}, `;
    const argument = option.argument === undefined ? '' : ` <${option.argument}>`;
    const flag = new Option(`${short}${option.flag}${argument}`, describe(option));
    if (option.repeatable === true)
      flag.argParser((text: string, before?: string) => (before === undefined ? text : `${before};${text}`));
    program.addOption(flag);
    names.set(flag.attributeName(), option);
    if (option.argument === undefined) program.addOption(new Option(`--no-${option.flag.slice(2)}`).hideHelp());
  }
  for (const { flag, help } of APPEARANCE) program.option(flag, help);
  program.addHelpText('after', EXAMPLES);
  program.action(async (values: Record<string, string | boolean>) => {
    const flags: Flags = {};
    for (const [name, option] of names) {
      // commander itself gives a switch with a `--no-` form a value that nobody typed.
      if (program.getOptionValueSource(name) === 'cli') flags[option.field] = values[name];
    }
    const { json, verbose, summary } = values as Appearance;
    await onCapture(flags, { json, verbose, summary });
  });
  program
    .command('interfaces')
    .description('list the interfaces that can be captured on')
    .option('--json', 'as JSON')
    .action(onInterfaces);
  program.command(INJECTOR).description('run the webhook that adds the sidecar to pods; has a --help of its own');
  return program;
}

function describe({ help, variable, default: value }: CommandOption): string {
  const shown =
    value === undefined || value === '' || value === false || `${value}` === '' ? [] : [`default: ${value}`];
  return `${help} [${[...(variable === undefined ? [] : [variable]), ...shown].join('; ')}]`.replace(' []', '');
}

/** Captures until the savefile ends, a signal comes, the reader of stdout goes away, or it breaks. */
async function capture(flags: Flags, terminal: Shown): Promise<number> {
  let config: SnifferConfig;
  let keepNetRaw = false;
  let retryOpenMs: number | undefined;
  try {
    config = checkedConfig(flags);
    keepNetRaw = readKeepNetRaw(process.env);
    // What a savefile is does not change.
    if (config.pcapFile === undefined) retryOpenMs = readRetryOpenMs(process.env);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const log = terminal.createLogger(readLogLevel(flags, process.env, LOG_LEVELS));
    log.error({ code: error.code, field: error.field }, error.message);
    await terminal.close();
    return BAD_CONFIG;
  }
  const log = terminal.createLogger(config.logLevel ?? 'info');
  let exitCode = SUCCESS;
  const sniffer = new Sniffer(config, {
    ...DEFAULT_DEPS,
    stdoutIsOurs: true,
    createLogger: terminal.createLogger,
    createStdout: terminal.createStdout,
    onOutputClosed: (output, error) => {
      // The reader has what it wanted: that is how `| head -1` ends, and no failure.
      if (error.code !== 'EPIPE') {
        exitCode = FAILED;
        log.error({ output, ...errorFields(error) }, 'cannot write messages');
      }
      void sniffer.stop();
    },
  });
  const stopped = new Promise<void>((resolve) => {
    sniffer.on('stop', resolve);
  });
  sniffer.on('error', () => {
    exitCode = FAILED;
  });
  let signalled = false;
  const asked = new Promise<void>((resolve) => {
    onSignals((signal, again) => {
      signalled = true;
      resolve();
      if (again) {
        log.error({ signal }, 'second signal: ending at once, undelivered messages are lost');
        process.exit(FAILED);
      }
      log.info({ signal }, 'signal received: stopping');
      void sniffer.stop();
    });
  });
  terminal.attach(sniffer, { pcapFile: config.pcapFile, viewed: configuredOutputs(config).has('stdout') });
  // A savefile needs no right, and may be anybody's. A library would not do this to its host process.
  if (config.pcapFile !== undefined && !keepNetRaw) giveUpRight(log);
  for (let attempt = 1; ; attempt++) {
    try {
      await sniffer.start();
      break;
    } catch (error) {
      // start() has logged it.
      if (retryOpenMs !== undefined && !(error instanceof ValidationError)) {
        if (attempt === 1) log.warn({ retryOpenMs }, 'nothing is captured: trying again until it can be');
        await Promise.race([asked, sleep(retryOpenMs)]);
        if (!signalled) continue;
      }
      await terminal.close();
      // A signal may have been what ended the open.
      if (signalled) return SUCCESS;
      return error instanceof ValidationError ? BAD_CONFIG : FAILED;
    }
  }
  if (config.pcapFile === undefined && !keepNetRaw) giveUpRight(log);
  await stopped;
  await terminal.close(sniffer.stats());
  return exitCode === SUCCESS && hasLost(config, sniffer.stats()) ? FAILED : exitCode;
}

/** With the capture open, NET_RAW is of use only to who breaks in. Without it or with it, messages come. */
function giveUpRight(log: Log): void {
  try {
    giveUpCapture();
  } catch (error) {
    // No addon: nothing can be captured either, and start() says so.
    if (error instanceof EngineError) return;
    log.warn(errorFields(error), 'NET_RAW was not given up: the process goes on with it');
  }
}

/** Live, messages go when their endpoint is dead; at stop and from a savefile none may be lost but by a reader that went. */
function hasLost({ pcapFile }: SnifferConfig, stats: SnifferStats): boolean {
  const reasons = pcapFile === undefined ? ['abandoned'] : ['abandoned', 'failed', 'invalid'];
  return Object.keys(droppedFor(stats, reasons)).length > 0;
}

/** The config, whole and checked, with complaints in the user's own terms: the flag or the variable. */
function checkedConfig(flags: Flags): SnifferConfig {
  const { config, labels } = readCommandConfig(flags, process.env);
  try {
    return validateConfig(config, { production: readRuntimeEnv(process.env).production });
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    throw new ValidationError(error.field, error.complaint, labels[error.field]);
  }
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
  process.stdout.write(`${json ? JSON.stringify(interfaces, null, 2) : (await rows()).join('\n')}\n`);
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
  if (flush) process.stdout.write('', () => process.exit(code));
  else process.exit(code);
}

// Help and lists into a pipe that nobody reads; the messages' own output sees to itself.
process.stdout.on('error', () => {});

main(process.argv.slice(2)).then(flushAndExit, async (error: unknown) => {
  await complain(errorFields(error), 'the command failed; this is a bug, please report it');
  process.exit(FAILED);
});
