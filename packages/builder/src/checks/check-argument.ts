/** The build argument that replaces `# check=` of the Dockerfile, as in BuildKit. */
export function checkArgument(buildArgs: Readonly<Record<string, string>>): string | undefined {
  return buildArgs['BUILDKIT_DOCKERFILE_CHECK'];
}
