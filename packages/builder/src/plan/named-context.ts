import type { NamedContext } from '../graph/context.ts';

/** Named contexts, by the name that a Dockerfile uses. */
export type NamedContexts = ReadonlyMap<string, NamedContext>;

/** Finds the context of a name. Names are compared as image names are: `docker.io/library/alpine:latest` is `alpine`. */
export function findNamedContext(contexts: NamedContexts, name: string): NamedContext | undefined {
  if (contexts.size === 0) return undefined;
  const wanted = shortName(name);
  for (const [key, context] of contexts) if (shortName(key) === wanted) return context;
  return undefined;
}

function shortName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^(?:index\.)?docker\.io\//, '')
    .replace(/^library\/(?=[^/]+$)/, '')
    .replace(/:latest$/, '');
}
