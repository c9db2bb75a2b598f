/** Metrics as Prometheus text (exposition format 0.0.4). In: names, help, samples. Out: text. */

export type Labels = Record<string, string>;

export type Type = 'counter' | 'gauge';

/** The counts of a histogram. */
export interface Distribution {
  /** By upper bound; the last has no bound. Not cumulative. */
  readonly buckets: readonly number[];
  readonly sum: number;
}

/** Metrics of this package as they are exposed, one after the other. */
export class Exposition {
  #text = '';

  metric(name: string, type: Type, help: string, samples: readonly [Labels, number][]): void {
    this.standard(`tcp_sniffer_${name}`, type, help, samples);
  }

  /** Under a name that others have too, such as those of a process. */
  standard(full: string, type: Type, help: string, samples: readonly [Labels, number][]): void {
    this.#head(full, type, help);
    for (const [labels, value] of samples) this.#text += `${full}${labelText(labels)} ${value}\n`;
  }

  /** `bounds`: of the buckets but the last, as they are shown. */
  histogram(name: string, help: string, bounds: readonly string[], samples: readonly [Labels, Distribution][]): void {
    const full = `tcp_sniffer_${name}`;
    this.#head(full, 'histogram', help);
    for (const [labels, { buckets, sum }] of samples) {
      let count = 0;
      for (const [index, more] of buckets.entries()) {
        count += more;
        this.#text += `${full}_bucket${labelText({ ...labels, le: bounds[index] ?? '+Inf' })} ${count}\n`;
      }
      this.#text += `${full}_sum${labelText(labels)} ${sum}\n${full}_count${labelText(labels)} ${count}\n`;
    }
  }

  toString(): string {
    return this.#text;
  }

  #head(full: string, type: Type | 'histogram', help: string): void {
    this.#text += `# HELP ${full} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${full} ${type}\n`;
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
