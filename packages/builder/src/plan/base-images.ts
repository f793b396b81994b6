import {
  type CallOptions,
  type Image,
  type ImageSource,
  messageOf,
  type Platform,
  type ProgressListener,
  type Reference,
} from '@shale/core';
import { formatPlatform, formatReference, parseReference, ShaleError } from '@shale/core';

export class BaseImageMissingError extends ShaleError {
  readonly code = 'BASE_IMAGE_MISSING';
  /** One line for each source that was asked, with its answer. */
  readonly tried: readonly string[];

  constructor(reference: Reference, platform: Platform, tried: readonly string[], cause: unknown) {
    const list = tried.map((line) => `\n  - ${line}`).join('');
    super(
      `Image ${formatReference(reference)} for ${formatPlatform(platform)} was not found; tried:${list || ' no source'}`,
      {
        cause,
        hint: 'Check the name, and that you may pull it.',
      },
    );
    this.tried = tried;
  }
}

export interface BaseImagesOptions extends CallOptions {
  readonly sources: readonly ImageSource[];
  readonly onProgress: ProgressListener;
}

/** Resolves each base image once per build. */
export class BaseImages {
  readonly #options: BaseImagesOptions;
  readonly #found = new Map<string, Promise<Image>>();

  constructor(options: BaseImagesOptions) {
    this.#options = options;
  }

  /** @throws {BaseImageMissingError} with the sources that were asked. */
  resolve(name: string, platform: Platform): Promise<Image> {
    const id = `${name}\n${formatPlatform(platform)}`;
    const known = this.#found.get(id);
    if (known !== undefined) return known;
    const found = this.#ask(name, platform);
    found.catch(() => undefined); // callers meet the failure when they await
    this.#found.set(id, found);
    return found;
  }

  async #ask(name: string, platform: Platform): Promise<Image> {
    const { sources, onProgress, signal } = this.#options;
    const reference = parseReference(name);
    const tried: string[] = [];
    let cause: unknown;
    for (const source of sources) {
      try {
        const image = await source.resolve(reference, { platform, signal });
        if (image !== undefined) {
          onProgress({
            type: 'image.resolved',
            reference: name,
            digest: image.manifest.digest,
            source: image.origin.source,
          });
          return image;
        }
        tried.push(`${source.name}: not there`);
      } catch (error) {
        signal?.throwIfAborted();
        tried.push(`${source.name}: ${messageOf(error)}`);
        cause ??= error;
      }
    }
    throw new BaseImageMissingError(reference, platform, tried, cause);
  }
}
