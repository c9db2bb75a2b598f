// The images that docker/Dockerfile is built on, by digest: which they are now is asked of their registry (OCI distribution spec, `HEAD
// /v2/<name>/manifests/<tag>`). `node scripts/release.mjs --base-images` writes them.

const PINNED = /@sha256:[0-9a-f]{64}$/;
const ARGUMENT = /^(ARG \w+_IMAGE=)(\S+)$/gm;
/** The image of several platforms, not the one of this machine. */
const INDEXES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const TIMEOUT_MS = 30_000;

/** The complaint about the base images of a Dockerfile; undefined if each has a digest. */
export function baseImagesComplaint(dockerfile) {
  const images = [...dockerfile.matchAll(ARGUMENT)].map(([, , image]) => image);
  const loose = images.filter((image) => !PINNED.test(image));
  if (images.length > 0 && loose.length === 0) return undefined;
  return `docker/Dockerfile names ${loose.join(', ') || 'no base image'} without digest: node scripts/release.mjs --base-images`;
}

/** The Dockerfile with the digests of now. */
export async function withBaseImages(dockerfile, digestOf = digestFromRegistry) {
  const tags = [...dockerfile.matchAll(ARGUMENT)].map(([, , image]) => image.replace(PINNED, ''));
  const digests = new Map(await Promise.all(tags.map(async (tag) => [tag, await digestOf(tag)])));
  return dockerfile.replace(ARGUMENT, (_, before, image) => {
    const tag = image.replace(PINNED, '');
    return `${before}${tag}@${digests.get(tag)}`;
  });
}

/** As docker reads a name: without a registry it is one of Docker Hub's, without a folder an official one. */
export function addressOf(image, scheme = 'https') {
  const [, registry, path, tag] = /^(?:([^/]+[.:][^/]*|localhost)\/)?([^:@]+):([\w.-]+)$/.exec(image) ?? [];
  if (path === undefined) throw new Error(`${image} is no name of an image with a tag`);
  const host = registry ?? 'registry-1.docker.io';
  const name = registry === undefined && !path.includes('/') ? `library/${path}` : path;
  return `${scheme}://${host}/v2/${name}/manifests/${tag}`;
}

/** @throws if the registry does not tell it */
export async function digestFromRegistry(image, scheme = 'https') {
  const url = addressOf(image, scheme);
  const head = (headers = {}) =>
    fetch(url, {
      method: 'HEAD',
      headers: { accept: INDEXES.join(', '), ...headers },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  let answer = await head();
  if (answer.status === 401) answer = await head({ authorization: await bearer(answer, url) });
  const digest = answer.headers.get('docker-content-digest') ?? '';
  if (!answer.ok || !PINNED.test(`@${digest}`)) throw new Error(`${image}: ${url} was answered with ${answer.status}`);
  return digest;
}

/** A public image still takes a token, which every client gets (distribution spec, token authentication). */
async function bearer(answer, url) {
  const challenge = answer.headers.get('www-authenticate') ?? '';
  const { realm, ...query } = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
  if (!/^bearer /i.test(challenge) || realm === undefined) throw new Error(`${url} asks for another authentication`);
  const words = new URLSearchParams(query);
  const token = await fetch(`${realm}?${words}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const { token: value, access_token: other } = await token.json();
  return `Bearer ${value ?? other}`;
}
