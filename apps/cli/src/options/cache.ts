import { choice, duration, list, text, toggle } from './kinds.ts';
import { splitOn } from './registries.ts';

/** Where layers are remembered. */
export const cacheOptions = {
  cacheRepo: text({
    flag: 'cache-repo',
    placeholder: 'REPO',
    group: 'Cache',
    variables: ['ENVBUILDER_CACHE_REPO'],
    help: 'Keep layers in this repository of a registry, each as an image tagged with its key',
  }),
  layerCacheDir: text({
    flag: 'layer-cache-dir',
    placeholder: 'DIR',
    group: 'Cache',
    variables: ['ENVBUILDER_LAYER_CACHE_DIR'],
    completion: 'directory',
    shownDefault: 'a directory in the state folder, when no other cache is named',
    help: 'Keep layers and cache mounts in this directory',
  }),
  cacheFrom: list({
    flag: 'cache-from',
    placeholder: 'REPO',
    group: 'Cache',
    variables: [{ name: 'SHALE_CACHE_FROM', values: splitOn(',') }],
    help: 'Also read layers from this repository; never written',
  }),
  cacheTtl: duration({
    flag: 'cache-ttl',
    placeholder: 'TIME',
    group: 'Cache',
    variables: [{ name: 'ENVBUILDER_CACHE_TTL_DAYS', values: daysToDuration }],
    shownDefault: '7d',
    help: 'Layers older than this are built again; 0 keeps them for ever',
  }),
  baseImageCacheDir: text({
    flag: 'base-image-cache-dir',
    placeholder: 'DIR',
    group: 'Cache',
    variables: ['ENVBUILDER_BASE_IMAGE_CACHE_DIR'],
    completion: 'directory',
    help: "Look for base images in this directory first: kaniko's format, read-only",
  }),
  baseImagePolicy: choice({
    flag: 'base-image-policy',
    choices: ['always', 'missing', 'never', 'stale-if-error'],
    group: 'Cache',
    shownDefault: 'stale-if-error',
    help: 'When to ask the registry about warmed tags; stale-if-error asks after --cache-ttl, and goes on while it is down',
  }),
  cacheReadonly: toggle({
    flag: 'cache-readonly',
    group: 'Cache',
    variables: ['SHALE_CACHE_READONLY'],
    help: 'Read the cache, write nothing to it',
  }),
  cacheRequired: toggle({
    flag: 'cache-required',
    group: 'Cache',
    variables: ['SHALE_CACHE_REQUIRED'],
    help: 'Fail when a cache cannot be reached, instead of building without it',
  }),
  cacheExportTimeout: duration({
    flag: 'cache-export-timeout',
    placeholder: 'TIME',
    group: 'Cache',
    variables: ['SHALE_CACHE_EXPORT_TIMEOUT'],
    shownDefault: '10m',
    help: 'Longest wait at the end of a build for layers that are still being written to a cache',
  }),
  cacheSignKey: text({
    flag: 'cache-sign-key',
    placeholder: 'FILE',
    group: 'Cache',
    variables: ['SHALE_CACHE_SIGN_KEY'],
    completion: 'file',
    help: 'Sign what is written to the cache with this Ed25519 private key (PEM)',
  }),
  cacheTrustKey: list({
    flag: 'cache-trust-key',
    placeholder: 'FILE',
    group: 'Cache',
    variables: [{ name: 'SHALE_CACHE_TRUST_KEY', values: splitOn(',') }],
    completion: 'file',
    help: 'Use only entries that were signed with this Ed25519 key (public, PEM); several make a rotation',
  }),
  cacheScope: text({
    flag: 'cache-scope',
    placeholder: 'NAME',
    group: 'Cache',
    variables: ['SHALE_CACHE_SCOPE'],
    help: 'Write to this part of the cache, and look there first: main, pr/12',
  }),
  cacheTrustedScope: list({
    flag: 'cache-trusted-scope',
    placeholder: 'NAME',
    group: 'Cache',
    variables: [{ name: 'SHALE_CACHE_TRUSTED_SCOPE', values: splitOn(',') }],
    help: 'Also read this part of the cache, after --cache-scope; an empty name is the part without a scope',
  }),
};

export const cacheBypassOptions = {
  noCache: toggle({
    flag: 'no-cache',
    group: 'Cache',
    help: 'Run every step; results are still stored',
  }),
  noCacheFilter: list({
    flag: 'no-cache-filter',
    placeholder: 'STAGE',
    group: 'Cache',
    help: 'Run every step of these stages',
  }),
};

/** envbuilder counts whole days, and 0 stands for its default. */
function daysToDuration(days: string): readonly string[] {
  const trimmed = days.trim();
  if (/^0+$/.test(trimmed)) return [];
  return splitOn(',')(/^\d+$/.test(trimmed) ? `${trimmed}d` : trimmed);
}
