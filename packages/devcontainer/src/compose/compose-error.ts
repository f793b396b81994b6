import { ShaleError, type ShaleErrorOptions } from '@shale/core';

export interface ComposeInvalidOptions extends ShaleErrorOptions {
  readonly file?: string | undefined;
  /** Counts from 1. */
  readonly line?: number | undefined;
}

/** A compose file that cannot be understood, or does not have what is asked for. */
export class ComposeInvalidError extends ShaleError {
  readonly code = 'COMPOSE_INVALID';
  readonly file: string | undefined;
  readonly line: number | undefined;

  constructor(message: string, { file, line, ...options }: ComposeInvalidOptions = {}) {
    const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `;
    super(place + message, options);
    this.file = file;
    this.line = line;
  }
}
