/** What a model needs of the machine, and whether it can ever run here. */
import type { ModelYaml } from '../../../src/models/model-yaml.js';
import { demandFits, needsOf, whyNever } from '../../../src/models/needs.js';
import { parseSettings } from '../../../src/settings/load.js';

const CAPACITY = { cpus: 2, memoryMb: 4000, gpus: [{ memoryMb: 8000 }] };
const settings = (concurrency: number) => ({ ...parseSettings('', '/anteroom.yaml', {}).runs, concurrency });
const yaml = (more: Partial<ModelYaml>) => ({ runtime: 'process', command: ['x'], gpu: 'none', ...more }) as ModelYaml;

it("takes what model.yaml says, and where it says nothing no more than there is, of CPUs one slot's share", () => {
  expect(needsOf(yaml({ cpus: 8, memoryMb: 100 }), settings(2), CAPACITY)).toEqual({ cpus: 8, memoryMb: 100 });
  expect(needsOf(yaml({}), settings(1), CAPACITY)).toEqual({ cpus: 2, memoryMb: 4000 });
  expect(needsOf(yaml({}), settings(2), CAPACITY)).toEqual({ cpus: 1, memoryMb: 4000 });
  expect(needsOf(yaml({ gpu: 'required', gpuMemoryMb: 6000 }), settings(1), CAPACITY).gpu).toEqual({ memoryMb: 6000 });
});

it('says which model can never run here, and why', () => {
  const never = (more: Partial<ModelYaml>, gpus = CAPACITY.gpus) =>
    whyNever(needsOf(yaml(more), settings(1), CAPACITY), { ...CAPACITY, gpus });
  expect(never({})).toBeUndefined();
  expect(never({ memoryMb: 5000 })).toBe('it asks for 5000 MB of memory, expected at most 4000 (runs.resources.memoryMb)');
  expect(never({ gpu: 'required' })).toBeUndefined();
  expect(never({ gpu: 'required' }, [])).toBe('it asks for a GPU, and the node has none (runs.resources.gpus)');
  expect(never({ gpu: 'required', gpuMemoryMb: 9000 })).toBe(
    'it asks for 9000 MB of GPU memory, expected at most 8000 (runs.resources.gpus)',
  );
  expect(() => demandFits('m', { cpus: 3, memoryMb: 1 }, CAPACITY)).toThrow('it asks for 3 CPUs, expected at most 2');
});
