/** Where programs of the host are, never the image's. */
export const HOST_DIRECTORIES: readonly string[] = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export const HOST_PATH: string = HOST_DIRECTORIES.join(':');

/** One word of a shell's command line, whatever it holds. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
