import { DockerfileError } from './dockerfile-error.ts';

export type Escape = '\\' | '`';

/** `# key=value` lines at the very top. */
export interface Directives {
  readonly syntax: string | undefined;
  readonly escape: Escape;
  readonly check: string | undefined;
}

const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const KNOWN: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);

/** The first line that is no known directive ends them: a comment and an empty line do too. */
export function parseDirectives(lines: readonly string[]): Directives {
  const values = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const [, key = '', value = ''] = DIRECTIVE.exec(line) ?? [];
    const name = key.toLowerCase();
    if (!KNOWN.has(name)) break;
    const range = { startLine: index + 1, endLine: index + 1 };
    if (values.has(name)) throw new DockerfileError(`only one ${name} parser directive can be used`, { range });
    if (name === 'escape' && value !== '\\' && value !== '`') {
      throw new DockerfileError(`invalid escape token '${value}' does not match \` or \\`, { range });
    }
    values.set(name, value);
  }
  const escape = values.get('escape') === '`' ? '`' : '\\';
  return { syntax: values.get('syntax'), escape, check: values.get('check') };
}
