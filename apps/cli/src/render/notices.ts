import { BlobMissingError, messageOf, type ProgressEvent, type ProgressListener } from '@shale/core';
import { escapeControls } from '../terminal/escape.ts';

/** One line for a cache that is passed over. */
function describeDegraded({ backend, error }: Extract<ProgressEvent, { type: 'cache.degraded' }>): string {
  const reason = messageOf(error);
  if (error instanceof BlobMissingError)
    return `A layer went missing, and its step runs again: ${escapeControls(reason)}`;
  return `The ${escapeControls(backend)} cache is passed over: ${escapeControls(reason)}`;
}

/** One line for a warning, with its place. */
function describeWarning({ code, message, place }: Extract<ProgressEvent, { type: 'warning' }>): string {
  const where = place === undefined ? '' : ` (${escapeControls(place.file)}:${place.line})`;
  return `${escapeControls(message)}${where}${code === '' ? '' : ` [${escapeControls(code)}]`}`;
}

/** One line for a wait, with its reason and its end. */
function describeWaiting({ host, reason, untilMs }: Extract<ProgressEvent, { type: 'waiting' }>): string {
  const until = new Date(untilMs).toLocaleTimeString('en-GB');
  return `Waiting for ${escapeControls(host)}, until ${until} at the latest: ${escapeControls(reason)}`;
}

/** One line for an event that every user should see; `undefined` for other events. */
export function noticeOf(event: ProgressEvent): string | undefined {
  switch (event.type) {
    case 'cache.degraded':
      return describeDegraded(event);
    case 'warning':
      return describeWarning(event);
    case 'waiting':
      return describeWaiting(event);
    default:
      return undefined;
  }
}

/** Passes the notices among events to `tell`. */
export function noticeListener(tell: (notice: string) => void): ProgressListener {
  return (event) => {
    const notice = noticeOf(event);
    if (notice !== undefined) tell(notice);
  };
}
