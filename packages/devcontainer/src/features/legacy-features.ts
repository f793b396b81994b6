import type { FeatureOptions } from '../configuration/configuration.ts';

/** Features from the time before registries, by the names they had; `:1` of each is meant. */
const PUBLISHED = 'ghcr.io/devcontainers/features';
const KEPT_NAMES: ReadonlySet<string> = new Set([
  'aws-cli',
  'azure-cli',
  'desktop-lite',
  'docker-from-docker',
  'docker-in-docker',
  'dotnet',
  'git',
  'git-lfs',
  'github-cli',
  'java',
  'kubectl-helm-minikube',
  'node',
  'powershell',
  'python',
  'ruby',
  'rust',
  'sshd',
  'terraform',
]);
const NEW_NAMES: ReadonlyMap<string, string> = new Map([
  ['golang', 'go'],
  ['common', 'common-utils'],
]);
const PARTS: ReadonlyMap<string, { readonly of: string; readonly option: string }> = new Map([
  ['gradle', { of: 'java', option: 'installGradle' }],
  ['maven', { of: 'java', option: 'installMaven' }],
  ['jupyterlab', { of: 'python', option: 'installJupyterlab' }],
]);

/** `node` to `ghcr.io/devcontainers/features/node:1`; other names stay. */
export function currentFeatureName(name: string): string {
  const current = KEPT_NAMES.has(name) ? name : NEW_NAMES.get(name);
  return current === undefined ? name : `${PUBLISHED}/${current}:1`;
}

export interface RequestedFeature {
  /** As it is written. */
  readonly id: string;
  readonly options: FeatureOptions;
}

/** `gradle`, `maven` and `jupyterlab` became options of `java` and `python`: they join those, or bring them in. */
export function joinFormerFeatures(requested: readonly RequestedFeature[]): readonly RequestedFeature[] {
  const kept = [...requested];
  for (const { id } of requested) {
    const part = PARTS.get(id);
    if (part === undefined) continue;
    const whole = `${PUBLISHED}/${part.of}`;
    const option = { [part.option]: true };
    const at = kept.findIndex((one) => one.id === part.of || one.id === whole || one.id.startsWith(`${whole}:`));
    const found = kept[at];
    if (found === undefined) kept.push({ id: `${whole}:1`, options: option });
    else kept[at] = { id: found.id, options: { ...optionsObject(found.options), ...option } };
  }
  return kept.filter(({ id }) => !PARTS.has(id));
}

function optionsObject(options: FeatureOptions): Readonly<Record<string, string | number | boolean>> {
  if (typeof options === 'object') return options;
  return typeof options === 'string' ? { version: options } : {};
}
