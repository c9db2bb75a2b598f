/** One capture: flags and environment to a sniffer, signals to stop(), the outcome to an exit code. */

import { LOG_LEVELS, type SnifferConfig, validateConfig } from '../config';
import {
  type Env,
  EnvironmentError,
  type Flags,
  readCommandConfig,
  readKeepNetRaw,
  readLogLevel,
  readRetryOpenMs,
  readRuntimeEnv,
} from '../config/env';
import { checkExpression, expressionsOf, joinExpressions } from '../config/filters';
import { refuseSameFile, refuseSameOutput } from '../config/validate';
import { EngineError, ValidationError } from '../errors';
import { portRanges } from '../filter/ports';
import { errorFields, type Log } from '../logger';
import { giveUpCapture, keepOutOfDumps } from '../native';
import type { PseudonymizedLines } from '../pseudonym/lines';
import { DEFAULT_DEPS } from '../run/deps';
import { BAD_CONFIG, FAILED, SUCCESS } from '../run/exit-codes';
import { droppedFor } from '../run/ledger';
import { onCommandSignals, stopOnSignals } from '../run/signals';
import { Sniffer } from '../run/sniffer';
import { isTerminal } from '../run/standard';
import type { DropReason, SnifferStats } from '../types';
import { withAdvice } from './advice';
import { type Asked, type AskedFlags, isOfLines, readAsked } from './asked';
import { type CreateCapture, captureOf, isPlain } from './inputs';
import { pipeIn, savefilesOf } from './inputs/again';
import { type Input, labelOf } from './inputs/find';
import { portsWithHttp } from './inputs/ports';
import type { Packets } from './packets';
import { FIELD, FLAG, type PacketsAsked } from './packets/asked';
import { HINT_AFTER_MS, PortsHint } from './ports-hint';
import { COMMANDS } from './program';
import type { Shown } from './show';
import { hintAtStdin } from './stdin-hint';
import { refuseWithoutEffect, warnOfWithoutEffect } from './without-effect';

/** With `trigger` a trigger; otherwise it ends the process, as it does by itself. SIGUSR1 is Node's. */
const TRIGGER_SIGNAL = 'SIGUSR2';

