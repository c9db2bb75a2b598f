/** The only importer of the addon. It is loaded at the first use, so that all else works where it is missing. */

import { ENGINE_ERROR_CODES, EngineError } from '../errors';
import type { ValidatedConfig } from '../types';
import type { Capture, CaptureOptions, InterfaceInfo } from './binding';

export type { CaptureEvent, CaptureInfo, CaptureOptions, InterfaceInfo } from './binding';

/** What a sniffer needs of a capture; tests put a fake in its place. */
export type NativeCapture = Pick<Capture, keyof Capture>;

function binding(): typeof import('./binding') {
  try {
    return require('./binding.js');
  } catch (cause) {
    throw new EngineError(
      ENGINE_ERROR_CODES.UNRECOVERABLE,
      `cannot load the addon for ${process.platform}-${process.arch}: ${reasonOf(cause)}`,
      { cause },
    );
  }
}

/**
 * The loader tries every place and chains what went wrong at each. An addon that is there and does not load (no libpcap,
 * an older libc) is what matters; all the rest only says that it is not there.
 */
function reasonOf(error: unknown): string {
  for (let link = error; link instanceof Error; link = link.cause) {
    if ((link as NodeJS.ErrnoException).code === 'ERR_DLOPEN_FAILED') return link.message;
  }
  return 'it is neither built nor installed';
}

export function createCapture(options: CaptureOptions): NativeCapture {
  return new (binding().Capture)(options);
}

/** The interfaces that can be captured on, as libpcap sees them. */
export function listInterfaces(): InterfaceInfo[] {
  return binding().listInterfaces();
}

/** Takes NET_RAW from every thread of this process, for good; what is open stays open. Throws when that failed. */
export function giveUpCapture(): void {
  binding().giveUpCapture();
}

/** The same config in the engine's words. */
export function toCaptureOptions(config: ValidatedConfig): CaptureOptions {
  const options: CaptureOptions = {
    ports: config.ports,
    sampleRate: config.sampleRate,
    maxBodyBytes: config.maxBodySize,
    maxConnections: config.maxConcurrentConnections,
    idleTimeoutMs: config.connectionIdleTimeoutMs,
    redactHeaders: config.redactHeaders,
    maxBufferedBytes: config.maxBufferedBytes,
    snaplenBytes: config.snaplenBytes,
    ringBytes: config.ringBufferBytes,
    readTimeoutMs: config.readTimeoutMs,
    promiscuous: config.promiscuous,
    statsIntervalMs: config.statsIntervalMs,
    redactQuery: config.redactQuery,
    include: config.include,
    exclude: config.exclude,
  };
  if (config.pcapFile !== undefined) options.pcapFile = config.pcapFile;
  else if (config.interface !== '') options.interface = config.interface;
  return options;
}
