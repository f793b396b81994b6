/** Makes an image's file system the root of the running container. @module */
export { NotInContainerError } from '../host/container.ts';
export { type ResolvedUser, resolveUser, UserUnknownError } from '../tree/users.ts';
export { recoverRoot, replaceRoot, type ReplaceRootOptions } from './replace-root.ts';
