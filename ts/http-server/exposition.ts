/** Metrics as Prometheus text (exposition format 0.0.4). In: names, help, samples. Out: text. */

export type Labels = Record<string, string>;

/** Metrics of this package as they are exposed, one after the other. */
export class Exposition {
  #text = '';

  metric(name: string, type: 'counter' | 'gauge', help: string, samples: readonly [Labels, number][]): void {
    const full = `tcp_sniffer_${name}`;
    this.#text += `# HELP ${full} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${full} ${type}\n`;
    for (const [labels, value] of samples) this.#text += `${full}${labelText(labels)} ${value}\n`;
  }

  toString(): string {
    return this.#text;
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
