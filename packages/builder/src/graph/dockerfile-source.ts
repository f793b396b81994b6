export interface DockerfileSource {
  /** The path as the user wrote it, for messages. */
  readonly name: string;
  readonly text: string;
}
