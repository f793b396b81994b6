import { enterPrivateMounts, runInUserNamespace, wantsUserNamespace } from '@shale/builder';
import { loadSystemCalls } from '@shale/core';

/**
 * Gives this process the rights to build: mounts that nobody else sees, and for who is not root, a user namespace in which
 * it is. That one takes a new process: this one then only waits for it, and ends as it does. Both are possible only before
 * anything asynchronous has touched a file, so this comes first. Where neither is allowed other ways of isolation are left,
 * and the choice of them says why.
 */
export async function takeOwnMounts(env: NodeJS.ProcessEnv): Promise<void> {
  if (env['SHALE_USER_NAMESPACE'] === undefined && wantsUserNamespace()) {
    const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    const status = await runInUserNamespace({ command, env });
    if (status !== undefined) process.exit(status);
  }
  const calls = loadSystemCalls();
  if (calls !== undefined) await enterPrivateMounts(calls).catch(() => undefined);
}
