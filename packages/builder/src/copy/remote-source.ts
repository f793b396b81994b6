import { posix } from 'node:path';
import { isGitSource } from '@shale/git';

/** Whether a source is a URL or a git repository, which only ADD accepts. */
export function isRemoteSource(source: string): boolean {
  return isUrl(source) || isGitSource(source);
}

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

const UNNAMED = '__unnamed__';

/** The file name of a URL: as in BuildKit, the last part of its path. */
export function urlFileName(url: string): string {
  try {
    const name = posix.basename(decodeURIComponent(new URL(url).pathname));
    return name === '' || name === '.' || name === '..' || name.includes('\0') ? UNNAMED : name;
  } catch {
    return UNNAMED; // a malformed escape in the URL
  }
}
