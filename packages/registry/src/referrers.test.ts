import {
  type Descriptor,
  describeManifest,
  formatManifest,
  MediaType,
  parseReference,
  type RawManifest,
} from '@shale/core';
import { type FaultRule, faultProxy, makeImage, putBytes, startRegistry } from '@shale/testing';
import { expect, it } from 'vitest';
import { createRegistryClient } from './registry-client.ts';
import type { Repository } from './repository.ts';

const SIGNATURE = 'application/vnd.example.signature';

async function openBench(rules: readonly FaultRule[] = []) {
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(await startRegistry());
  const proxy = stack.use(await faultProxy(registry.url, rules));
  const client = stack.use(createRegistryClient({ retry: { tries: 1 } }));
  const repository = client.repository(parseReference(`${proxy.host}/app`));
  const { manifest } = await makeImage(repository, { layers: [{ a: 'a' }], tag: 'v1' });
  const closing = stack.move();
  return {
    proxy,
    repository,
    subject: describeManifest(manifest),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

async function referrer(
  repository: Repository,
  subject: Descriptor,
  note: string,
  type = SIGNATURE,
): Promise<RawManifest> {
  const config = await putBytes(repository, MediaType.ociEmpty, Buffer.from('{}'));
  const annotations = { note };
  const { ociManifest: mediaType } = MediaType;
  return formatManifest({ schemaVersion: 2, mediaType, artifactType: type, config, layers: [], subject, annotations });
}

async function listed(repository: Repository, subject: Descriptor, artifactType?: string) {
  const found: (string | undefined)[] = [];
  for await (const { annotations } of repository.listReferrers(subject.digest, { artifactType }))
    found.push(annotations?.['note']);
  return found;
}

it('a registry without the referrers API keeps referrers under the tag of their subject', async () => {
  await using bench = await openBench();
  const { repository, subject } = bench;
  expect(await listed(repository, subject)).toEqual([]);
  const one = await referrer(repository, subject, 'one');
  const two = await referrer(repository, subject, 'two', 'application/vnd.example.sbom');
  for (const manifest of [one, two, one]) await repository.putManifest(manifest.digest, manifest);
  expect(await listed(repository, subject)).toEqual(['one', 'two']);
  expect(await listed(repository, subject, SIGNATURE)).toEqual(['one']);
  const tag = subject.digest.replace(':', '-');
  expect(await repository.getManifest(tag)).toMatchObject({ mediaType: MediaType.ociIndex });
});

it('a registry that notes the subject itself gets no tag, and its pages are read and filtered', async () => {
  await using bench = await openBench([
    { method: 'PUT', path: /manifests/, fault: { headers: { 'oci-subject': 'noted' } } },
  ]);
  const { repository, subject, proxy } = bench;
  const manifests = await Promise.all(['one', 'two'].map((note) => referrer(repository, subject, note)));
  for (const manifest of manifests) await repository.putManifest(manifest.digest, manifest);
  expect(await repository.getManifest(subject.digest.replace(':', '-'))).toBeUndefined();
  const [first, second] = manifests.map((raw, index) => ({
    ...describeManifest(raw),
    artifactType: index === 0 ? SIGNATURE : 'other',
    annotations: { note: `page ${index + 1}` },
  }));
  const page = (entries: unknown[]) =>
    JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: entries });
  const link = `</v2/app/referrers/${subject.digest}?next=2>; rel="next"`;
  proxy.rules.push(
    { path: /next=2/, fault: { respond: { status: 200, body: page([second]) } } },
    { path: /referrers/, fault: { respond: { status: 200, headers: { link }, body: page([first]) } } },
  );
  expect(await listed(repository, subject)).toEqual(['page 1', 'page 2']);
  expect(await listed(repository, subject, SIGNATURE)).toEqual(['page 1']);
});

it('a list of referrers that continues at another host is refused', async () => {
  const link = '<http://169.254.169.254/latest>; rel="next"';
  const body = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] });
  await using bench = await openBench([
    { path: /referrers/, fault: { respond: { status: 200, headers: { link }, body } } },
  ]);
  await expect(listed(bench.repository, bench.subject)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
});
