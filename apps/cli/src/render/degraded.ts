import { BlobMissingError, messageOf, type ProgressEvent } from '@shale/core';
import { escapeControls } from '../terminal/escape.ts';

/** One line for a cache that is passed over. */
export function describeDegraded({ backend, error }: Extract<ProgressEvent, { type: 'cache.degraded' }>): string {
  const reason = messageOf(error);
  if (error instanceof BlobMissingError)
    return `A layer went missing, and its step runs again: ${escapeControls(reason)}`;
  return `The ${escapeControls(backend)} cache is passed over: ${escapeControls(reason)}`;
}

/** One line for a warning, with its place. */
export function describeWarning({ code, message, place }: Extract<ProgressEvent, { type: 'warning' }>): string {
  const where = place === undefined ? '' : ` (${escapeControls(place.file)}:${place.line})`;
  return `${escapeControls(message)}${where}${code === '' ? '' : ` [${escapeControls(code)}]`}`;
}
