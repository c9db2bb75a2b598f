/** Calls the listeners of a run. A listener that throws, or whose promise is rejected, is counted and logged, and stops nothing. */

import type { EventEmitter } from 'node:events';
import type { ValidatedConfig } from '../config';
import { type LimitedLine, listenerErrorFields } from '../logger';
import type { Listeners } from '../outputs/kind';
import { callSafely } from '../thrown';
import type { HttpMessage, SnifferEvents, StreamMessage } from '../types';

export class ListenerCalls implements Listeners {
  readonly #emitter: EventEmitter<SnifferEvents>;
  readonly #config: ValidatedConfig;
  readonly #log: LimitedLine;
  #errors = 0;

  constructor(emitter: EventEmitter<SnifferEvents>, config: ValidatedConfig, log: LimitedLine) {
    this.#emitter = emitter;
    this.#config = config;
    this.#log = log;
  }

  readonly streams: Listeners['streams'] = {
    wanted: () => this.#config.onStreamMessage !== undefined || this.#emitter.listenerCount('streamMessage') > 0,
    dispatch: (message) => this.#dispatchInside(message),
  };

  wanted(): boolean {
    return this.#config.onHttpMessage !== undefined || this.#emitter.listenerCount('message') > 0;
  }

  dispatch(message: HttpMessage): void {
    const config = this.#config;
    if (config.onHttpMessage !== undefined) this.#call('onHttpMessage', config.onHttpMessage, config, message);
    if (this.#emitter.listenerCount('message') > 0) this.emit('message', message);
  }

  #dispatchInside(message: StreamMessage): void {
    const config = this.#config;
    if (config.onStreamMessage !== undefined) this.#call('onStreamMessage', config.onStreamMessage, config, message);
    if (this.#emitter.listenerCount('streamMessage') > 0) this.emit('streamMessage', message);
  }

  /** How many times a listener threw, or its promise was rejected. */
  errors(): number {
    return this.#errors;
  }

  /** Like `emit` of the emitter, except that a listener that throws stops neither the others nor the process. */
  emit<Name extends keyof SnifferEvents>(name: Name, ...args: SnifferEvents[Name]): void {
    // rawListeners: the wrapper of a once() listener takes itself off when it is called.
    for (const listener of this.#emitter.rawListeners(name)) {
      this.#call(`the '${name}' listener`, listener, this.#emitter, ...args);
    }
  }

  /** It is called for each message: no closure is made for those that neither throw nor return anything. */
  #call(who: string, listener: (...args: never[]) => unknown, self: object, ...args: unknown[]): void {
    let result: unknown;
    try {
      result = Reflect.apply(listener, self, args);
    } catch (thrown) {
      this.#failed(who, thrown);
      return;
    }
    if (result !== undefined) this.#follow(who, result);
  }

  #follow(who: string, result: unknown): void {
    callSafely(
      () => result,
      (thrown) => this.#failed(who, thrown),
    );
  }

  #failed(who: string, thrown: unknown): void {
    this.#errors++;
    this.#log.write(listenerErrorFields(thrown), `${who} threw; the capture goes on`);
  }
}
