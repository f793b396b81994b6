/** A builder that takes part. Base images are local to it before anything is timed. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  /** Forgets every build, but not the base images. Not timed. */
  reset(): Promise<void>;
  /** One build of a context, with its Dockerfile inside. */
  build(context: string): Promise<void>;
}
