export interface DockerfileSource {
  /** For messages: the path as the user gave it. */
  readonly name: string;
  readonly text: string;
}
