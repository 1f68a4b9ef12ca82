/** What MHub's engine is told, and what its logs tell. */
import { writeFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { organizerTargets } from '../../../src/models/mhub-workflow.js';
import { errorsInLogs } from '../../../src/runs/engine-logs.js';
import { collectOutputs } from '../../../src/runs/outputs.js';
import { configText } from '../../../src/runs/run-spec.js';
import { tempFolder } from '../../support/temp.js';

describe('a setting on the command line', () => {
  it.each<[unknown, string]>([
    [true, 'True'],
    [false, 'False'],
    [null, 'None'],
    [3, '3'],
    ['fast', 'fast'],
    ['two words', 'two words'],
    ['1.0', '"1.0"'],
    ['True', '"True"'],
    ['nan', '"nan"'],
    ['{"a":1}', '"{\\"a\\":1}"'],
    ['', '""'],
    [['a', 1], '["a",1]'],
    [{ mod: 'MR' }, '{"mod":"MR"}'],
  ])('%j is %s', (value, text) => {
    expect(configText(value)).toBe(text);
  });
});

describe('exported logs', () => {
  it('tell their errors, the last ones, by module; they are no outputs', async () => {
    const folder = tempFolder('logs');
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    write(
      '1.2/mlog/Runner.log',
      '[NOTICE|01.01.26 10:00:00]: start\n[ERROR|01.01.26 10:00:01]: ERROR: Runner failed processing instance <I:/x>: no CUDA in Traceback\n',
    );
    write('global/mlog/Importer.log', `${'[DEBUG|01.01.26 10:00:00]: x\n'.repeat(20_000)}[ERROR|01.01.26 10:00:01]: second\n`);
    write('1.2/report.json', '{}');
    const outputs = await collectOutputs(folder);
    expect(outputs.map(({ path, kind }) => [path, kind])).toEqual([
      ['1.2/mlog/Runner.log', 'log'],
      ['1.2/report.json', 'json'],
      ['global/mlog/Importer.log', 'log'],
    ]);
    expect(await errorsInLogs(folder, outputs)).toEqual([
      'Runner: Runner failed processing instance <I:/x>: no CUDA in Traceback',
      'Importer: second',
    ]);
  });
});

describe('the targets of a workflow', () => {
  it('are those of DataOrganizer', () => {
    const text = 'execute: [DicomImporter, {module: DataOrganizer}]\nmodules: {DataOrganizer: {targets: ["dicomseg-->[i:sid]/a.seg.dcm"]}}';
    expect(organizerTargets(text, 'default.yml')).toEqual(['dicomseg-->[i:sid]/a.seg.dcm']);
  });

  it.each<[string, string, string]>([
    ['nowhere', 'execute: [DicomImporter]', 'has no step DataOrganizer'],
    [
      'in the step itself, where nothing from outside counts',
      'execute: [{module: DataOrganizer, targets: [a]}]',
      'has its targets in `execute`',
    ],
    ['not written', 'execute: [DataOrganizer]', 'has no targets'],
  ])('%s: refused', (_where, text, reason) => {
    expect(() => organizerTargets(text, 'default.yml')).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID', seen: expect.stringContaining(reason) as string }) as Error,
    );
  });
});
