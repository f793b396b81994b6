import { type Digest, digestAlgorithm, isDigest, redactUrl } from '@shale/core';
import { RegistryRefusedError } from './registry-error.ts';
import type { TransportResponse } from './transport.ts';

/**
 * Checks the digest under which a registry says that it stored what was pushed.
 * @throws {RegistryRefusedError} when it is another one: what the registry has cannot be found by its digest.
 */
export function requireDigest(
  response: TransportResponse,
  call: { readonly method: 'PUT'; readonly digest: Digest },
): void {
  const stored = response.header('docker-content-digest');
  if (!isDigest(stored) || stored === call.digest) return;
  if (digestAlgorithm(stored) !== digestAlgorithm(call.digest)) return; // it may know the content by another name
  const { status, statusText, url } = response;
  const message = `it answers that it stored ${stored} instead of ${call.digest}`;
  throw new RegistryRefusedError(
    { method: call.method, url: redactUrl(url), status, statusText, tries: 1, replies: [{ code: '', message }] },
    { hint: 'The registry, or a proxy before it, changes what is pushed. Nobody could pull this image by its digest.' },
  );
}
