import type { HealthCheck } from '@shale/core';
import type { Command, HealthcheckInstruction, Instruction } from '@shale/dockerfile-parser';
import { parseExposePorts, parseSignal } from '@shale/dockerfile-parser';
import type { InstructionScope } from './instruction-scope.ts';
import type { StageState } from '../graph/stage-state.ts';
import { setConfig, setEnv, shellOf } from '../graph/stage-state.ts';

/** Instructions that change only the config of the image. */
export type MetadataInstruction = Exclude<
  Instruction,
  { keyword: 'FROM' | 'ARG' | 'RUN' | 'COPY' | 'ADD' | 'WORKDIR' }
>;

export interface Folded {
  readonly state: StageState;
  /** `undefined` for an instruction without a history entry. */
  readonly createdBy: string | undefined;
}

/** Applies one instruction to the state. History texts equal those of BuildKit, quirks included: tools parse them. */
export function foldMetadata(state: StageState, instruction: MetadataInstruction, scope: InstructionScope): Folded {
  const { expand } = scope;
  switch (instruction.keyword) {
    case 'ENV': {
      const pairs = instruction.pairs.map(({ key, value }) => [expand.word(key), expand.word(value)] as const);
      const next = pairs.reduce((folded, [key, value]) => setEnv(folded, key, value), state);
      return { state: next, createdBy: `ENV ${pairs.map(([key, value]) => `${key}=${value}`).join(' ')}` };
    }
    case 'LABEL': {
      const pairs = instruction.pairs.map(({ key, value }) => [expand.word(key), expand.word(value)] as const);
      const labels = { ...state.config.Labels, ...Object.fromEntries(pairs) };
      return {
        state: setConfig(state, { Labels: labels }),
        createdBy: `LABEL ${pairs.map(([key, value]) => `${key}=${value}`).join(' ')}`,
      };
    }
    case 'MAINTAINER':
      return { state: { ...state, author: instruction.name }, createdBy: `MAINTAINER ${instruction.name}` };
    case 'EXPOSE': {
      const ports = parseExposePorts(instruction.ports.flatMap((port) => expand.words(port))).toSorted();
      const exposed = { ...state.config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
      const text = ports.map((port) => `${port}:{}`).join(' ');
      return { state: setConfig(state, { ExposedPorts: exposed }), createdBy: `EXPOSE map[${text}]` };
    }
    case 'USER': {
      const user = expand.word(instruction.user);
      return { state: setConfig(state, { User: user }), createdBy: `USER ${user}` };
    }
    case 'VOLUME': {
      const paths = instruction.paths.map((path) => expand.word(path));
      if (paths.includes('')) scope.fail('VOLUME specified can not be an empty string');
      const volumes = { ...state.config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
      return { state: setConfig(state, { Volumes: volumes }), createdBy: `VOLUME [${paths.join(' ')}]` };
    }
    case 'STOPSIGNAL': {
      const signal = expand.word(instruction.signal);
      parseSignal(signal);
      return { state: setConfig(state, { StopSignal: signal }), createdBy: `STOPSIGNAL ${signal}` };
    }
    case 'SHELL':
      return {
        state: setConfig(state, { Shell: instruction.args }),
        createdBy: `SHELL [${instruction.args.join(' ')}]`,
      };
    case 'CMD': {
      const args = commandArgs(instruction.command, state);
      const next = setConfig(state, { Cmd: args, ArgsEscaped: true });
      return { state: { ...next, ownCommand: true }, createdBy: `CMD ${quoteList(args)}` };
    }
    case 'ENTRYPOINT': {
      const args = commandArgs(instruction.command, state);
      const { Cmd: inherited, ...config } = state.config;
      const next = setConfig(state.ownCommand || inherited === undefined ? state : { ...state, config }, {
        Entrypoint: args,
      });
      return { state: next, createdBy: `ENTRYPOINT ${quoteList(args)}` };
    }
    case 'HEALTHCHECK': {
      const check = healthCheck(instruction);
      return { state: setConfig(state, { Healthcheck: check }), createdBy: `HEALTHCHECK ${formatHealthCheck(check)}` };
    }
    case 'ONBUILD': {
      const triggers = [...(state.config.OnBuild ?? []), instruction.trigger];
      return { state: setConfig(state, { OnBuild: triggers }), createdBy: undefined };
    }
  }
}

/** The words of the exec form; the shell form as an argument of SHELL. */
export function commandArgs(command: Command, state: StageState): readonly string[] {
  return command.form === 'exec' ? command.args : [...shellOf(state), command.text];
}

function healthCheck({
  command,
  interval,
  timeout,
  startPeriod,
  startInterval,
  retries,
}: HealthcheckInstruction): HealthCheck {
  if (command === undefined) return { Test: ['NONE'] };
  return {
    Test: command.form === 'exec' ? ['CMD', ...command.args] : ['CMD-SHELL', command.text],
    ...(interval > 0 && { Interval: interval }),
    ...(timeout > 0 && { Timeout: timeout }),
    ...(startPeriod > 0 && { StartPeriod: startPeriod }),
    ...(startInterval > 0 && { StartInterval: startInterval }),
    ...(retries > 0 && { Retries: retries }),
  };
}

/** Formats a list as Go does with `%q`. */
export function quoteList(items: readonly string[]): string {
  return `[${items.map((item) => JSON.stringify(item)).join(' ')}]`;
}

function formatHealthCheck({
  Test = [],
  Interval = 0,
  Timeout = 0,
  StartPeriod = 0,
  StartInterval = 0,
  Retries = 0,
}: HealthCheck): string {
  const durations = [Interval, Timeout, StartPeriod, StartInterval].map(
    (nanoseconds) => `"${formatDuration(nanoseconds)}"`,
  );
  const retries = `'\\x${Retries.toString(16).padStart(2, '0')}'`;
  return `&{${quoteList(Test)} ${durations.join(' ')} ${retries}}`;
}

/** Formats a duration as Go's `time.Duration.String()` does. */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e9) {
    const [unit, size] = nanoseconds < 1e3 ? ['ns', 1] : nanoseconds < 1e6 ? ['µs', 1e3] : ['ms', 1e6];
    return `${nanoseconds / size}${unit}`;
  }
  const seconds = nanoseconds / 1e9;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Number((seconds % 60).toFixed(9));
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${rest}s`;
}
