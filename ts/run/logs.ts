/** Where the log of a sniffer goes: to stderr, or to a logger of the caller's. */

import {
  CONTRACT_DEFAULTS,
  hasOutputConfigured,
  LOG_LEVELS,
  type SnifferConfig,
  type ValidatedConfig,
} from '../config';
import { checkLogger } from '../config/checks';
import type { RuntimeEnv } from '../config/env';
import { OPTIONS } from '../config/options';
import { countsEndpoints } from '../config/outputs';
import { portRanges } from '../filter/ports';
import { type Log, logOf } from '../logger';
import type { CaptureInfo } from '../native';
import { callSafely, readText } from '../thrown';
import type { Logger, LogLevel } from '../types';
import { VERSION } from '../version';

type CreateLog = (level: LogLevel) => Log;

/** `createDefault` is for where the config has no logger. */
export function createLog(logger: Logger | undefined, level: LogLevel, createDefault: CreateLog): Log {
  if (logger === undefined) return createDefault(level);
  // A logger that throws stops nothing, and there is no other place to say so.
  return logOf(
    level,
    (name) => (fields, message) =>
      callSafely(
        () => logger[name](fields, message),
        () => {},
      ),
  );
}

/** For complaints about a config that could not say how loud to be, or to whom. */
export function bootstrapLog(config: SnifferConfig, createDefault: CreateLog): Log {
  const given = readText(config, 'logLevel');
  const level = LOG_LEVELS.find((each) => each === given) ?? OPTIONS.logLevel.default;
  return createLog(readLogger(config), level, createDefault);
}

function readLogger(config: SnifferConfig): Logger | undefined {
  try {
    return config.logger && checkLogger(config.logger, 'logger');
  } catch {
    return undefined;
  }
}

/** The parts of the first line. */
interface Started {
  info: CaptureInfo;
  identity: RuntimeEnv['identity'];
  /** There is a listener, or a reader. */
  isRead: boolean;
}

/** The first line: who captures what, where. After it what may be a surprise. */
export function logStart(log: Log, config: ValidatedConfig, { info, identity, isRead }: Started): void {
  const { pcapFile, ports, redactHeaders } = config;
  const source = pcapFile === undefined ? { interface: info.interface, loopback: info.loopback } : { pcapFile };
  const redaction = redactHeaders.length > 0 ? {} : { redactHeaders: 'off' };
  log.info(
    { version: VERSION, ...source, linkType: info.linkTypeName, ports: portRanges(ports), ...redaction, ...identity },
    'capture started',
  );
  const shown = CONTRACT_DEFAULTS.redactHeaders.filter(
    (name) => !redactHeaders.some((own) => own.toLowerCase() === name),
  );
  if (redactHeaders.length > 0 && shown.length > 0) {
    log.warn(
      { redactHeaders },
      `values of ${shown.join(' and ')} are shown: redactHeaders replaces the default; +name adds to it`,
    );
  }
  const { metricsByEndpoint, metricsByHost } = config;
  if ((metricsByEndpoint || metricsByHost) && !countsEndpoints(config)) {
    const needs = metricsByEndpoint ? 'metricsPort' : 'metricsByEndpoint';
    log.warn({ metricsByEndpoint, metricsByHost }, `nothing is counted by endpoint: that needs ${needs} too`);
  }
  if (!hasOutputConfigured(config) && !isRead && !countsEndpoints(config))
    log.warn({}, 'no output is configured: messages go nowhere');
}
