import { ShaleError } from '@shale/core';

/** A directory or archive is not an image layout of a known version. */
export class LayoutInvalidError extends ShaleError {
  readonly code = 'LAYOUT_INVALID';
}

/** Refuses to write to an archive that is open for reading. */
export class StoreReadOnlyError extends ShaleError {
  readonly code = 'OUTPUT_UNWRITABLE';

  constructor(name: string) {
    super(`${name} can only be read`);
  }
}
