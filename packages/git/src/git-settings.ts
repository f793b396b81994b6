/** A line of git's configuration: its name and its value. */
export type GitSetting = readonly [name: string, value: string];

/** Nothing of a repository is run, files do not depend on this machine, and no other transport is used. */
export const HARDENING: readonly GitSetting[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.symlinks', 'true'],
  ['core.autocrlf', 'false'],
  ['core.protectHFS', 'true'],
  ['core.protectNTFS', 'true'],
  ['core.askPass', ''],
  ['log.showSignature', 'false'],
  ['protocol.version', '2'],
  ['protocol.allow', 'never'],
  ['protocol.http.allow', 'always'],
  ['protocol.https.allow', 'always'],
  ['protocol.ssh.allow', 'always'],
  ['protocol.git.allow', 'always'],
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['filter.lfs.required', 'false'],
  ['filter.lfs.smudge', ''],
  ['filter.lfs.process', ''],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['advice.detachedHead', 'false'],
  ['init.defaultBranch', 'main'],
  ['safe.directory', '*'], // the owner may be another one in a user namespace
];

/**
 * Passes settings by the environment, which only this user can read; a command line can be read by all.
 * @see https://git-scm.com/docs/git-config#ENVIRONMENT
 */
export function settingVariables(settings: readonly GitSetting[]): Readonly<Record<string, string>> {
  const pairs = settings.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, name],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return Object.fromEntries([['GIT_CONFIG_COUNT', String(settings.length)], ...pairs]) as Record<string, string>;
}
