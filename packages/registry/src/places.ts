import { messageOf, type ProgressListener } from '@shale/core';
import type { Place } from './manifests.ts';
import { RegistryUnreachableError } from './registry-error.ts';

/** How long a mirror that did not answer is skipped, in milliseconds. */
const REST_MS = 60_000;

/** The places to read a repository from, best first: mirrors, then the registry itself. */
export class Places {
  readonly #places: readonly Place[];
  readonly #onProgress: ProgressListener;
  readonly #restingUntilMs = new Map<Place, number>();
  readonly #distrusted = new Set<string>();

  constructor(places: readonly Place[], onProgress: ProgressListener) {
    this.#places = places;
    this.#onProgress = onProgress;
  }

  /** The places to ask for `content` (a digest or tag) now: at least one. */
  for(content: string): readonly Place[] {
    const now = performance.now();
    const usable = this.#places.filter(
      (place) => (this.#restingUntilMs.get(place) ?? 0) <= now && !this.#distrusted.has(idOf(place, content)),
    );
    return usable.length > 0 ? usable : this.#places.slice(-1);
  }

  /** Records that `place` failed with `error`, and reports that the next place is asked. */
  passOver(place: Place, error: unknown): void {
    if (error instanceof RegistryUnreachableError) this.#restingUntilMs.set(place, performance.now() + REST_MS);
    this.#warn('mirror-passed-over', `Mirror ${place.host.endpoint.registry} was passed over: ${messageOf(error)}`);
  }

  /** Records that `place` served wrong bytes: other places are asked for this content first. */
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
