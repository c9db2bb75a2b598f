/** The only importer of the addon. It is loaded at the first use, so that all else works where it is missing. */

import { ENGINE_ERROR_CODES, EngineError, toEngineError } from '../errors';
import { VERSION } from '../version';
import type { Capture, CaptureOptions, ConnectionsOf, Extracted, InterfaceInfo } from './binding';
import { thisHost, whyMissing, whyUnloadable } from './platform';

export type { CaptureEvent, CaptureInfo, CaptureOptions, ConnectionsOf, Extracted, InterfaceInfo } from './binding';

/** The part of a capture that a sniffer needs; tests put a fake in its place. */
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

/** The kernel writes no core of this process from now on, and no other process without SYS_PTRACE may look into it. */
export function keepOutOfDumps(): void {
  binding().keepOutOfDumps();
}

/** Writes the packets of these connections to a file that is there, as a pcapng. `options` are those with which they were read. */
export async function extractPackets(
  options: CaptureOptions,
  savefiles: ConnectionsOf[],
  file: string,
  secrets: boolean,
): Promise<Extracted> {
  try {
    return await binding().extractPackets(options, savefiles, file, secrets);
  } catch (cause) {
    throw toEngineError(cause, ENGINE_ERROR_CODES.UNRECOVERABLE);
  }
}

/** Writes to a full stdout fail from now on, where they would wait for its reader; any process that shares the pipe may undo it. */
export function keepStdoutFromWaiting(): void {
  binding().keepStdoutFromWaiting();
}

/** Takes back the last so many bytes that were written to stdout, where it is a file and they are its end; whether it did. */
export function takeBackFromStdout(bytes: number): boolean {
  return binding().takeBackFromStdout(bytes);
}
