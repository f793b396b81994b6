import { type BuildContext, type BuildOptions, gitAuthorization, openGitContext } from '@shale/builder';
import type { CallOptions } from '@shale/core';
import type { Environment } from '../environment.ts';
import { gitEnvironment } from './git-environment.ts';
import type { GitLocation } from './location.ts';

export interface GitSettings extends CallOptions {
  readonly secrets?: BuildOptions['secrets'];
  readonly keepGitDirectory?: boolean | undefined;
  readonly env?: Environment | undefined;
  readonly offline?: boolean | undefined;
}

/** @throws {GitFailedError} */
export async function openGitLocation(
  { url }: GitLocation,
  { secrets, keepGitDirectory, env = {}, offline, signal }: GitSettings,
): Promise<BuildContext> {
  const authorization = await gitAuthorization(url, secrets);
  return openGitContext(url, {
    environment: gitEnvironment(env, { offline }),
    authorization,
    keepGitDirectory,
    signal,
  });
}