/** Captures until the savefile ends, a signal comes, the reader of stdout goes away, or it breaks. */
export async function capture(flags: Flags, askedFlags: AskedFlags, terminal: Shown): Promise<number> {
  let config: SnifferConfig;
  let asked: Asked;
  let packets: Packets | undefined;
  let keepNetRaw = false;
  let retryOpenMs: number | undefined;
  try {
    asked = readAsked(askedFlags, flags, process.env, COMMANDS);
    config = checkedConfig(asked);
    if (asked.packets !== undefined) packets = createPackets(asked.packets, asked.inputs);
    keepNetRaw = readKeepNetRaw(process.env);
    // A savefile does not change: to open it again would not help.
    if (config.pcapFile === undefined) retryOpenMs = readRetryOpenMs(process.env);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const log = terminal.createLogger(readLogLevel(flags, process.env, LOG_LEVELS));
    log.error({ code: error.code, field: error.field }, error.message);
    await terminal.close();
    return BAD_CONFIG;
  }
  const log = terminal.createLogger(config.logLevel ?? 'info');
  warnOfWithoutEffect(asked, log);
  if (config.pcapFile === undefined) hintAtStdin(log);
  guardSecrets(config);
  let exitCode = SUCCESS;
  const { inputs, follow, durationMs } = asked;
  const pseudonyms = asked.pseudonymize ? createPseudonyms() : undefined;
  let running: Sniffer | undefined;
  let signalled = false;
  const signal = new Promise<void>((resolve) => {
    stopOnSignals({
      listen: onCommandSignals,
      log,
      loses: 'undelivered messages are lost',
      stop: () => {
        signalled = true;
        resolve();
        void running?.stop();
      },
      end: () => process.exit(FAILED),
    });
  });
  // A savefile needs no right, and may be anybody's. A library would not do this to its host process.
  if (config.pcapFile !== undefined && !keepNetRaw) giveUpRight(log);
  if (asked.findsPorts) {
    const ports = await Promise.race([foundPorts(inputs, config, log), signal]);
    if (ports === undefined || signalled) {
      packets?.discard();
      await terminal.close();
      return SUCCESS;
    }
    config = { ...config, ports };
  }
  const sniffer = new Sniffer(config, {
    ...DEFAULT_DEPS,
    ...(inputs.length === 0 ? {} : { createCapture: createCaptureOf(inputs, follow, packets) }),
    // Packets have no pseudonyms.
    savefiles: (pseudonyms === undefined && savefilesOf(inputs, follow)) || 'none',
    readsLines: isOfLines(inputs),
    follows: follow,
    ownsProcess: true,
    // The engine cannot itself write messages that come another way than its own.
    stdoutIsOurs: isPlain(inputs, follow) && pseudonyms === undefined,
    rewrite: pseudonyms && ((lines) => pseudonyms.replace(lines)),
    createLogger: withAdvice(terminal.createLogger, inputs),
    createStdout: terminal.createStdout,
    endings: terminal.endings,
    wordsOfClocks: (alignment) => {
      const { wordsOfClocks } = require('./terminal/clocks') as typeof import('./terminal/clocks');
      return wordsOfClocks(
        alignment,
        inputs.map(({ path }) => path),
      );
    },
    harTraces: askedFlags.traces,
    bringsStreams: inputs.some(({ kind }) => kind === 'lines'),
    observe: both(terminal.observe, packets?.observe),
    // Packets are found by the ids of lines, and what has pseudonyms is to be seen with them.
    observeFacts: packets === undefined && pseudonyms === undefined ? terminal.observeFacts : undefined,
    onOutputClosed: (output, error) => {
      // The reader has what it wanted: that is how `| head -1` ends, and no failure.
      if (error.code !== 'EPIPE') {
        exitCode = FAILED;
        log.error({ output, ...errorFields(error) }, 'cannot write messages');
      }
      void sniffer.stop();
    },
  });
  running = sniffer;
  if (config.trigger !== undefined) process.on(TRIGGER_SIGNAL, () => sniffer.trigger());
  const stopped = new Promise<void>((resolve) => {
    sniffer.on('stop', resolve);
  });
  sniffer.on('error', () => {
    exitCode = FAILED;
  });
  const hasPage = config.view !== undefined && config.view !== false;
  const wantsInfo = hasPage || config.logLevel !== undefined;
  terminal.attach(sniffer, { pcapFile: config.pcapFile, inputs: inputs.map(({ path }) => path), wantsInfo });
  for (let attempt = 1; ; attempt++) {
    try {
      await sniffer.start();
      break;
    } catch (error) {
      // start() has logged it.
      if (retryOpenMs !== undefined && !(error instanceof ValidationError)) {
        if (attempt === 1) log.warn({ retryOpenMs }, 'nothing is captured: trying again until it can be');
        await Promise.race([signal, sleep(retryOpenMs)]);
        if (!signalled) continue;
      }
      if (retryOpenMs !== undefined && !signalled && error instanceof ValidationError) {
        // It only waits until it is stopped.
        if (!keepNetRaw) giveUpRight(log);
        log.warn(
          {},
          error instanceof EnvironmentError
            ? 'nothing is captured. A changed Secret is read after a restart of this container'
            : 'nothing is captured. After a change this container has to be started again',
        );
        while (!signalled) await Promise.race([signal, sleep(retryOpenMs)]);
      }
      packets?.discard();
      await terminal.close();
      // A signal may have been what ended the open.
      if (signalled) return SUCCESS;
      return error instanceof ValidationError ? BAD_CONFIG : FAILED;
    }
  }
  if (config.pcapFile === undefined && !keepNetRaw) giveUpRight(log);
  const hint = config.pcapFile === undefined ? hintOf(config, sniffer, log) : undefined;
  const sinceMs = DEFAULT_DEPS.now();
  if (isTerminal(2)) setTimeout(() => hint?.say(), HINT_AFTER_MS).unref();
  // Unlike a stop by a signal it is no end of the process: what it is about may be slow to come out.
  if (durationMs !== undefined) setTimeout(() => void sniffer.stop(), durationMs).unref();
  await stopped;
  // If a signal came at once, nothing was waited for.
  const hasWaited = durationMs !== undefined || DEFAULT_DEPS.now() - sinceMs >= HINT_AFTER_MS;
  if (exitCode === SUCCESS && hasWaited) hint?.say();
  if (pseudonyms !== undefined) logReplaced(pseudonyms, log);
  if ((await packets?.write(log)) === false) exitCode = FAILED;
  await terminal.close(sniffer.stats(), pseudonyms?.losses);
  // A savefile is read, and its page is there to be looked at.
  if (!signalled && sniffer.viewUrl() !== undefined) await signal;
  await sniffer.stop();
  return exitCode === SUCCESS && hasLost(config, sniffer.stats()) ? FAILED : exitCode;
}

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

function hintOf({ ports, interface: device = '' }: SnifferConfig, sniffer: Sniffer, log: Log): PortsHint {
  const segments = (): number => sniffer.stats().engine.segments ?? 0;
  return new PortsHint({ ports, interface: device, segments, log });
}

