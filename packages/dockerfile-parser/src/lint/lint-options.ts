/** What rules need to know from outside of the Dockerfile. Everything is optional. */
export interface LintOptions {
  /** The build arguments. */
  readonly buildArgs?: ReadonlyMap<string, string> | undefined;
  /** The name or index of the stage to build. Only stages that it needs are checked. @default every stage */
  readonly target?: string | number | undefined;
  /** @default linux/amd64 */
  readonly targetPlatform?: string | undefined;
  /** @default the target platform */
  readonly buildPlatform?: string | undefined;
  /**
   * Returns what is known about the image of a FROM line for a platform. Its variables are expanded. An unknown image may set
   * any variable, so that only probable typos are reported. @default an image that sets PATH alone
   */
  readonly baseImage?: ((name: string, platform: string) => BaseImage | undefined) | undefined;
  /** Whether the ignore file excludes a path of the context, as `ignoreMatcher()` finds out. */
  readonly ignores?: ((path: string) => boolean) | undefined;
  /** Replaces `# check=` in the file: the build argument BUILDKIT_DOCKERFILE_CHECK. */
  readonly check?: string | undefined;
}

export interface BaseImage {
  /** For example `linux/arm64`. */
  readonly platform?: string | undefined;
  /** `NAME=value` strings from the image's config. */
  readonly environment?: readonly string[] | undefined;
  readonly shell?: readonly string[] | undefined;
  /** The triggers from the image's config. */
  readonly onBuild?: readonly string[] | undefined;
}
