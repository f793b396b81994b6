import { ShaleError } from '@shale/core';

/** A directory or archive that is not what its name says. */
export class LayoutInvalidError extends ShaleError {
  readonly code = 'LAYOUT_INVALID';
}

/** An archive that is open for reading is not written to. */
export class StoreReadOnlyError extends ShaleError {
  readonly code = 'OUTPUT_UNWRITABLE';

  constructor(name: string) {
    super(`${name} can only be read`);
  }
}
