/**
 * How an image lies in the directory: `tar`, as kaniko's warmer and envbuilder write and read it, or `oci`, an OCI image
 * layout, as later forks of kaniko do.
 */
export type EntryForm = 'tar' | 'oci';
