// The README as npm shows it. The package holds no docs/, so a relative link of the README would lead nowhere there.

const RELATIVE = /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\((?![a-z]+:|#)([^)\s]+)\)/g;

/** The text with absolute links to the files of that version. */
export function withAbsoluteLinks(markdown, repository, version) {
  return markdown.replace(RELATIVE, (_, image, text, path) => {
    const view = image === '!' ? 'raw' : 'blob';
    return `${image}[${text}](${repository}/${view}/v${version}/${path})`;
  });
}

/** The address of the repository that a manifest names, as a browser takes it. */
export function repositoryOf({ repository }) {
  return repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
}
