import { enterPrivateMounts } from '@shale/builder';
import { loadSystemCalls } from '@shale/core';

/**
 * Gives this process mounts that nobody else sees. Only possible before anything asynchronous has touched a file, so it
 * comes first. Without the right to mount other ways of isolation are left, and the choice of them says why.
 */
export async function takeOwnMounts(): Promise<void> {
  const calls = loadSystemCalls();
  if (calls !== undefined) await enterPrivateMounts(calls).catch(() => undefined);
}
