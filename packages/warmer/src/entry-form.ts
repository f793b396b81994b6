/**
 * The form of an image in the directory: `tar`, as kaniko's warmer and envbuilder write and read it, or `oci`, an OCI image
 * layout, as later forks of kaniko use it.
 */
export type EntryForm = 'tar' | 'oci';
