import type { CallOptions } from '@shale/core';
import type { StartConfig } from '../state/image-file.ts';

/** What is to be built. */
export interface ImagePlan {
  readonly dockerfile: { readonly name: string; readonly text: string };
  /** Absolute. */
  readonly contextDirectory: string;
  /** Lines of the ignore file that counts. */
  readonly ignore: readonly string[];
  readonly target?: string | undefined;
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
}

/** An image that was built, or found in a cache. */
export interface BuiltWorkspaceImage {
  readonly start: StartConfig;
  readonly digest: string;
  /** Gives the root file system as a tree that the caller may move away. */
  openTree(options: CallOptions): Promise<ImageTree>;
}

export interface ImageTree extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
}

/** Builds images and finds them again. */
export interface WorkspaceImages {
  /** @throws what the build failed with */
  build(plan: ImagePlan, options: CallOptions): Promise<BuiltWorkspaceImage>;
  /**
   * Pushes the image that `build` gave last, with this program in it.
   * @returns `REPO@DIGEST`
   */
  push(image: BuiltWorkspaceImage, options: CallOptions): Promise<string>;
  /** Looks whether all of the image is cached and pushed. @returns `REPO@DIGEST` @throws naming the first missing step */
  probe(plan: ImagePlan, options: CallOptions): Promise<string>;
}
