/** The object that the caller holds: starts and stops runs, and turns what they deliver into events. */

import { EventEmitter } from 'node:events';
import { LOG_LEVELS, type SnifferConfig, type ValidatedConfig, validateConfig } from '../config';
import { toCaptureOptions } from '../config/engine';
import { EnvironmentError, type RuntimeEnv } from '../config/env';
import { AlreadyRunningError, ENGINE_ERROR_CODES, EngineError, toEngineError, ValidationError } from '../errors';
import { Endings } from '../exchange/endings';
import { portRanges } from '../filter/ports';
import type { MetricsServer } from '../http-server/server';
import { errorFields, LimitedLine, type Log } from '../logger';
import type { CaptureInfo, CaptureOptions, NativeCapture } from '../native';
import { buildOutputs, fieldsRead, needsFactsAlone } from '../outputs/build';
import { Readers } from '../outputs/iterator/readers';
import type { OutputDeps } from '../outputs/kind';
import type { Output } from '../outputs/output';
import { readText, readThrown } from '../thrown';
import type { HttpMessage, LogLevel, OutputName, SnifferEvents, SnifferStats, StartOptions } from '../types';
import { EarlyKeys, keyLinesOf } from './early-keys';
import { countersOf, droppedFor, NO_DELIVERIES } from './ledger';
import { ListenerCalls } from './listener-calls';
import { bootstrapLog, createLog, logStart } from './logs';
import type { Serving } from './serving';
import { type Outcome, Session } from './session';
import { type onSignals, passOn, stopOnSignals } from './signals';
import { createStages, logNothing, observersOf, type Stages } from './stages';

/** @internal Everything of the world outside; tests put fakes in. */
export interface SnifferDeps extends OutputDeps {
  createCapture(options: CaptureOptions): NativeCapture;
  createLogger(level: LogLevel): Log;
  runtime(): RuntimeEnv;
  onSignals: typeof onSignals;
  /** The capture reads JSON lines: no ports are needed. */
  readsLines?: boolean;
  /** The input is still being written. */
  follows?: boolean;
  /** An output takes nothing any more. Without this it is logged, and the output is off. */
  onOutputClosed?: (name: OutputName, error: NodeJS.ErrnoException) => void;
}

/** The engine reports its counters once more before the end; that time 'capture stopped' logs them. */
const STATS_LOG_SLACK = 0.5;

type State = 'stopped' | 'starting' | 'running' | 'stopping';

interface Run {
  session: Session;
  outputs: readonly Output[];
  stages: Stages;
  listeners: ListenerCalls;
  metrics: MetricsServer | undefined;
  config: ValidatedConfig;
  log: Log;
  /** The handle is open. */
  open: boolean;
  /** Interface or savefile, once it is known. */
  source: string;
  letSignalsGo(): void;
  /** Settles when nothing of the run is left. */
  done: Promise<void>;
}

/** Watches one interface, or reads one savefile, for one config. It may be started again after it has stopped. */
export class Sniffer extends EventEmitter<SnifferEvents> implements AsyncDisposable {
  readonly #config: SnifferConfig;
  readonly #deps: SnifferDeps;
  #state: State = 'stopped';
  #run: Run | undefined;
  /** Of the run. */
  #capture: NativeCapture | undefined;
  /** Lines of key logs that came before `start()`. */
  readonly #earlyKeys = new EarlyKeys();
  /** Outputs that still serve their readers after a savefile's end. */
  #staying: readonly Output[] = [];
  readonly #readers = new Readers();
  #lastStats: SnifferStats = { engine: {}, outputs: { callback: NO_DELIVERIES } };

  /** @internal */
  constructor(config: SnifferConfig, deps: SnifferDeps) {
    super();
    this.#config = config;
    this.#deps = deps;
  }

