import type { StepNode } from '../graph/build-graph.ts';
import { contextDigests } from './digest-context-source.ts';
import type { RemoteVersions } from './remote-version.ts';
import type { ContentDigest, ContextDigests } from './step-keys.ts';
import { ContextInvalidError } from '../graph/context.ts';

/** What the keys of steps say about the files that the steps read from build contexts. */
export interface ContextReads {
  readonly digests: ContextDigests;
  /**
   * Checks, after a step, that the files which it read are still those in its key.
   * @throws {ContextInvalidError} with the files that changed meanwhile.
   */
  verify(step: StepNode): void;
}

type Read = Parameters<ContextDigests>[1];

export function contextReads(versions: RemoteVersions): ContextReads {
  const digests = contextDigests(versions);
  const seen = new Map<StepNode, [Read, ContentDigest][]>();
  return {
    digests(step, source) {
      const digest = digests(step, source);
      seen.set(step, [...(seen.get(step) ?? []), [source, digest]]);
      return digest;
    },
    verify(step) {
      const again = contextDigests(versions);
      for (const [source, before] of seen.get(step) ?? []) {
        if (source.context.kind !== 'directory') continue; // nobody else can change our own copy
        const now = again(step, source);
        if (now.digest !== before.digest) throw changed(before, now);
      }
    },
  };
}

const MAX_NAMED = 3;

function changed(before: ContentDigest, now: ContentDigest): ContextInvalidError {
  const names = differences(before, now);
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  const what = names.length === 0 ? '' : `: ${names.slice(0, MAX_NAMED).join(', ')}${more}`;
  return new ContextInvalidError(`The build context changed while the build read it${what}`, {
    hint: 'Build again. If files keep changing, exclude them in .dockerignore.',
  });
}

function differences(before: ContentDigest, now: ContentDigest): readonly string[] {
  const [old, fresh] = [before, now].map(({ files }) => new Map(files.map(({ name, hash }) => [name, hash])));
  const names = new Set([...(old?.keys() ?? []), ...(fresh?.keys() ?? [])]);
  return [...names].filter((name) => old?.get(name) !== fresh?.get(name));
}
