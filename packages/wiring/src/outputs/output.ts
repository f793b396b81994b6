import type { Reference } from '@shale/core';

/** Where a built image goes. `dest` is a path, or `-` for the stream that the exporters were given. */
export type Output =
  | {
      readonly type: 'oci' | 'docker';
      readonly dest: string;
      /** The names of the image in the archive. */
      readonly names: readonly Reference[];
      /** Whether `dest` becomes a directory instead of an archive. */
      readonly directory: boolean;
    }
  /** The files of the image. `split`: an image for several platforms has a folder for each. */
  | { readonly type: 'local' | 'tar'; readonly dest: string; readonly split: boolean }
  | { readonly type: 'registry'; readonly name: Reference }
  /** The image store in the state folder. */
  | { readonly type: 'image'; readonly name: Reference };