/** Loaded only where they are asked for. */
function createPackets(asked: PacketsAsked, inputs: readonly Input[]): Packets {
  const { Packets } = require('./packets') as typeof import('./packets');
  return new Packets(asked, inputs);
}

function createPseudonyms(): PseudonymizedLines {
  const { PseudonymizedLines } = require('../pseudonym/lines') as typeof import('../pseudonym/lines');
  return new PseudonymizedLines();
}

/** Everything left out is a loss, which has to be seen without a summary too. */
function logReplaced({ replaced, leftOut }: PseudonymizedLines, log: Log): void {
  log.info(occurred(replaced), 'values are replaced by pseudonyms; counts by their kinds');
  const missing = occurred(leftOut);
  if (Object.keys(missing).length > 0) log.warn(missing, 'left out, since no pseudonyms could be put in their place');
}

function occurred(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function createCaptureOf(inputs: readonly Input[], follow: boolean, packets: Packets | undefined): CreateCapture {
  const create = captureOf(inputs, follow, DEFAULT_DEPS.createCapture);
  return (options) => {
    packets?.readAs(options);
    return create(options);
  };
}

/** All of them if there is HTTP on no port: what is there instead is counted then. */
async function foundPorts(inputs: readonly Input[], config: SnifferConfig, log: Log): Promise<number[]> {
  const ports = await portsWithHttp(inputs, config, DEFAULT_DEPS.createCapture);
  if (ports.length > 0) {
    log.info({ ports: portRanges(ports) }, 'ports with HTTP');
    return ports;
  }
  log.warn({}, '--ports auto: HTTP was found on no port; TLS is read with --tls-keylog');
  return config.ports;
}

type Observe = (lines: Buffer) => void;

function both(one: Observe | undefined, other: Observe | undefined): Observe | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return (lines) => {
    one(lines);
    other(lines);
  };
}

/** The secrets of a key log stay out of a core dump. A library would not do this to its host process. */
export function guardSecrets({ tlsKeylog = [] }: SnifferConfig): void {
  if (tlsKeylog.length === 0) return;
  try {
    keepOutOfDumps();
  } catch (error) {
    // No addon: no secret is read either, and start() says so.
    if (!(error instanceof EngineError)) throw error;
  }
}

/** With the capture open, NET_RAW is of use only to who breaks in. Without it or with it, messages come. */
export function giveUpRight(log: Log): void {
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
  const reasons: DropReason[] = pcapFile === undefined ? ['abandoned'] : ['abandoned', 'failed', 'rejected', 'invalid'];
  return Object.keys(droppedFor(stats, reasons)).length > 0;
}

/** Where fields are left out there is nothing to sum up. */
function refuseFields({ summary, format = 'json' }: Asked): void {
  const needs = format === 'json' ? summary && '--summary' : `--format ${format}`;
  if (needs) throw new ValidationError('fields', `cannot be given with ${needs}, which needs whole messages`);
}

/** The engine does not see JSON lines: what it would leave out is left out with what the filter leaves out. */
function withFilter(config: SnifferConfig): SnifferConfig {
  const { include = [], exclude = [], filter } = config;
  const expressions = expressionsOf(include, exclude);
  if (expressions.length === 0) return config;
  const all = joinExpressions(filter === undefined ? expressions : [filter, ...expressions]);
  // Together they may be too long.
  checkExpression(all, include.length > 0 ? 'include' : 'exclude');
  return { ...config, include: [], exclude: [], filter: all };
}

/** The config, whole and checked, with complaints in the user's own terms: the flag or the variable. */
export function checkedConfig(asked: Asked, env: Env = process.env): SnifferConfig {
  const { flags, inputs } = asked;
  const readsLines = isOfLines(inputs);
  const isAuto = inputs.length > 0 && !asked.follow && pipeIn(inputs) === undefined;
  const { config: given, labels } = readCommandConfig(flags, env, {
    needsPorts: !readsLines,
    portsAdvice: isAuto ? '; --ports auto takes those that have HTTP' : '',
  });
  const config = inputs.length === 0 ? given : { ...given, pcapFile: labelOf(inputs) };
  try {
    const checked = validateConfig(config, { production: readRuntimeEnv(process.env).production, readsLines });
    const files = { ...checked, write: asked.packets?.file };
    for (const { path } of inputs) refuseSameFile(files, path);
    refuseSameOutput(files);
    if (checked.fields !== undefined) refuseFields(asked);
    refuseWithoutEffect(asked, config);
    return inputs.some(({ kind }) => kind === 'lines') ? withFilter(config) : config;
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    throw new ValidationError(error.field, error.complaint, error.field === FIELD ? FLAG : labels[error.field]);
  }
}
