import { suggest } from '@shale/dockerfile-parser';
import { parseReference, type Reference } from '@shale/core';
import type { Output } from '@shale/wiring';
import { parseAttributes } from './attributes.ts';
import { UsageError } from '../errors/usage-error.ts';

const TYPES = ['oci', 'docker', 'local', 'tar', 'registry', 'image'] as const;
const ATTRIBUTES = ['type', 'dest', 'name', 'push', 'tar', 'platform-split', 'oci-mediatypes'] as const;

/**
 * Reads one `--output`. A bare path stands for `type=local`, and `-` for `type=tar,dest=-`; without a `name` the image
 * has the names of `--tag`.
 * @throws {UsageError} @throws {ReferenceInvalidError}
 * @example parseOutput('type=oci,dest=app.tar', [])
 */
export function parseOutput(text: string, tags: readonly Reference[]): readonly Output[] {
  if (text === '-') return [{ type: 'tar', dest: '-', split: true }];
  if (!text.includes('=')) return [{ type: 'local', dest: text, split: true }];
  const attributes = parseAttributes(text, '--output', ATTRIBUTES);
  const type = outputType(attributes.get('type'), text);
  const named = attributes.get('name')?.split(',').map(parseReference);
  const names = named ?? tags;
  const isRegistry = type === 'registry' || (type === 'image' && attributes.get('push') === 'true');
  if (isRegistry || type === 'image') {
    if (names.length === 0)
      throw new UsageError(`--output type=${type} needs a name`, { hint: 'Add name=REF, or --tag REF.' });
    return names.map((name) => ({ type: isRegistry ? 'registry' : 'image', name }));
  }
  const dest = attributes.get('dest');
  if (dest === undefined || dest === '') throw missingDestination(type);
  if (type === 'local' || type === 'tar') return [{ type, dest, split: attributes.get('platform-split') !== 'false' }];
  return [{ type, dest, names, directory: attributes.get('tar') === 'false' }];
}

/** Whether one of `--output` asks for docker's media types: the image has one family, wherever it goes. */
export function wantsDockerTypes(texts: readonly string[]): boolean {
  return texts
    .filter((text) => text.includes('='))
    .some((text) => parseAttributes(text, '--output', ATTRIBUTES).get('oci-mediatypes') === 'false');
}

function outputType(type: string | undefined, text: string): (typeof TYPES)[number] {
  const found = TYPES.find((known) => known === type);
  if (found !== undefined) return found;
  if (type === undefined)
    throw new UsageError(`--output needs a type: ${JSON.stringify(text)}`, { hint: `Add type=${TYPES.join('|')}.` });
  const near = suggest(type, TYPES);
  throw new UsageError(`--output has no type ${JSON.stringify(type)}`, {
    hint: near === undefined ? `It is one of ${TYPES.join(', ')}.` : `Did you mean ${near}?`,
  });
}

function missingDestination(type: string): UsageError {
  return new UsageError(`--output type=${type} needs a dest`, {
    hint: `Write type=${type},dest=PATH, or dest=- for stdout${type === 'docker' ? ', as in `| docker load`' : ''}.`,
  });
}
