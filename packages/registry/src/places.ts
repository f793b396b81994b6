import { messageOf, type ProgressListener } from '@shale/core';
import type { Place } from './manifests.ts';
import { RegistryUnreachableError } from './registry-error.ts';

/** How long a mirror that did not answer is passed over, in milliseconds. */
const REST_MS = 60_000;

/** Where a repository can be read, best first: mirrors, then the registry itself. */
export class Places {
  readonly #places: readonly Place[];
  readonly #onProgress: ProgressListener;
  readonly #restingUntilMs = new Map<Place, number>();
  readonly #distrusted = new Set<string>();

  constructor(places: readonly Place[], onProgress: ProgressListener) {
    this.#places = places;
    this.#onProgress = onProgress;
  }

  /** Those worth asking for `content` (a digest or tag) now; never none. */
  for(content: string): readonly Place[] {
    const now = performance.now();
    const usable = this.#places.filter(
      (place) => (this.#restingUntilMs.get(place) ?? 0) <= now && !this.#distrusted.has(idOf(place, content)),
    );
    return usable.length > 0 ? usable : this.#places.slice(-1);
  }

  /** Notes that `place` failed with `error`, and that another is asked instead. */
  passOver(place: Place, error: unknown): void {
    if (error instanceof RegistryUnreachableError) this.#restingUntilMs.set(place, performance.now() + REST_MS);
    this.#warn('mirror-passed-over', `Mirror ${place.host.endpoint.registry} was passed over: ${messageOf(error)}`);
  }

  /** Notes that `place` served wrong bytes: it is not asked for this content again while there is another. */
  distrust(place: Place, content: string, error: unknown): void {
    this.#distrusted.add(idOf(place, content));
    this.#warn('content-mismatch', `${place.host.endpoint.registry} served wrong content: ${messageOf(error)}`);
  }

  #warn(code: string, message: string): void {
    this.#onProgress({ type: 'warning', code, message });
  }
}

function idOf(place: Place, content: string): string {
  return `${place.host.endpoint.authority}/${place.repository} ${content}`;
}
