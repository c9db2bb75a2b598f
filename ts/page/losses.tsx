/** The ledger in words: what the capture lost, and what this page does not have. */

import type { State } from '../outputs/view/shapes';
import * as TEXT from './strings';
import { grouped } from './strings';

export function Losses({ state }: { state: State | undefined }) {
  const own: [number, string][] = [
    [state?.overflow ?? 0, TEXT.lossesOverflow],
    [state?.rowsGone ?? 0, TEXT.lossesRowsGone],
    [state?.messagesGone ?? 0, TEXT.lossesMessagesGone],
  ];
  const all = [...(state?.losses ?? []), ...own].filter(([count]) => count > 0);
  return (
    <section class="sheet">
      <h2>{TEXT.lossesHeading}</h2>
      {all.length === 0 ? (
        <p>{TEXT.lossesNone}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">
                {TEXT.lossesCount}
              </th>
              <th scope="col">{TEXT.lossesWhat}</th>
            </tr>
          </thead>
          <tbody>
            {all.map(([count, words]) => (
              <tr key={words}>
                <td class="number">{grouped(count)}</td>
                <td>{words}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
