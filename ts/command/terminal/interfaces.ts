/** The interfaces that can be captured on, as a table: whole, or cut where a terminal would wrap it. */

import type { InterfaceInfo } from '../../native';
import { printable, type Text } from './text';

const HEADING = ['NAME', 'STATE', 'ADDRESSES', 'DESCRIPTION'];

export function interfaceRows(interfaces: readonly InterfaceInfo[], text: Text, columns?: number): string[] {
  const rows = [
    HEADING,
    ...interfaces.map(({ name, up, running, loopback, addresses, description }) =>
      [
        name,
        [up ? 'up' : 'down', ...(running ? ['running'] : []), ...(loopback ? ['loopback'] : [])].join(','),
        addresses.join(', ') || '-',
        description ?? '',
      ].map(printable),
    ),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => text.width(row[column] ?? ''))));
  return rows.map((row) => {
    const line = row
      .map((cell, column) => text.fit(cell, widths[column] ?? text.width(cell)))
      .join('  ')
      .trimEnd();
    return columns === undefined ? line : text.clip(line, columns - 1);
  });
}
