/** Measures and prunes what builds keep in a state folder. @module */
export {
  type CacheMountUsage,
  cacheMountUsage,
  pruneCacheMounts,
  type PruneCacheMountsOptions,
} from './prune-cache-mounts.ts';
export { pruneSnapshots, type PruneSnapshotsOptions, type SnapshotUsage, snapshotUsage } from './prune-snapshots.ts';
