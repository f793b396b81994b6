import type { CallOptions } from '@shale/core';
import type { StartConfig } from '../state/image-file.ts';

/** An image to build. */
export interface ImagePlan {
  readonly dockerfile: { readonly name: string; readonly text: string };
  /** An absolute path. */
  readonly contextDirectory: string;
  /** The lines of the ignore file. */
  readonly ignore: readonly string[];
  readonly target?: string | undefined;
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
}

/** An image that was built, or found in a cache. */
export interface BuiltWorkspaceImage {
  readonly start: StartConfig;
  readonly digest: string;
  /** Opens the root file system as a tree that the caller may move away. */
  openTree(options: CallOptions): Promise<ImageTree>;
}

export interface ImageTree extends AsyncDisposable {
  /** An absolute path. */
  readonly path: string;
}

/** Builds images and finds them again. */
export interface WorkspaceImages {
  /** @throws the error of the build */
  build(plan: ImagePlan, options: CallOptions): Promise<BuiltWorkspaceImage>;
  /**
   * Adds this program to an image that `build` returned, and pushes the result.
   * @returns `REPO@DIGEST`
   */
  push(image: BuiltWorkspaceImage, options: CallOptions): Promise<string>;
  /** Checks that the image is cached and pushed. @returns `REPO@DIGEST` @throws {ShaleError} that names a missing step */
  probe(plan: ImagePlan, options: CallOptions): Promise<string>;
}
