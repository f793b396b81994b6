import type { NamedContext } from '../graph/context.ts';

/** Contexts by name. */
export type NamedContexts = ReadonlyMap<string, NamedContext>;

/** What a Dockerfile means by a name is found as an image would be: `docker.io/library/alpine:latest` is `alpine`. */
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
