/** One run of a sniffer whose messages stay here. In: what is read, and who takes its lines. Out: what of it is missing. */

import type { SnifferConfig } from '../config';
import { ValidationError } from '../errors';
import { lossesOf } from '../losses';
import { type Output, Tally } from '../outputs/output';
import { DEFAULT_DEPS } from '../run/deps';
import { BAD_CONFIG, FAILED } from '../run/exit-codes';
import { onCommandSignals, stopOnSignals } from '../run/signals';
import { Sniffer } from '../run/sniffer';
import { withAdvice } from './advice';
import { type Asked, isOfLines } from './asked';
import { giveUpRight, guardSecrets } from './capture';
import { captureOf } from './inputs';
import type { Shown } from './show';
import { warnOfWithoutEffect } from './without-effect';

export interface WhatIsMissing {
  /** The parts that are missing, in words. */
  losses: [count: number, words: string][];
  /** It broke: this was not all. */
  broke: boolean;
}

export interface Reading {
  asked: Asked;
  config: SnifferConfig;
  /** Whole lines; no byte may be kept. */
  take(lines: Buffer): void;
}

/** An exit code if there was nothing to read. A live capture ends by a signal, or when its time is over. */
export async function readAll({ asked, config, take }: Reading, terminal: Shown): Promise<WhatIsMissing | number> {
  let broke = false;
  const isLive = asked.inputs.length === 0;
  const createLogger = withAdvice(terminal.createLogger, asked.inputs);
  warnOfWithoutEffect(asked, createLogger(config.logLevel ?? 'info'));
  guardSecrets(config);
  const sniffer = new Sniffer(config, {
    ...DEFAULT_DEPS,
    ...(isLive ? {} : { createCapture: captureOf(asked.inputs, false, DEFAULT_DEPS.createCapture) }),
    readsLines: isOfLines(asked.inputs),
    createLogger,
    createStdout: () => new Reader(take),
  });
  sniffer.on('error', () => {
    broke = true;
  });
  const stopped = new Promise<void>((resolve) => {
    sniffer.on('stop', resolve);
  });
  if (isLive) {
    stopOnSignals({
      listen: onCommandSignals,
      log: createLogger(config.logLevel ?? 'info'),
      loses: 'what was captured is lost',
      stop: () => void sniffer.stop(),
      end: () => process.exit(FAILED),
    });
  }
  try {
    await sniffer.start();
  } catch (error) {
    // start() has logged it.
    return error instanceof ValidationError ? BAD_CONFIG : FAILED;
  }
  if (isLive) {
    giveUpRight(createLogger(config.logLevel ?? 'info'));
    if (asked.durationMs !== undefined) setTimeout(() => void sniffer.stop(), asked.durationMs).unref();
  }
  await stopped;
  return { losses: lossesOf(sniffer.stats().engine), broke };
}

/** Stands where lines would go to stdout. */
class Reader implements Output {
  readonly name = 'stdout';
  readonly #take: (lines: Buffer) => void;
  readonly #tally = new Tally();

  constructor(take: (lines: Buffer) => void) {
    this.#take = take;
  }

  write({ lines, messages }: { lines: Buffer; messages: number }): void {
    this.#tally.hand(messages);
    this.#take(lines);
    this.#tally.deliver(messages);
  }

  limitDrain(): void {}

  async close(): Promise<void> {}

  stats(): ReturnType<Tally['stats']> {
    return this.#tally.stats();
  }
}
