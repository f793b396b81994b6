import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployment } from 'kubernetes-models/apps/v1';
import { CronJob, Job } from 'kubernetes-models/batch/v1';
import { ConfigMap, PersistentVolumeClaim, Service } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readConfig } from '../../apps/warmerd/src/config.ts';
import { chartDirectory, chartStamp, RELEASES, renderedPath } from './releases.ts';

interface PodTemplate {
  readonly spec: {
    readonly securityContext?: object;
    readonly containers: readonly { readonly securityContext?: object; readonly volumeMounts: readonly Named[] }[];
    readonly volumes: readonly (Named & { readonly persistentVolumeClaim?: object })[];
  };
}

interface Named {
  readonly name: string;
}

/** The fields that the tests read, after the model has checked the whole. */
interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: PodTemplate;
    readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } };
  };
}

const MODELS: Readonly<Record<string, new (data: never) => { validate(): void }>> = {
  CronJob,
  Deployment,
  Job,
  ConfigMap,
  PersistentVolumeClaim,
  Service,
};

function resourcesOf(text: string): readonly Resource[] {
  return parseAllDocuments(text).flatMap((document) => {
    const resource = document.toJS() as Resource | null;
    return resource === null ? [] : [resource];
  });
}

function validate(resource: Resource): void {
  if (resource.kind === 'ServiceMonitor') return;
  const Model = MODELS[resource.kind];
  if (Model === undefined) throw new Error(`There is no model of ${resource.kind}`);
  new Model(resource as never).validate();
}

function podOf(resource: Resource | undefined): PodTemplate['spec'] {
  const template = resource?.spec?.jobTemplate?.spec.template ?? resource?.spec?.template;
  if (template === undefined) throw new Error('There is no pod');
  return template.spec;
}

describe('the Helm chart', () => {
  it.each(Object.keys(RELEASES))('renders what Kubernetes takes: %s', async (release) => {
    const text = readFileSync(renderedPath(release), 'utf8');
    const hint = 'The chart changed: npm run acceptance -- warmer-helm';
    expect(text.split('\n')[0], hint).toBe(chartStamp());
    const resources = resourcesOf(text);
    for (const resource of resources) validate(resource);
    const pod = podOf(resources.find(({ kind }) => kind === 'CronJob' || kind === 'Deployment'));
    const [container] = pod.containers;
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 });
    expect(container?.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    const volumes = new Set(pod.volumes.map(({ name }) => name));
    for (const { name } of container?.volumeMounts ?? []) expect(volumes).toContain(name);
    const scratch = mkdtempSync(join(tmpdir(), 'shale-helm-'));
    try {
      const config = resources.find(({ kind }) => kind === 'ConfigMap')?.data?.['config.yaml'] ?? '';
      writeFileSync(join(scratch, 'config.yaml'), config);
      expect((await readConfig(join(scratch, 'config.yaml'))).directory).toBe('/cache');
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  it('has an example of a build that Kubernetes takes', () => {
    const [job] = resourcesOf(readFileSync(join(chartDirectory, 'examples/build-job.yaml'), 'utf8'));
    if (job === undefined) throw new Error('unreachable');
    validate(job);
    expect(podOf(job).volumes[0]?.persistentVolumeClaim).toMatchObject({ readOnly: true });
  });
});
