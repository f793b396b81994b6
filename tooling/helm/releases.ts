import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../src/workspace.ts';

export const chartDirectory: string = join(workspaceRoot, 'deploy/helm/shale-warmer');
const renderedDirectory = join(import.meta.dirname, 'rendered');

/** Releases that a user may install, with the flags of `helm`. */
export const RELEASES: Readonly<Record<string, readonly string[]>> = {
  cronjob: ['--set=image.repository=registry.example/shale'],
  deployment: [
    '--set=image.repository=registry.example/shale,mode=deployment,serve=true,replicas=2',
    '--set=tokenSecretName=token,webhookSecretName=hook,registryCredentials.secretName=registry-credentials',
    '--set=serviceMonitor.enabled=true,config.maxSize=80GB,config.bandwidth=50MB',
  ],
  'existing-claim': [
    '--set=image.repository=registry.example/shale,image.tag=1,volume.existingClaim=bases',
    '--set=imagePullSecrets[0].name=pull,nodeSelector.disk=fast,config.registries.mirrors.docker\\.io[0]=https://mirror.example',
  ],
};

/** Where the manifests of a release are kept: made by `npm run acceptance -- warmer-helm`. */
export function renderedPath(release: string): string {
  return join(renderedDirectory, `${release}.yaml`);
}

/** The first line of rendered manifests: names what they were made from. */
export function chartStamp(): string {
  const hash = createHash('sha256');
  const files = readdirSync(chartDirectory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('examples') && entry.name !== 'README.md')
    .map((entry) => join(entry.parentPath, entry.name));
  for (const path of files.toSorted()) hash.update(`${path.slice(chartDirectory.length)}\0`).update(readFileSync(path));
  hash.update(JSON.stringify(RELEASES));
  return `# made by npm run acceptance -- warmer-helm, of chart ${hash.digest('hex').slice(0, 16)}`;
}
