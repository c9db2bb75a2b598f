/** Every error that leaves this package: one class a cause, each with a stable `code`. */

import { readText, readThrown } from './thrown';

/** The codes of {@link EngineError}. */
export const ENGINE_ERROR_CODES = Object.freeze({
  /**
   * The interface or the savefile could not be opened: no permission, no such file, not a savefile. Also if the file of
   * `protoDescriptors` cannot be read or has no descriptors.
   */
  CAPTURE_OPEN_FAILED: 'CAPTURE_OPEN_FAILED',
  /** No interface of that name, or no interface that is up and not a loopback; the message lists the interfaces that exist. */
  INVALID_INTERFACE: 'INVALID_INTERFACE',
  /**
   * The capture broke after it was open: the device went away, the savefile is broken or no packet of it was understood, the
   * engine failed. Also if the HAR file or the port for metrics cannot be opened.
   */
  UNRECOVERABLE: 'UNRECOVERABLE',
} as const);

export type EngineErrorCode = keyof typeof ENGINE_ERROR_CODES;

/** The capture could not begin or could not go on. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** An option that is missing, unknown, or has a value it cannot have. Nothing was started. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError';
  readonly code = 'INVALID_CONFIG';
  /** The option's name in `SnifferConfig`. */
  readonly field: string;
  /** The whole complaint after the name: what is expected and what came. */
  readonly complaint: string;

  /** `label` is how the message names the option where it is not the field's own name, e.g. a flag. */
  constructor(field: string, complaint: string, label: string = field) {
    super(`${label}: ${complaint}`);
    this.field = field;
    this.complaint = complaint;
  }
}

/** `start()` on a sniffer that is not at rest. */
export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
  readonly code = 'ALREADY_RUNNING';
}

/** The error for whatever the addon threw or reported, with its own code where that is one of ours. */
export function toEngineError(cause: unknown, fallback: EngineErrorCode): EngineError {
  if (cause instanceof EngineError) return cause;
  const code = readText(cause, 'code') ?? '';
  const known = Object.hasOwn(ENGINE_ERROR_CODES, code);
  const message = readText(cause, 'message') || readThrown(cause).message;
  return new EngineError(known ? (code as EngineErrorCode) : fallback, message, { cause });
}
