/** How long the phases of an exchange took, as far as packets tell. */

import type { Row } from '../outputs/view/shapes';
import { totalOf } from './columns';
import * as TEXT from './strings';
import { durationOf } from './strings';

export function Timing({ row }: { row: Row }) {
  const { latency, wait, upload, download } = row;
  const total = totalOf(row);
  if (total === undefined && upload === undefined) return <p class="empty">{TEXT.timingUnknown}</p>;
  const span = Math.max(total ?? 0, upload ?? 0, Number.EPSILON);
  const begin = latency === undefined ? 0 : latency - (wait ?? 0);
  return (
    <div class="timing">
      <Phase name="upload" words={TEXT.timingUpload} from={0} ms={upload} span={span} />
      <Phase name="wait" words={TEXT.timingWait} from={begin} ms={wait} span={span} />
      <Phase name="latency" words={TEXT.timingLatency} from={0} ms={latency} span={span} />
      <Phase name="download" words={TEXT.timingDownload} from={latency ?? 0} ms={download} span={span} />
    </div>
  );
}

interface PhaseProps {
  name: string;
  words: string;
  from: number;
  ms: number | undefined;
  span: number;
}

function Phase({ name, words, from, ms, span }: PhaseProps) {
  if (ms === undefined) return null;
  return (
    <div class="phase">
      <span>{words}</span>
      <span class="number">{durationOf(ms)}</span>
      <span class="track" aria-hidden="true">
        <i class={name} style={{ marginInlineStart: `${(100 * from) / span}%`, width: `${(100 * ms) / span}%` }} />
      </span>
    </div>
  );
}
