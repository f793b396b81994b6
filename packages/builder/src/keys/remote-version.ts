import { createHash } from 'node:crypto';
import type { CallOptions } from '@shale/core';
import { sha256 } from '@shale/core';
import { isGitSource, resolveGitCommit } from '@shale/git';
import type { StepNode } from '../graph/build-graph.ts';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';
import { hostGit } from '../context/host-git.ts';
import { locateStep } from '../graph/locate-error.ts';
import { openUrl } from '../copy/download.ts';
import { isRemoteSource } from '../copy/remote-source.ts';
import { authorizedFetch, gitAuthorization, type SourceAccess } from '../copy/source-credentials.ts';

export interface RemoteVersionOptions extends SourceAccess, CallOptions {
  /** The `--checksum` of ADD: with it, the server need not be asked. */
  readonly checksum?: string | undefined;
  /** @default 16 GiB */
  readonly maxBytes?: number | undefined;
}

/** The current version of each remote source of ADD, by `remoteKey`. */
export type RemoteVersions = ReadonlyMap<string, string>;

export function remoteKey(source: string, checksum: string | undefined): string {
  return `${checksum ?? ''} ${source}`;
}

/** Gets the versions of all remote sources at once, and each once. */
export async function remoteVersions(
  steps: readonly StepNode[],
  { dockerfile, ...options }: Omit<RemoteVersionOptions, 'checksum'> & { readonly dockerfile: DockerfileSource },
): Promise<RemoteVersions> {
  const wanted = new Map(steps.flatMap(remoteSources));
  const versions = [...wanted].map(async ([key, { step, source, checksum }]) => {
    const version = await remoteVersion(source, { ...options, checksum }).catch((error: unknown) => {
      throw locateStep(error, step, dockerfile);
    });
    return [key, version] as const;
  });
  return new Map(await Promise.all(versions));
}

function remoteSources(step: StepNode) {
  const { action } = step;
  if (action.type !== 'copy' || action.instruction.keyword !== 'ADD') return [];
  const { sources, checksum } = action;
  return sources
    .filter(isRemoteSource)
    .map((source) => [remoteKey(source, checksum), { step, source, checksum }] as const);
}

/**
 * Identifies the current content of a URL or repository, for a cache key: the commit, the expected checksum, the server's
 * strong ETag, or else a digest of the content. Includes Last-Modified, which becomes the time of the file.
 * @throws {AddSourceError} @throws {GitFailedError}
 */
export async function remoteVersion(source: string, options: RemoteVersionOptions): Promise<string> {
  const { checksum, gitEnvironment: environment, secrets, signal } = options;
  if (isGitSource(source)) {
    const authorization = await gitAuthorization(source, secrets);
    return `commit ${await resolveGitCommit(source, { ...hostGit({ environment, authorization }), signal })}`;
  }
  if (checksum !== undefined) return `checksum ${checksum}`;
  const { headers, body, discard } = await openUrl(source, {
    ...options,
    fetchUrl: authorizedFetch(options.fetchUrl, secrets),
  });
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
