/** A variable that must be set is not, or `${` has no end. */
export class InterpolationError extends Error {}

type Variables = Readonly<Record<string, string | undefined>>;

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /:?[-?+]/y;
const MAX_DEPTH = 20;

/**
 * Replaces variables as compose does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${NAME:+other}`, each
 * also without the colon, which makes an empty variable a set one. `$$` is `$`.
 * @throws {InterpolationError}
 * @see https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
 */
export function interpolate(text: string, variables: Variables): string {
  return new Interpolation(text, variables).run();
}

class Interpolation {
  readonly #text: string;
  readonly #variables: Variables;
  #at = 0;

  constructor(text: string, variables: Variables) {
    this.#text = text;
    this.#variables = variables;
  }

  run(depth = 0): string {
    if (depth > MAX_DEPTH) throw new InterpolationError('Variables nest too deeply');
    let result = '';
    while (!this.#isEnd(depth)) {
      const next = this.#text[this.#at++];
      result += next === '$' ? this.#variable(depth) : next;
    }
    return result;
  }

  /** Of the text, or of a default inside `${}`. */
  #isEnd(depth: number): boolean {
    return this.#at >= this.#text.length || (depth > 0 && this.#text[this.#at] === '}');
  }

  /** What follows a `$`. */
  #variable(depth: number): string {
    if (this.#text[this.#at] === '$') {
      this.#at += 1;
      return '$';
    }
    if (this.#text[this.#at] !== '{') {
      const name = this.#match(NAME);
      return name === undefined ? '$' : this.#valueOf(name);
    }
    this.#at += 1;
    const name = this.#match(NAME);
    const operator = this.#match(OPERATOR) ?? '';
    const word = operator === '' ? '' : this.run(depth + 1);
    if (name === undefined || this.#text[this.#at] !== '}') {
      throw new InterpolationError(`${JSON.stringify(this.#text)} has a variable that is malformed`);
    }
    this.#at += 1;
    return this.#resolve(name, operator, word);
  }

  #resolve(name: string, operator: string, word: string): string {
    const value = this.#valueOf(name);
    const isSet = operator.startsWith(':') ? value !== '' : this.#isSet(name);
    switch (operator.at(-1)) {
      case '-':
        return isSet ? value : word;
      case '+':
        return isSet ? word : '';
      case '?':
        if (isSet) return value;
        throw new InterpolationError(`The variable ${name} is needed${word === '' ? '' : `: ${word}`}`);
      default:
        return value;
    }
  }

  #isSet(name: string): boolean {
    return Object.hasOwn(this.#variables, name) && this.#variables[name] !== undefined;
  }

  #valueOf(name: string): string {
    return (this.#isSet(name) ? this.#variables[name] : undefined) ?? '';
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}
