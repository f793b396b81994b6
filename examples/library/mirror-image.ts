// Copies an image with all its platforms to another registry: node mirror-image.ts debian:12 registry.example/debian:12
import { homedir } from 'node:os';
import { join } from 'node:path';
import { formatReference, parseReference } from '@shale/core';
import { copyImage, createRegistryClient, dockerConfigKeychain, loadIndexed } from '@shale/registry';

const [from, to] = process.argv.slice(2).map((text) => parseReference(text));
if (from === undefined || to === undefined) throw new Error('Usage: node mirror-image.ts SOURCE TARGET');

await using client = createRegistryClient({
  keychain: dockerConfigKeychain({ paths: [join(homedir(), '.docker/config.json')] }),
  onProgress: (event) => event.type === 'transfer' && event.done && console.log(event.direction, event.digest),
});
const origin = { source: 'registry', name: formatReference(from) };
const image = await loadIndexed(client.repository(from), from.digest ?? from.tag ?? 'latest', { origin });
if (image === undefined) throw new Error(`${origin.name} does not exist`);

const { digest } = await copyImage(image, client.repository(to), { tags: [to.tag ?? 'latest'] });
console.log(`${formatReference(to)} is ${digest}`);
