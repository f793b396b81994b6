import type { OpenGitSessionOptions } from '@shale/git';
import { hostShell } from '../host/host-program.ts';

/** What the app allows git to use. */
export interface GitSettings {
  /** `PATH`, `HOME`, `SSH_AUTH_SOCK` and the like. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** The value of the `Authorization` header, for HTTP. */
  readonly authorization?: string | undefined;
}

/** The git of this machine, with the credential helpers of the user. File modes do not depend on the umask. */
export function hostGit({ environment, authorization }: GitSettings): OpenGitSessionOptions {
  const program = { env: environment, shell: hostShell(), readsUserSettings: true };
  return { program, access: { authorization } };
}
