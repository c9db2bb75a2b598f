/** The stages between the engine and the outputs: a config in, the stages that leave messages out. */

import type { ValidatedConfig } from '../config';
import { filterLanguage } from '../config/filters';
import { onlySignals } from '../config/trigger';
import type { Endings } from '../exchange/endings';
import type { Selection, SelectionOptions } from '../exchange/selection';
import { LimitedLine, type Log } from '../logger';
import type { OutputDeps } from '../outputs/kind';
import type { Trigger } from '../trigger/trigger';
import type { Observer, SessionOptions } from './session';

export type Stages = Pick<SessionOptions, 'selection' | 'trigger' | 'limit'>;

type Observers = Pick<SessionOptions, 'observers' | 'observersOfAll'>;

interface World extends Pick<SelectionOptions, 'live' | 'now' | 'onEnough'> {
  endings: Pick<Endings, 'forget' | 'of'>;
  log: Pick<Log, 'info' | 'warn'>;
}

/** With a trigger the exchanges that it hands on are counted, and not those that it may hand on. */
export function createStages(config: ValidatedConfig, world: World): Stages {
  const { filter, maxExchanges, trigger } = config;
  if (trigger === undefined) return { selection: createSelection({ filter, maxExchanges }, world) };
  return {
    selection: createSelection({ filter }, world),
    trigger: createTrigger(trigger, config, world),
    limit: createSelection({ maxExchanges }, world),
  };
}

/**
 * The summary is about what comes out. The counts by endpoint are about the traffic, of which a trigger is a poor sample, unless
 * lines are rewritten: what is private in the others must not come out there either.
 */
export function observersOf(
  { observe, rewrite }: Pick<OutputDeps, 'observe' | 'rewrite'>,
  count: Observer | undefined,
  { trigger }: Stages,
): Observers {
  const isThere = (each: Observer | undefined): each is Observer => each !== undefined;
  if (trigger === undefined || rewrite !== undefined) {
    return { observers: [observe, count].filter(isThere), observersOfAll: [] };
  }
  return { observers: [observe].filter(isThere), observersOfAll: [count].filter(isThere) };
}

/** A savefile was read to its end: says which stage let nothing through. */
export function logNothing({ selection, trigger }: Stages, log: Pick<Log, 'warn'>): void {
  if (selection?.wanted === 0 && selection.filtered > 0) {
    log.warn(
      { messages: selection.filtered, code: 'NOTHING_MATCHES' },
      'no exchange matches the filter: all messages were left out',
    );
  } else if (trigger?.triggers === 0) {
    const { untriggered = 0 } = trigger.counters();
    if (untriggered > 0)
      log.warn({ messages: untriggered, code: 'NOTHING_TRIGGERS' }, 'no trigger came: no message was handed on');
  }
}

function createSelection(
  { filter, maxExchanges }: Pick<ValidatedConfig, 'filter' | 'maxExchanges'>,
  { live, now, onEnough, endings }: World,
): Selection | undefined {
  if (filter === undefined && maxExchanges === undefined) return undefined;
  const { Selection } = require('../exchange/selection') as typeof import('../exchange/selection');
  const parsed = filter === undefined ? undefined : filterLanguage().parseFilter(filter);
  const onLeftOut = (id: string): void => endings.forget(id);
  return new Selection({ filter: parsed, maxExchanges, live, now, onEnough, onLeftOut });
}

function createTrigger(text: string, config: ValidatedConfig, { endings, now, log }: World): Trigger {
  const { Trigger } = require('../trigger/trigger') as typeof import('../trigger/trigger');
  const { triggerBeforeMs, triggerAfterMs, triggerMemoryBytes, connectionIdleTimeoutMs, pcapFile } = config;
  const windowLog = new LimitedLine(log.info, now);
  const cutLog = new LimitedLine(log.warn, now);
  return new Trigger({
    filter: onlySignals(text) ? undefined : filterLanguage().parseFilter(text),
    beforeMs: triggerBeforeMs,
    afterMs: triggerAfterMs,
    maxBytes: triggerMemoryBytes,
    patienceMs: connectionIdleTimeoutMs,
    endings,
    // Packets of an interface have the time of this clock.
    wallMs: pcapFile === undefined ? Date.now : undefined,
    onWindow: ({ isCut, ...fields }) => {
      windowLog.write(fields, 'a trigger: what surrounds it is handed on');
      if (isCut) {
        cutLog.write(
          { triggerMemoryBytes, triggerBeforeMs, connectionIdleTimeoutMs },
          'what came before a trigger was not all in memory any more; raise triggerMemoryBytes or lower triggerBeforeMs, ' +
            'and raise connectionIdleTimeoutMs if exchanges take longer than that',
        );
      }
    },
  });
}
