import type { Mount, MountObject } from '../configuration/configuration.ts';

const FIELDS: Readonly<Record<string, string>> = { src: 'source', dst: 'target', destination: 'target' };

/** Fields of a mount, whichever way it is written: `type`, `source`, `target`, and others as they are. */
export function mountFields(mount: Mount): Partial<MountObject> & Readonly<Record<string, unknown>> {
  if (typeof mount !== 'string') return { ...mount };
  const pairs = mount.split(',').map((field) => field.split('='));
  return Object.fromEntries(pairs.map(([name = '', value]) => [FIELDS[name] ?? name, value]));
}

/** Of several mounts at one place the last one stays, where it is. */
export function mergeMounts(mounts: readonly Mount[]): readonly Mount[] {
  const targets = mounts.map((mount) => mountFields(mount).target);
  return mounts.filter((_, index) => targets.lastIndexOf(targets[index]) === index);
}
