import type { LayerCompression } from './snapshotter.ts';

const DEFAULT_GZIP_LEVEL = 1;

/** Speed over size for gzip, unless asked otherwise: most layers never leave the machine. */
export function layerCompression(compression: LayerCompression): LayerCompression {
  return compression.algorithm === 'gzip' ? { level: DEFAULT_GZIP_LEVEL, ...compression } : compression;
}
