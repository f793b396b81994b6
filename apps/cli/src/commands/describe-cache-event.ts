import type { CacheEvent } from '@shale/cache';

const UNTRUSTED = {
  unsigned: 'the entry is not signed',
  'unknown-signer': 'the entry is signed by somebody who is not trusted',
  'bad-signature': "the entry's signature is wrong",
  'other-key': 'the entry belongs to another step',
  'other-scope': 'the entry belongs to another scope',
} as const;

/** Why an entry was not used, in a few words. */
export function describeCacheEvent(event: CacheEvent): string {
  switch (event.type) {
    case 'expired':
      return `the entry of ${event.created.toISOString()} is older than --cache-ttl`;
    case 'untrusted':
      return UNTRUSTED[event.reason];
    case 'incomplete':
      return 'its layer was evicted';
    case 'corrupt':
      return 'the entry is damaged';
    case 'unreadable':
      return event.reason;
    case 'non-deterministic':
      return 'the step gives another result each time';
    case 'read-only':
      return `the ${event.backend} cache is read-only: ${event.reason}`;
  }
}
