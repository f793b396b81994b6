import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Descriptor,
  type Digest,
  digestHex,
  formatPlatform,
  formatReference,
  parseDigest,
  type Platform,
  type Reference,
  sha256,
  ShaleError,
  StoreInvalidError,
} from '@shale/core';
import { readRegularFile, StoreDirectory, undefinedIfMissing } from '@shale/core/files';
import { asInteger, asObject, asString, parseJson } from '@shale/core/json';

/** What the name of an image meant when it was last resolved. */
export interface ImageMemory {
  /** The manifest or index that the registry's tag named. */
  readonly top: Digest;
  /** The manifest of the platform. */
  readonly manifest: Descriptor;
}

const VERSION = 1;
const MAX_MEMORY_BYTES = 64 * 1024;

/** @returns `undefined` for a name that was never resolved here, or only by another version of the format */
export async function readMemory(
  directory: string,
  reference: Reference,
  platform: Platform,
): Promise<ImageMemory | undefined> {
  return readQuietly(join(directory, memoryName(reference, platform)));
}

/** All memories in the directory, of all names and platforms. */
export async function listMemories(directory: string): Promise<readonly ImageMemory[]> {
  const names = (await readdir(directory).catch(undefinedIfMissing)) ?? [];
  const memories: ImageMemory[] = [];
  for (const name of names.filter((file) => file.endsWith('.json'))) {
    const memory = await readQuietly(join(directory, name));
    if (memory !== undefined) memories.push(memory);
  }
  return memories;
}

async function readQuietly(path: string): Promise<ImageMemory | undefined> {
  try {
    const content = await readRegularFile(path, { maxBytes: MAX_MEMORY_BYTES });
    return content && parseMemory(content);
  } catch (error) {
    if (error instanceof ShaleError) return undefined;
    throw error;
  }
}

export async function writeMemory(
  directory: string,
  { reference, platform, memory }: { reference: Reference; platform: Platform; memory: ImageMemory },
): Promise<void> {
  const document = { version: VERSION, reference: formatReference(reference), platform, ...memory };
  await new StoreDirectory(directory).write([], memoryName(reference, platform), JSON.stringify(document));
}

function memoryName(reference: Reference, platform: Platform): string {
  return `${digestHex(sha256(`${formatReference(reference)}\n${formatPlatform(platform)}`))}.json`;
}

function parseMemory(text: Buffer): ImageMemory | undefined {
  const fail = (message: string) => new StoreInvalidError(message);
  const document = asObject(parseJson(text, 'it', fail), 'it', fail);
  if (document['version'] !== VERSION) return undefined;
  const manifest = asObject(document['manifest'], 'manifest', fail);
  return {
    top: parseDigest(asString(document['top'], 'top', fail)),
    manifest: {
      mediaType: asString(manifest['mediaType'], 'mediaType', fail),
      digest: parseDigest(asString(manifest['digest'], 'digest', fail)),
      size: asInteger(manifest['size'], 'size', fail),
    },
  };
}
