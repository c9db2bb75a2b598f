/** The only importer of the addon. It is loaded at the first use, so that all else works where it is missing. */

import { ENGINE_ERROR_CODES, EngineError } from '../errors';
import type { ValidatedConfig } from '../types';
import { VERSION } from '../version';
import type { Capture, CaptureOptions, InterfaceInfo, OwnOutputOptions } from './binding';
import { thisHost, whyMissing, whyUnloadable } from './platform';

export type { CaptureEvent, CaptureInfo, CaptureOptions, InterfaceInfo } from './binding';

/** What a sniffer needs of a capture; tests put a fake in its place. */
export type NativeCapture = Pick<Capture, keyof Capture>;

function binding(): typeof import('./binding') {
  try {
    return require('./binding.js');
  } catch (cause) {
    const host = thisHost();
    const reason = loadFailure(cause);
    const message = reason === undefined ? whyMissing(host, VERSION) : whyUnloadable(host, reason);
    throw new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, message, { cause });
  }
}

/**
 * The loader tries every place and chains what went wrong at each. An addon that is there and does not load (an older
 * libc, no libpcap in a development build) is what matters; all the rest only says that it is not there.
 */
function loadFailure(error: unknown): string | undefined {
  for (let link = error; link instanceof Error; link = link.cause) {
    if ((link as NodeJS.ErrnoException).code === 'ERR_DLOPEN_FAILED') return link.message;
  }
  return undefined;
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

/** Writes to a full stdout fail from now on, where they would wait for its reader; any process that shares the pipe may undo it. */
export function keepStdoutFromWaiting(): void {
  binding().keepStdoutFromWaiting();
}

/** Takes back the last so many bytes that were written to stdout, where it is a file and they are its end; whether it did. */
export function takeBackFromStdout(bytes: number): boolean {
  return binding().takeBackFromStdout(bytes);
}

/** The same config in the engine's words. */
export function toCaptureOptions(config: ValidatedConfig): CaptureOptions {
  const options: CaptureOptions = {
    ports: config.ports,
    sampleRate: config.sampleRate,
    maxBodySize: config.maxBodySize,
    maxConcurrentConnections: config.maxConcurrentConnections,
    connectionIdleTimeoutMs: config.connectionIdleTimeoutMs,
    redactHeaders: config.redactHeaders,
    maxBufferedBytes: config.maxBufferedBytes,
    snaplenBytes: config.snaplenBytes,
    ringBufferBytes: config.ringBufferBytes,
    readTimeoutMs: config.readTimeoutMs,
    promiscuous: config.promiscuous,
    statsIntervalMs: config.statsIntervalMs,
    redactQuery: config.redactQuery,
    include: config.include,
    exclude: config.exclude,
    decodeBody: config.decodeBody,
    binaryBodies: config.binaryBodies,
    ownOutputs: config.outputUrl === undefined ? [] : [ownOutput(config.outputUrl)],
    decapsulate: config.decapsulate,
  };
  if (config.pcapFile !== undefined) options.pcapFile = config.pcapFile;
  else if (config.interface !== '') options.interface = config.interface;
  return options;
}

/** A POST to the URL, as it stands on the wire (RFC 9112 §3.2): our own ones are no messages. */
function ownOutput(url: string): OwnOutputOptions {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const number = Number(port || (protocol === 'https:' ? 443 : 80));
  const hosts = [`${hostname}:${number}`, ...(port === '' ? [hostname] : [])];
  return { hosts, port: number, target: `${pathname}${search}` };
}
