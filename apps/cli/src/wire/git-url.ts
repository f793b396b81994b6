/** Whether an argument is the URL of a repository, by docker's rule. */
export function isGitUrl(argument: string): boolean {
  if (/^(?:git|ssh):\/\//.test(argument) || /^git@[^:/]+:/.test(argument)) return true;
  return (
    /^https?:\/\/[^#?]*\.git(?:[#?].*)?$/.test(argument) || (/^https?:\/\//.test(argument) && argument.includes('#'))
  );
}
