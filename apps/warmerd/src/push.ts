import { parseReference, type Reference } from '@shale/core';
import { z } from 'zod';

/** A push that a registry notified us of. */
export interface Push {
  /** The registry's own name for itself; `undefined` when the notification has none. */
  readonly registry: string | undefined;
  /** For example `library/debian`. */
  readonly repository: string;
  readonly tag: string;
}

const MAX_PUSHES = 1000;

/** @see https://distribution.github.io/distribution/about/notifications/ */
const distribution = z.object({
  events: z
    .array(
      z.object({
        action: z.string(),
        target: z.object({ repository: z.string(), tag: z.string().optional() }),
        request: z.object({ host: z.string().optional() }).optional(),
      }),
    )
    .max(MAX_PUSHES),
});
/** @see https://goharbor.io/docs/2.13.0/working-with-projects/project-configuration/configure-webhooks/ */
const harbor = z.object({
  type: z.string(),
  event_data: z.object({
    resources: z.array(z.object({ resource_url: z.string(), tag: z.string().optional() })).max(MAX_PUSHES),
  }),
});
/** @see https://docs.docker.com/docker-hub/repos/manage/webhooks/ */
const dockerHub = z.object({
  push_data: z.object({ tag: z.string() }),
  repository: z.object({ repo_name: z.string() }),
});
/** @see https://docs.quay.io/guides/notifications.html */
const quay = z.object({ docker_url: z.string(), updated_tags: z.array(z.string()).max(MAX_PUSHES) });

/**
 * Reads the pushes from a notification of CNCF distribution, Harbor, Docker Hub or Quay. Other events give an empty list.
 * @returns `undefined` for a body that none of them sends
 */
export function parsePushes(body: unknown): readonly Push[] | undefined {
  const events = distribution.safeParse(body);
  if (events.success) return events.data.events.flatMap(pushOf);
  const artifacts = harbor.safeParse(body);
  if (artifacts.success) {
    const { type, event_data } = artifacts.data;
    return type === 'PUSH_ARTIFACT' ? event_data.resources.flatMap(({ resource_url: url }) => named(url)) : [];
  }
  const pushed = dockerHub.safeParse(body);
  if (pushed.success) return named(`docker.io/${pushed.data.repository.repo_name}:${pushed.data.push_data.tag}`);
  const updated = quay.safeParse(body);
  if (!updated.success) return undefined;
  return updated.data.updated_tags.flatMap((tag) => named(`${updated.data.docker_url}:${tag}`));
}

type DistributionEvent = z.infer<typeof distribution>['events'][number];

/** Skips blobs and manifests without a tag: they are pushed before the tag. */
function pushOf({ action, target: { repository, tag }, request }: DistributionEvent): readonly Push[] {
  return action === 'push' && tag !== undefined ? [{ registry: request?.host, repository, tag }] : [];
}

function named(text: string): readonly Push[] {
  try {
    const { registry, repository, tag } = parseReference(text);
    return tag === undefined ? [] : [{ registry, repository, tag }];
  } catch {
    return []; // a digest, or no image reference
  }
}

/**
 * Whether the push moved the tag that the reference names. The registry's own name for itself may differ from the name in
 * the config, so it counts only when the config knows that name too.
 */
export function isMovedBy(
  { repository, tag = 'latest', digest, registry }: Reference,
  push: Push,
  registries: ReadonlySet<string>,
): boolean {
  if (digest !== undefined || repository !== push.repository || tag !== push.tag) return false;
  return push.registry === undefined || !registries.has(push.registry) || registry === push.registry;
}
