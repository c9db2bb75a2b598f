/** Names and values in one text, as OpenTelemetry's variables have them. */

/**
 * `name=value,name=value`, percent-encoded (W3C Baggage, as the specification of these variables wants it).
 * @throws {Error} what is expected. The text may hold secrets: it is not shown
 */
export function readPairs(text: string): [name: string, value: string][] {
  return text
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const name = pair.slice(0, Math.max(0, at)).trim();
      if (name === '') throw malformed();
      try {
        return [decodeURIComponent(name), decodeURIComponent(pair.slice(at + 1).trim())];
      } catch {
        throw malformed();
      }
    });
}

function malformed(): Error {
  return new Error('must be name=value pairs separated by commas, percent-encoded (value not shown)');
}
