/** As in BuildKit: the build argument that takes the place of the file's `# check=`. */
export function checkArgument(buildArgs: Readonly<Record<string, string>>): string | undefined {
  return buildArgs['BUILDKIT_DOCKERFILE_CHECK'];
}
