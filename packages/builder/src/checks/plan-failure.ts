import { type Platform, ShaleError } from '@shale/core';
import { planTarget } from '../build/build.ts';
import type { BuildOptions } from '../build/build-options.ts';
import { StandInImages } from './stand-in-images.ts';

/** The error that a build would end with before it runs anything; `undefined` when it can be planned. */
export async function planFailure(
  options: BuildOptions,
  platforms: readonly Platform[],
): Promise<ShaleError | undefined> {
  for (const platform of platforms) {
    const standIns = new StandInImages();
    try {
      await planTarget(options, { platform, images: [...options.images, standIns] });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof ShaleError)) throw error;
      if (!(standIns.used && mayDependOnBase(error))) return error;
    }
  }
  return undefined;
}

/** `${NAME:?text}` fails without a variable that the unknown base image may set. */
function mayDependOnBase({ message }: Error): boolean {
  return message.startsWith('failed to process ') && !/syntax error|unexpected end|unsupported modifier/.test(message);
}
