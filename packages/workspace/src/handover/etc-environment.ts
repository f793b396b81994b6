/** Reads `/etc/environment` as PAM does: `KEY=value` lines, optional `export` and quotes, comments after `#`. */
export function parseEtcEnvironment(text: string): Readonly<Record<string, string>> {
  const entries = text.split('\n').flatMap((line) => {
    const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, unquoted(value.trim())] as const];
  });
  return Object.fromEntries(entries);
}

function unquoted(value: string): string {
  const [, quote, inner] = /^(["'])(.*?)\1\s*(?:#.*)?$/s.exec(value) ?? [];
  if (quote !== undefined && inner !== undefined) return inner;
  return value.replace(/\s+#.*$/, '');
}
