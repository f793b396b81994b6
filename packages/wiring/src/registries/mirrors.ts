import { DEFAULT_REGISTRY } from '@shale/core';

/**
 * Reads mirrors as `URL`, for docker.io, or `HOST=URL`, for another registry.
 * @example parseMirrors(['https://mirror.example', 'quay.io=https://mirror.example/quay'])
 */
export function parseMirrors(texts: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {};
  for (const text of texts) {
    const [, registry = DEFAULT_REGISTRY, url = ''] = /^(?:([^=/]+)=)?(.*)$/.exec(text) ?? [];
    const name = registry === 'index.docker.io' ? DEFAULT_REGISTRY : registry;
    (found[name] ??= []).push(url);
  }
  return found;
}
