/** The variables of the process, as they were at its start. */
export type Environment = Readonly<Record<string, string | undefined>>;
