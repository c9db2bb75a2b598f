/**
 * Every output: a folder here and a line in this list. The order is that in which they are built and get each batch: HAR is
 * first, since only its file may be out of reach, and nothing else has begun then; the callback is last, since listeners run at
 * once while the others only take the bytes.
 */

import type { OutputName } from '../types';
import { callback } from './callback';
import { file } from './file';
import { har } from './har';
import { html } from './html';
import { http } from './http';
import { iterator } from './iterator';
import { kafka } from './kafka';
import type { OutputKind } from './kind';
import { otlp } from './otlp';
import { stdout } from './stdout';
import { view } from './view';

export const OUTPUTS: Readonly<Record<OutputName, OutputKind>> = Object.freeze({
  har,
  html,
  stdout,
  file,
  http,
  otlp,
  kafka,
  view,
  iterator,
  callback,
});
