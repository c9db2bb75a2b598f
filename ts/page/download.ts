/** A file to the user, and a text to the clipboard. */

/** It is never shown: the browser saves it under that name. */
export function download(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has begun to save it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Rejects where the browser does not allow it. */
export async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
