import type { Usage } from './usage.ts';

/** A builder that takes part. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  /** A machine that has the base images and has built nothing. Not timed. `directory` is an empty tmpfs. */
  openMachine(directory: string): Promise<Machine>;
}

export interface Machine extends AsyncDisposable {
  /** One build of a context, with its Dockerfile inside. */
  build(context: string, options?: BuildOptions): Promise<Usage>;
}

export interface BuildOptions {
  /** A repository without TLS where layers are looked up and kept. @default layers stay on the machine */
  readonly cacheRepository?: string;
}

/** What a contender needs to know of the run. */
export interface Bases {
  /** A registry without TLS, as `127.0.0.1:PORT`, that serves the base images under docker.io's names. */
  readonly host: string;
}
