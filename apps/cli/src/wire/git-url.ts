/** As docker tells a repository from a directory; a directory of that name goes first. */
export function isGitUrl(argument: string): boolean {
  if (/^(?:git|ssh):\/\//.test(argument) || /^git@[^:/]+:/.test(argument)) return true;
  return (
    /^https?:\/\/[^#?]*\.git(?:[#?].*)?$/.test(argument) || (/^https?:\/\//.test(argument) && argument.includes('#'))
  );
}