  /** `stop()`, for `await using`. A runtime without that symbol (Node before 20.4) leaves it out. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  /**
   * Validates the config and opens the capture; resolves when the handle is open. `signal` belongs to this run only: a sniffer may be started
   * again, and a signal is aborted once.
   * @throws {@link ValidationError} for a bad config
   * @throws {@link EngineError} when the capture, the HAR file or the port for metrics cannot be opened; its message says which
   * @throws {@link AlreadyRunningError} when it is not at rest
   */
  async start({ signal }: StartOptions = {}): Promise<void> {
    if (this.#state !== 'stopped') {
      const error = new AlreadyRunningError(`the sniffer is ${this.#state}; await stop() before the next start()`);
      this.#run?.log.error({}, error.message);
      throw error;
    }
    let run: Run;
    try {
      signal?.throwIfAborted();
      run = this.#prepare();
    } catch (error) {
      const log = bootstrapLog(this.#config, this.#deps.createLogger);
      log[signal?.aborted ? 'info' : 'error'](codeOf(error), readThrown(error).message);
      this.#readers.end(signal?.aborted ? undefined : error);
      throw error;
    }
    this.#state = 'starting';
    this.#run = run;
    const onAbort = (): void => void this.stop();
    signal?.addEventListener('abort', onAbort, { once: true });
    const letSignalsGo = run.config.handleSignals ? this.#handleSignals(run) : () => {};
    run.letSignalsGo = () => {
      letSignalsGo();
      signal?.removeEventListener('abort', onAbort);
    };
    const opened = this.#open(run);
    run.done = opened.then(
      () => run.session.over.then((outcome) => this.#settle(run, outcome)),
      () => this.#rest(run),
    );
    try {
      const info = await opened;
      // If `signal` was aborted in the meantime, the opened capture is closed again.
      signal?.throwIfAborted();
      run.open = true;
      run.source = info.interface;
      // stop() may have come first; it waits for `over` and goes on from there.
      if (this.#state === 'starting') this.#state = 'running';
      const readers = this.listenerCount('message') + this.listenerCount('streamMessage') + this.#readers.size;
      const isRead = readers > 0 || this.#deps.observe !== undefined;
      logStart(run.log, run.config, { info, identity: this.#deps.runtime().identity, isRead });
    } catch (error) {
      // Asked to stop before a pipe had shown its header: nothing failed.
      run.log[run.session.stopAsked ? 'info' : 'error'](codeOf(error), readThrown(error).message);
      await run.done;
      this.#readers.end(signal?.aborted ? undefined : error);
      throw signal?.aborted ? signal.reason : error;
    }
  }

  /**
   * Ends the capture; resolves when every finished message has reached every output and the handle is closed. Outputs
   * that cannot take what waits for them within `drainTimeoutMs` are cut off, and that is counted. Safe at any time.
   */
  async stop(): Promise<void> {
    const run = this.#run;
    if (run === undefined) {
      this.#readers.end();
      return await this.#leave();
    }
    this.#state = 'stopping';
    run.session.stop();
    await run.done;
    await this.#leave();
  }

  /**
   * The messages from now on, for `for await`: a reader of its own, with objects of its own. It may be there before `start()`. It ends
   * when the run ends, after all messages that were captured by then, and throws the error of a run that failed; `break` removes it. A reader that
   * is slower than the traffic holds up to 16 MiB of messages: a savefile then waits for it. Live the oldest messages are dropped, counted by
   * `stats()` (`outputs.iterator`) and logged.
   */
  messages(): AsyncIterableIterator<HttpMessage, undefined> {
    return this.#readers.add();
  }

  /**
   * The address of the page (`view`), with the token that opens it once; `undefined` if there is no page. A savefile's page stays
   * when the file is read, until `stop()`.
   */
  viewUrl(): string | undefined {
    const outputs = this.#run?.outputs ?? this.#staying;
    return outputs.find(({ url }) => url !== undefined)?.url;
  }

  /**
   * Adds whole lines of a key log (RFC 9850), as `tlsServer.on('keylog', (line) => sniffer.addTlsKeys(line))` does;
   * before `start()` too, for that run. TLS of connections that begin before the first line is read only with `tlsKeylog`, which may
   * be `[]`. False if too many lines wait already, and these are lost.
   */
  addTlsKeys(text: string | Uint8Array): boolean {
    const lines = keyLinesOf(text);
    return this.#capture?.addTlsKeys(lines) ?? this.#earlyKeys.add(lines);
  }

  /**
   * A trigger now, as if an exchange had been a trigger: the messages around it are handed on (`trigger`). False if this run has no triggers, or
   * no run is there.
   */
  trigger(): boolean {
    return this.#run?.session.trigger() ?? false;
  }

  /** True between the resolved `start()` and the settled `stop()`. */
  isRunning(): boolean {
    return this.#run?.open === true;
  }

  /** The loss ledger: what came in, what went out, and why the rest did not. Of this run, or else of the last run. */
  stats(): SnifferStats {
    const run = this.#run;
    if (run !== undefined) {
      const outputs: SnifferStats['outputs'] = { callback: NO_DELIVERIES };
      for (const output of run.outputs) if (!output.isUnused) outputs[output.name] = output.stats();
      this.#lastStats = { engine: run.session.engineStats(), outputs };
    } else if (this.#lastStats.outputs.iterator !== undefined) {
      // Messages that waited at the end of the run may have been read since.
      this.#lastStats.outputs.iterator = this.#readers.stats();
    }
    return structuredClone(this.#lastStats);
  }

  /** Everything that a run needs, nothing of it begun. */
  #prepare(): Run {
    const deps = this.#deps;
    const runtime = deps.runtime();
    const config = this.#validate(runtime);
    const createLogger = (level: LogLevel): Log => createLog(config.logger, level, deps.createLogger);
    const log = createLogger(config.logLevel);
    const listenerLog = new LimitedLine(log.error, deps.now);
    const listeners = new ListenerCalls(this, config, listenerLog);
    const takers = { config, deps, listeners, readers: this.#readers };
    const read = fieldsRead(takers);
    const ringIsGiven = this.#config.ringBufferBytes !== undefined;
    const capture = this.#createCapture(toCaptureOptions(config, read, { ownsProcess: deps.ownsProcess, ringIsGiven }));
    this.#earlyKeys.handTo(capture);
    this.#capture = capture;
    const observeFacts = needsFactsAlone(takers) ? deps.observeFacts : undefined;
    if (observeFacts !== undefined) capture.wantFacts(true);

    const endings = deps.endings ?? new Endings();
    endings.watch((_, exchange) => listeners.emit('unanswered', exchange));
    const outputs = buildOutputs({
      config,
      endings,
      runtime,
      deps,
      capture,
      listeners,
      readers: this.#readers,
      log,
      sayAlways: createLogger(
        LOG_LEVELS.indexOf(config.logLevel) < LOG_LEVELS.indexOf('info') ? 'info' : config.logLevel,
      ).info,
      listenerLog,
      onClosed: (name, error) => {
        if (deps.onOutputClosed !== undefined) deps.onOutputClosed(name, error);
        else log.warn({ output: name, ...errorFields(error) }, `${name} is closed: no more messages are written to it`);
      },
    });
    let nextLogged = deps.now() + config.statsIntervalMs * STATS_LOG_SLACK;
    const onStats = (): void => {
      const stats = this.stats();
      if (deps.now() >= nextLogged) {
        log.info(countersOf(stats), 'counters');
        nextLogged = deps.now() + config.statsIntervalMs * STATS_LOG_SLACK;
      }
      listeners.emit('stats', stats);
    };
    const { drainTimeoutMs } = config;
    const live = config.pcapFile === undefined || deps.follows === true;
    const stages = createStages(config, { endings, live, now: deps.now, onEnough: () => session.stop(), log });
    const serving = this.#createServing(config, live);
    const session = new Session({
      capture,
      outputs,
      ...stages,
      savefile: config.pcapFile !== undefined,
      drainTimeoutMs,
      rewrite: deps.rewrite,
      ...observersOf(observeFacts === undefined ? deps : {}, serving?.count, stages),
      observeFacts,
      endings,
      log,
      schedule: deps.schedule,
      now: deps.now,
      onStats,
    });
    return {
      session,
      outputs,
      stages,
      listeners,
      metrics: serving?.server,
      config,
      log,
      open: false,
      source: config.pcapFile ?? config.interface,
      letSignalsGo: () => {},
      done: Promise.resolve(),
    };
  }

  #createServing(config: ValidatedConfig, live: boolean): Serving | undefined {
    if (config.metricsPort === undefined) return undefined;
    const { createServing } = require('./serving') as typeof import('./serving');
    return createServing(config, {
      live,
      now: this.#deps.now,
      stats: () => this.stats(),
      source: () => this.#run?.source ?? '',
      isRunning: () => this.isRunning(),
      isHealthy: () => this.#run?.session.failed === false,
      isReady: () => this.#state === 'running' && this.#run?.session.failed === false,
    });
  }

  /** Metrics first: a port that cannot be had is found out before anything is captured. */
  async #open({ session, outputs, metrics, config, log }: Run): Promise<CaptureInfo> {
    const { metricsPort, metricsHost } = config;
    // A page of the run before may have the port that this one wants.
    await this.#leave();
    try {
      await metrics?.listen();
    } catch (cause) {
      await session.closeOutputs();
      const where = `${metricsHost === '' ? 'port' : metricsHost} ${metricsPort}`;
      const message = `cannot serve metrics on ${where}: ${readThrown(cause).message}`;
      throw new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, message, { cause });
    }
    if (metricsPort !== undefined && config.ports.includes(metricsPort)) {
      log.warn({ metricsPort }, "the metrics' port is among the captured ports: scrapes are shown as messages");
    }
    try {
      for (const output of outputs) await output.open?.();
    } catch (error) {
      await session.closeOutputs();
      throw error;
    }
    return await session.open();
  }

  /** Log, stop, and when all is drained the signal takes its course; a second one does not wait for that. */
  #handleSignals(run: Run): () => void {
    const letGo = stopOnSignals({
      listen: this.#deps.onSignals,
      log: run.log,
      loses: 'undelivered messages are lost',
      stop: (signal) => void this.stop().then(() => passOn(signal)),
      end: (signal) => {
        letGo();
        passOn(signal);
      },
    });
    return letGo;
  }

  /** Secrets come by the environment, where something is there to be kept by them. */
  #validate({ production, authToken, viewToken }: RuntimeEnv): ValidatedConfig {
    const options = { production, readsLines: this.#deps.readsLines };
    const config = validateConfig(this.#config, options);
    const { outputUrl, outputUrlAuthToken, view } = config;
    const secrets = {
      ...(outputUrl === undefined || outputUrlAuthToken !== undefined ? {} : { outputUrlAuthToken: authToken }),
      ...(view === undefined || config.viewToken !== undefined ? {} : { viewToken }),
    };
    if (Object.values(secrets).every((secret) => secret === undefined)) return config;
    try {
      return validateConfig({ ...config, ...secrets }, options);
    } catch (error) {
      throw error instanceof ValidationError ? new EnvironmentError(error.field, error.complaint) : error;
    }
  }

  #createCapture(options: CaptureOptions): NativeCapture {
    try {
      return this.#deps.createCapture(options);
    } catch (cause) {
      throw toEngineError(cause, ENGINE_ERROR_CODES.CAPTURE_OPEN_FAILED);
    }
  }

  /** Nothing of the run is left. */
  async #rest(run: Run): Promise<void> {
    await run.metrics?.close();
    // Those of a run that never began have nothing to show.
    this.#staying = run.open ? run.outputs.filter(({ stays }) => stays === true) : [];
    if (!run.open) for (const output of run.outputs) await output.leave?.();
    run.letSignalsGo();
    this.#run = undefined;
    this.#capture = undefined;
    this.#state = 'stopped';
  }

  async #settle(run: Run, { failure, complete }: Outcome): Promise<void> {
    const stats = this.stats();
    await this.#rest(run);
    for (const [output, messages] of Object.entries(droppedFor(stats, ['abandoned']))) {
      run.log.error(
        { output, messages, drainTimeoutMs: run.config.drainTimeoutMs },
        'messages could not be delivered in time at stop and were dropped',
      );
    }
    const { packets, segments, undecodable } = stats.engine;
    const { pcapFile, ports } = run.config;
    if (complete && pcapFile !== undefined && packets !== undefined && !segments) {
      const which = undecodable ? 'packet that was understood' : 'packet';
      run.log.warn(
        { pcapFile, packets, ports: portRanges(ports), code: 'NOTHING_ON_PORTS' },
        `no ${which} of the savefile is TCP with one of the ports`,
      );
    }
    if (complete) logNothing(run.stages, run.log);
    run.log.info(countersOf(stats), 'capture stopped');
    this.#readers.end(failure);
    if (failure !== undefined) run.listeners.emit('error', failure);
    if (complete) run.listeners.emit('end');
    run.listeners.emit('stop');
  }

  async #leave(): Promise<void> {
    const outputs = this.#staying;
    this.#staying = [];
    for (const output of outputs) await output.leave?.();
  }
}

if (Symbol.asyncDispose !== undefined) {
  const dispose = function (this: Sniffer): Promise<void> {
    return this.stop();
  };
  Object.defineProperty(Sniffer.prototype, Symbol.asyncDispose, { value: dispose, writable: true, configurable: true });
}

function codeOf(error: unknown): Record<string, unknown> {
  const [code, field] = [readText(error, 'code'), readText(error, 'field')];
  return { ...(code === undefined ? {} : { code }), ...(field === undefined ? {} : { field }) };
}
