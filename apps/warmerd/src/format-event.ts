import { formatPlatform, formatReference, messageOf, type Platform, type Reference } from '@shale/core';
import type { DaemonEvent } from './daemon.ts';

/** Formats an event as one line of JSON, with references, platforms and errors as text. */
export function formatEvent(event: DaemonEvent): string {
  return JSON.stringify(event, (key, value: unknown) => {
    if (value instanceof Error) return messageOf(value);
    if (key === 'reference' && isObject(value)) return formatReference(value as Reference);
    if (key === 'platform' && isObject(value)) return formatPlatform(value as Platform);
    return value;
  });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
