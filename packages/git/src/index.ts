export { type CheckedOutCommit, checkOutCommit, type CheckOutCommitOptions } from './check-out-commit.ts';
export type { WebCredentials } from './git-credentials.ts';
export { GitFailedError, type GitFailureReason } from './git-failed-error.ts';
export { type GitRemote, type GitTransport, parseGitRemote } from './git-remote.ts';
export { type GitAccess, type GitSession, openGitSession, type OpenGitSessionOptions } from './git-session.ts';
export { type GitSource, isGitSource, parseGitSource } from './git-source.ts';
export { resolveGitCommit } from './resolve-git-commit.ts';
export type { GitProgram } from './run-git.ts';
export type { SshAccess } from './ssh-command.ts';
