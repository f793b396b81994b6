import { excerpt } from '@shale/dockerfile-parser';
import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { JsonObject } from '@shale/core/json';
import { type ConfigurationIssue, DevcontainerInvalidError, formatIssue } from '../devcontainer-error.ts';

/** Files of people are a few KiB; the largest feature metadata that is published has 30. */
export const MAX_JSON_BYTES: number = 1024 * 1024;
const MAX_DEPTH = 100;

type JsonPath = readonly (string | number)[];

/** JSON with comments and trailing commas, and where each of its values stands. */
export interface JsonDocument {
  readonly file: string;
  readonly value: JsonObject;
  /** An issue at the value, or at the nearest ancestor that is there. */
  issueAt(path: JsonPath, message: string): ConfigurationIssue;
  /** The issue at a property's name instead of its value. */
  issueAtKey(path: JsonPath, message: string): ConfigurationIssue;
  /** One error for all issues: its message has a line for each. */
  failure(issues: readonly ConfigurationIssue[]): DevcontainerInvalidError;
  /** Keys that an object has twice; the last one counts. */
  readonly duplicates: readonly ConfigurationIssue[];
}

/**
 * Reads a JSON object with comments and trailing commas.
 * @throws {DevcontainerInvalidError} for broken syntax, a value that is no object, and more than 1 MiB.
 */
export function parseJsonDocument(source: string, file: string): JsonDocument {
  const text = source.replace(/^\uFEFF/, '');
  const failure = (issues: readonly ConfigurationIssue[]) =>
    new DevcontainerInvalidError(issues.map((issue) => formatIssue(file, issue)).join('\n'), {
      file,
      issues,
      excerpt: issues[0] && excerpt(text, { startLine: issues[0].line, endLine: issues[0].line }),
    });
  const issue = (offset: number, path: JsonPath, message: string) => ({ path, message, ...placeOf(text, offset) });
  const refuse = (offset: number, message: string) => failure([issue(offset, [], message)]);

  if (Buffer.byteLength(text) > MAX_JSON_BYTES) throw refuse(0, `has more than ${MAX_JSON_BYTES / 1024} KiB`);
  const deep = firstTooDeep(text);
  if (deep !== undefined) throw refuse(deep, `nests more than ${MAX_DEPTH} levels`);
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const [broken] = errors;
  if (broken !== undefined) throw refuse(broken.offset, describeSyntax(broken));
  if (tree?.type !== 'object') throw refuse(tree?.offset ?? 0, `must be an object, not ${tree?.type ?? 'empty'}`);

  const nodeAt = (path: JsonPath): Node => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = findNodeAtLocation(tree, path.slice(0, length));
      if (node !== undefined) return node;
    }
    return tree;
  };
  return {
    file,
    value: getNodeValue(tree) as JsonObject,
    failure,
    issueAt: (path, message) => issue(nodeAt(path).offset, path, message),
    issueAtKey(path, message) {
      const node = nodeAt(path);
      return issue(node.parent?.type === 'property' ? node.parent.offset : node.offset, path, message);
    },
    duplicates: duplicateKeys(tree, []).map(({ offset, path }) =>
      issue(offset, path, `${path.join('.')} is there twice; the last one counts`),
    ),
  };
}

/** Recursion would overflow on what this refuses. */
function firstTooDeep(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  do {
    scanner.scan();
    const sign = text.slice(scanner.getTokenOffset(), scanner.getPosition());
    if (sign === '{' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ']') depth -= 1;
    if (depth > MAX_DEPTH) return scanner.getTokenOffset();
  } while (scanner.getTokenLength() > 0);
  return undefined;
}

function duplicateKeys(node: Node, path: JsonPath): { offset: number; path: JsonPath }[] {
  if (node.type === 'array')
    return (node.children ?? []).flatMap((child, index) => duplicateKeys(child, [...path, index]));
  if (node.type !== 'object') return [];
  const seen = new Set<string>();
  return (node.children ?? []).flatMap((property) => {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) return [];
    const here = [...path, String(key.value)];
    const again = seen.has(String(key.value)) ? [{ offset: property.offset, path: here }] : [];
    seen.add(String(key.value));
    return [...again, ...duplicateKeys(value, here)];
  });
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** `ValueExpected` to `a value is expected here`. */
function describeSyntax({ error }: ParseError): string {
  const words = printParseErrorCode(error).replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const [, what] = /^(.*) expected$/.exec(words) ?? [];
  if (what === undefined) return words.toLowerCase();
  return `${what.toLowerCase()} is expected here`;
}
