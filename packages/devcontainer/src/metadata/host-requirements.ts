import type { GpuRequirement, HostRequirements } from '../configuration/configuration.ts';

const UNITS: Readonly<Record<string, number>> = { t: 2 ** 40, g: 2 ** 30, m: 2 ** 20, k: 2 ** 10 };

/** `8gb` in bytes; 0 for what is no size. */
export function sizeBytes(size: string | undefined): number {
  const [, digits = '0', unit = ''] = /^(\d+)([tgmk]b)?$/.exec(size ?? '') ?? [];
  return Number(digits) * (UNITS[unit.charAt(0)] ?? 1);
}

/** The most that any of them asks for; sizes are bytes then. */
export function mergeHostRequirements(all: readonly HostRequirements[]): HostRequirements | undefined {
  const cpus = Math.max(0, ...all.map((one) => one.cpus ?? 0));
  const memory = bytesText(Math.max(0, ...all.map((one) => sizeBytes(one.memory))));
  const storage = bytesText(Math.max(0, ...all.map((one) => sizeBytes(one.storage))));
  const gpu = all.map((one) => one.gpu).reduce(mergeGpu, undefined);
  return cpus || memory || storage || gpu ? { cpus, memory, storage, gpu } : undefined;
}

type Gpu = HostRequirements['gpu'];

function mergeGpu(a: Gpu, b: Gpu): Gpu {
  if (a === undefined || a === false) return b;
  if (b === undefined || b === false) return a;
  if (a === 'optional' && b === 'optional') return 'optional';
  const [one, two] = [gpuFields(a), gpuFields(b)];
  return {
    cores: Math.max(one.cores ?? 0, two.cores ?? 0) || undefined,
    memory: bytesText(Math.max(sizeBytes(one.memory), sizeBytes(two.memory))),
  };
}

const gpuFields = (gpu: Gpu): GpuRequirement => (typeof gpu === 'object' ? gpu : {});
const bytesText = (bytes: number) => (bytes === 0 ? undefined : String(bytes));
