import { formatPlatform, formatReference, type Platform, type Reference } from '@shale/core';
import type { WarmEvent } from '@shale/warmer';

export interface Transfer {
  readonly bytes: number;
  readonly totalBytes: number;
}

/** The images in download, by `imageName`. */
export class Transfers {
  readonly #transfers = new Map<string, Transfer>();

  get(name: string): Transfer | undefined {
    return this.#transfers.get(name);
  }

  names(): readonly string[] {
    return [...this.#transfers.keys()];
  }

  take(event: WarmEvent): void {
    if (event.type === 'image.pulling')
      this.#transfers.set(imageName(event.image), { bytes: 0, totalBytes: event.totalBytes });
    if (event.type === 'image.progress') {
      const name = imageName(event.image);
      const known = this.#transfers.get(name);
      if (known !== undefined) this.#transfers.set(name, { ...known, bytes: event.bytes });
    }
    if (event.type === 'image.finished') {
      const { reference, platform } = event.result;
      if (platform !== undefined) this.#transfers.delete(imageName({ reference, platform }));
    }
  }
}

/** For example `docker.io/library/debian:12 linux/amd64`. */
export function imageName({ reference, platform }: { readonly reference: Reference; readonly platform: Platform }) {
  return `${formatReference(reference)} ${formatPlatform(platform)}`;
}
