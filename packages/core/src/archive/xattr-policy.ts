/**
 * The attributes that belong to an image: file capabilities, access lists, and what users set. Overlayfs's own marks do
 * not: they would let a layer refer to another layer.
 */
export function isKeptXattr(name: string): boolean {
  if (name.startsWith('user.')) return !name.startsWith('user.overlay.') && !name.startsWith('user.fuseoverlayfs.');
  return name === 'security.capability' || name.startsWith('system.posix_acl_');
}

export function keptXattrs(xattrs: ReadonlyMap<string, Uint8Array>): readonly (readonly [string, Uint8Array])[] {
  return [...xattrs].filter(([name]) => isKeptXattr(name));
}
