import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JsonObject } from '@shale/core/json';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { ComposeInvalidError } from './compose-error.ts';

const MAX_COMPOSE_BYTES = 1024 * 1024;

/** A compose file: its services as they are written. */
export interface ComposeFile {
  readonly path: string;
  /** What relative paths in it start from. */
  readonly folder: string;
  readonly services: JsonObject;
  /** An error at what keys lead to, or at the nearest thing above that is there. */
  failAt(keys: readonly string[], message: string, hint?: string): ComposeInvalidError;
}

/**
 * @param folder What relative paths in it start from: of several files, that of the first.
 * @throws {ComposeInvalidError} for a file that is not there, is no YAML, or has no services.
 */
export async function readComposeFile(path: string, folder: string = dirname(path)): Promise<ComposeFile> {
  const size = (await stat(path).catch(() => undefined))?.size;
  if (size === undefined) throw new ComposeInvalidError('There is no such compose file', { file: path });
  if (size > MAX_COMPOSE_BYTES) throw new ComposeInvalidError('The file is larger than 1 MiB', { file: path });
  return parseComposeFile(await readFile(path, 'utf8'), path, folder);
}

function parseComposeFile(text: string, path: string, folder: string): ComposeFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const [message = ''] = broken.message.split('\n');
    throw new ComposeInvalidError(message, { file: path, line: lines.linePos(broken.pos[0]).line });
  }
  const failAt = (keys: readonly string[], message: string, hint?: string) => {
    const node = keys
      .map((_, index) => document.getIn(keys.slice(0, keys.length - index), true))
      .find((found) => isNode(found));
    const offset = isNode(node) ? node.range?.[0] : undefined;
    return new ComposeInvalidError(message, {
      file: path,
      line: offset === undefined ? undefined : lines.linePos(offset).line,
      hint,
    });
  };
  const services = objectAt(toValue(document, path)['services']);
  if (services === undefined) throw failAt(['services'], 'The file has no services');
  return { path, folder, services, failAt };
}

/** Aliases that multiply without end are an error of the library's. */
function toValue(document: ReturnType<typeof parseDocument>, path: string): JsonObject {
  try {
    return objectAt(document.toJS()) ?? {};
  } catch (error) {
    throw new ComposeInvalidError((error as Error).message, { file: path, cause: error });
  }
}

export function objectAt(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
