import type { JsonObject } from '@shale/core/json';
import * as z from 'zod';
import { mergeableShape } from '../configuration/configuration-schema.ts';
import type { MetadataEntry } from './metadata-entry.ts';

/** The label of an image that holds what its dev containers are to have. */
export const METADATA_LABEL = 'devcontainer.metadata';

const entryShape: Readonly<Record<string, z.ZodType>> = { ...mergeableShape, id: z.string(), entrypoint: z.string() };

export interface ParsedLabel {
  readonly entries: readonly MetadataEntry[];
  /** What is left out, and why. */
  readonly warnings: readonly string[];
}

/**
 * Reads the label of a base image: an array of entries, or a single one. A label is no reason not to build: what cannot be
 * used is left out and reported.
 */
export function parseMetadataLabel(text: string | undefined): ParsedLabel {
  if (text === undefined || text === '') return { entries: [], warnings: [] };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { entries: [], warnings: [`The label ${METADATA_LABEL} is not JSON: ${(error as Error).message}`] };
  }
  const warnings: string[] = [];
  const entries = (Array.isArray(value) ? value : [value]).flatMap((entry, index) => {
    if (isObject(entry)) return [usableEntry(entry, (why) => warnings.push(`${METADATA_LABEL}[${index}]${why}`))];
    warnings.push(`${METADATA_LABEL}[${index}] is ignored: it is no object`);
    return [];
  });
  return { entries, warnings };
}

function usableEntry(entry: JsonObject, warn: (why: string) => void): MetadataEntry {
  return Object.fromEntries(
    Object.entries(entry).filter(([name, value]) => {
      const error = Object.hasOwn(entryShape, name) ? entryShape[name]?.safeParse(value).error : undefined;
      if (error !== undefined) warn(`.${name} is ignored: it ${error.issues[0]?.message ?? 'is wrong'}`);
      return error === undefined;
    }),
  );
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The label's text as images of the official CLI have it. */
export function formatMetadataLabel(entries: readonly MetadataEntry[]): string {
  return `[ ${entries.map((entry) => JSON.stringify(entry)).join(', ')} ]`;
}
