/** Facts from outside the file that rules need. All may be left out. */
export interface LintOptions {
  /** `--build-arg`. */
  readonly buildArgs?: ReadonlyMap<string, string> | undefined;
  /** Name or index of the stage that is built: only what it needs is looked at. @default every stage */
  readonly target?: string | number | undefined;
  /** @default linux/amd64 */
  readonly targetPlatform?: string | undefined;
  /** @default the target platform */
  readonly buildPlatform?: string | undefined;
  /**
   * What is known of the image that a FROM line names for a platform, variables expanded. Where nothing is, any variable
   * may be set there, and only those that look like a slip of the pen are reported. @default an image that sets PATH alone
   */
  readonly baseImage?: ((name: string, platform: string) => BaseImage | undefined) | undefined;
  /** Whether the ignore file leaves a path of the context out, as `ignoreMatcher()` says. */
  readonly ignores?: ((path: string) => boolean) | undefined;
  /** Takes the place of the file's `# check=`: the build argument BUILDKIT_DOCKERFILE_CHECK. */
  readonly check?: string | undefined;
}

export interface BaseImage {
  /** As in `linux/arm64`. */
  readonly platform?: string | undefined;
  /** `NAME=value` each, as in the image's config. */
  readonly environment?: readonly string[] | undefined;
  readonly shell?: readonly string[] | undefined;
  /** Triggers, as in the image's config. */
  readonly onBuild?: readonly string[] | undefined;
}
