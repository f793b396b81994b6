const BLANK = /\s/;

/** Collects words while a text is expanded. Blanks separate words unless they were quoted or escaped. */
export class WordList {
  readonly #words: string[] = [];
  #word = '';

  /** Adds text whose blanks separate words. */
  add(text: string): void {
    for (const character of text) {
      if (BLANK.test(character)) this.#end();
      else this.#word += character;
    }
  }

  /** Adds text whose blanks belong to the word. */
  addQuoted(text: string): void {
    this.#word += text;
  }

  end(): readonly string[] {
    this.#end();
    return this.#words;
  }

  #end(): void {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
  }
}
