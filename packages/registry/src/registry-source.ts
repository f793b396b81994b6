import { formatReference, type ImageSource, loadImage, referenceTarget } from '@shale/core';
import type { RegistryClient } from './registry-client.ts';

/** Finds images in the registries that their references name. */
export function registrySource(client: RegistryClient): ImageSource {
  return {
    name: 'registry',
    resolve(reference, options) {
      const { registry: host, repository } = reference;
      const origin = { source: 'registry', name: formatReference(reference), registry: { host, repository } };
      return loadImage(client.repository(reference), referenceTarget(reference), { ...options, origin });
    },
  };
}
