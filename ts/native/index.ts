/** The only importer of the addon. It is loaded at the first use, so that all else works where it is missing. */

import { ENGINE_ERROR_CODES, EngineError } from '../errors';
import type { InterfaceInfo, ValidatedConfig } from '../types';
import type { CaptureOptions, NativeBinding, NativeCapture } from './contract';

export type { CaptureEvent, CaptureInfo, CaptureOptions, NativeCapture } from './contract';

function binding(): NativeBinding {
  try {
    return require('./binding.js') as NativeBinding;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    throw new EngineError(
      ENGINE_ERROR_CODES.UNRECOVERABLE,
      `cannot load the native addon for ${process.platform}-${process.arch}: ${reason}`,
      { cause },
    );
  }
}

export function createCapture(options: CaptureOptions): NativeCapture {
  return new (binding().Capture)(options);
}

/** The interfaces that can be captured on, as libpcap sees them. */
export function listInterfaces(): InterfaceInfo[] {
  return binding().listInterfaces();
}

/** Numbers cross as u32; where the caller's limit is beyond that, it is no limit to the engine either. */
const MAX_U32 = 2 ** 32 - 1;

/** The same config in the engine's words. */
export function toCaptureOptions(config: ValidatedConfig): CaptureOptions {
  const options: CaptureOptions = {
    ports: config.ports,
    sampleRate: config.sampleRate,
    maxBodyBytes: Math.min(config.maxBodySize, MAX_U32),
    maxConnections: Math.min(config.maxConcurrentConnections, MAX_U32),
    idleTimeoutMs: Math.min(config.connectionIdleTimeoutMs, MAX_U32),
    redactHeaders: config.redactHeaders,
    maxBufferedBytes: Math.min(config.maxBufferedBytes, MAX_U32),
    snaplenBytes: config.snaplenBytes,
    ringBytes: config.ringBufferBytes,
    readTimeoutMs: config.readTimeoutMs,
    promiscuous: config.promiscuous,
    statsIntervalMs: Math.min(config.statsIntervalMs, MAX_U32),
  };
  if (config.pcapFile !== undefined) options.pcapFile = config.pcapFile;
  else if (config.interface !== '') options.interface = config.interface;
  return options;
}
