import { suggest } from '@shale/dockerfile-parser';
import { parseDuration } from '../../options/duration.ts';
import { UsageError } from '../../errors/usage-error.ts';
import type { CachedLayer } from './cached-layer.ts';

const CACHE_TYPES = ['layer', 'snapshot', 'cache-mount', 'blob'] as const;

/** What a state folder keeps: entries with their layers, unpacked copies, directories of RUN mounts, other blobs. */
export type CacheType = (typeof CACHE_TYPES)[number];

export interface CacheFilter {
  /** `undefined` when no filter speaks of types. */
  readonly types: ReadonlySet<CacheType> | undefined;
  /** From `until`: what was used later does not match. */
  readonly unusedForMs: number | undefined;
  /** Whether it chooses among entries. */
  readonly isAboutEntries: boolean;
  /** `undefined` when no filter speaks of entries. */
  readonly matches: ((layer: CachedLayer) => boolean) | undefined;
}

type Field = (layer: CachedLayer) => string | undefined;

const hex = ({ key }: CachedLayer) => key.slice(key.indexOf(':') + 1);
const FIELDS: Readonly<Record<string, Field>> = {
  id: hex,
  key: hex,
  stage: ({ stage }) => stage,
  instruction: ({ instruction }) => instruction,
  description: ({ instruction }) => instruction,
  builder: ({ builder }) => builder,
  scope: ({ scope }) => scope,
  platform: ({ platform }) => platform,
};
const NAMES = [...Object.keys(FIELDS), 'type', 'until'];
const EXPRESSION = /^(?<name>[a-z]+)(?<operator>==?|!=|~=)(?<value>.*)$/s;

/** The words of `docker buildx du --filter`: filters of one name are alternatives, those of different names all hold. */
export function parseCacheFilter(texts: readonly string[]): CacheFilter {
  const alternatives = new Map<string, ((layer: CachedLayer) => boolean)[]>();
  const types = new Set<CacheType>();
  let unusedForMs: number | undefined;
  for (const text of texts) {
    const { name, operator, value } = parseExpression(text);
    if (name === 'type') types.add(parseType(value));
    else if (name === 'until') unusedForMs = parseDuration(value, { name: '--filter until', env: {} });
    else {
      const test = comparison(FIELDS[name] as Field, operator, value);
      alternatives.set(name, [...(alternatives.get(name) ?? []), test]);
    }
  }
  const groups = [...alternatives.values()];
  return {
    types: types.size === 0 ? undefined : types,
    unusedForMs,
    isAboutEntries: groups.length > 0 || unusedForMs !== undefined || types.has('layer'),
    matches: groups.length === 0 ? undefined : (layer) => groups.every((group) => group.some((test) => test(layer))),
  };
}

/** Whether an entry is meant, by all that the filter says. */
export function filterHolds({ types, unusedForMs, matches }: CacheFilter, layer: CachedLayer): boolean {
  if (types?.has('layer') === false) return false;
  const usedMs = (layer.lastUsed ?? layer.created).getTime();
  if (unusedForMs !== undefined && usedMs > Date.now() - unusedForMs) return false;
  return matches?.(layer) !== false;
}

function parseExpression(text: string): { name: string; operator: string; value: string } {
  const { name = '', operator = '', value = '' } = EXPRESSION.exec(text)?.groups ?? {};
  if (NAMES.includes(name)) return { name, operator, value };
  const near = suggest(name, NAMES);
  throw new UsageError(`--filter does not know ${JSON.stringify(text)}`, {
    hint: near === undefined ? `Filter by ${NAMES.join(', ')}, as in stage=build.` : `Did you mean ${near}=?`,
  });
}

function comparison(field: Field, operator: string, value: string): (layer: CachedLayer) => boolean {
  if (operator === '~=') {
    const pattern = parsePattern(value);
    return (layer) => pattern.test(field(layer) ?? '');
  }
  const expected = field === hex ? value.replace(/^sha256:/, '') : value;
  const isEqual = (layer: CachedLayer) =>
    field === hex ? hex(layer).startsWith(expected) : (field(layer) ?? '') === expected;
  return operator === '!=' ? (layer) => !isEqual(layer) : isEqual;
}

function parsePattern(value: string): RegExp {
  try {
    return new RegExp(value, 'u');
  } catch (cause) {
    throw new UsageError(`--filter has no regular expression: ${JSON.stringify(value)}`, { cause });
  }
}

function parseType(value: string): CacheType {
  const found = CACHE_TYPES.find((type) => type === value);
  if (found !== undefined) return found;
  throw new UsageError(`--filter has no type ${JSON.stringify(value)}`, { hint: `It is ${CACHE_TYPES.join(', ')}.` });
}
