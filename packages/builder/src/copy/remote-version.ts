import { createHash } from 'node:crypto';
import type { CallOptions } from '@shale/core';
import { sha256 } from '@shale/core';
import type { StepNode } from '../build-graph.ts';
import { resolveGitCommit } from '../context/git-context.ts';
import { isGitSource } from '../context/git-source.ts';
import type { FetchUrl } from './download.ts';
import { openUrl } from './download.ts';
import { isRemoteSource } from './remote-source.ts';

export interface RemoteVersionOptions extends CallOptions {
  readonly fetchUrl: FetchUrl | undefined;
  /** `--checksum`: a content that is known in advance need not be asked for. */
  readonly checksum?: string | undefined;
  /** @default 16 GiB */
  readonly maxBytes?: number | undefined;
}

/** What is behind each remote source of ADD just now, by `remoteKey`. */
export type RemoteVersions = ReadonlyMap<string, string>;

export function remoteKey(source: string, checksum: string | undefined): string {
  return `${checksum ?? ''} ${source}`;
}

/** Asks for all remote sources of the steps at once, each once. */
export async function remoteVersions(
  steps: readonly StepNode[],
  options: Omit<RemoteVersionOptions, 'checksum'>,
): Promise<RemoteVersions> {
  const wanted = new Map(steps.flatMap(({ action }) => (action.type === 'copy' ? remoteSources(action) : [])));
  const versions = [...wanted].map(
    async ([key, { source, checksum }]) => [key, await remoteVersion(source, { ...options, checksum })] as const,
  );
  return new Map(await Promise.all(versions));
}

function remoteSources({ instruction, sources, checksum }: Extract<StepNode['action'], { type: 'copy' }>) {
  if (instruction.keyword !== 'ADD') return [];
  return sources.filter(isRemoteSource).map((source) => [remoteKey(source, checksum), { source, checksum }] as const);
}

/**
 * What identifies the content behind a URL or a repository just now, for a cache key: the commit, the checksum that was
 * asked for, the server's strong ETag, else a digest of the content. Of a file that has one, also its time, which lands.
 * @throws {AddSourceError} @throws {GitFailedError}
 */
export async function remoteVersion(source: string, options: RemoteVersionOptions): Promise<string> {
  const { checksum, signal } = options;
  if (isGitSource(source)) return `commit ${await resolveGitCommit(source, { signal })}`;
  if (checksum !== undefined) return `checksum ${checksum}`;
  const { headers, body, discard } = await openUrl(source, options);
  const modified = headers['last-modified'] ?? '';
  const etag = headers['etag'];
  if (etag !== undefined && !etag.startsWith('W/')) {
    await discard();
    return `etag ${sha256(etag)} ${modified}`;
  }
  const hash = createHash('sha256');
  for await (const chunk of body) hash.update(chunk);
  return `content ${hash.digest('hex')} ${modified}`;
}
