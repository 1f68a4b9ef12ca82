/**
 * MHub's container contract, with a stand-in that keeps it to the letter, its traps included (test/support/mhub): one test for each input
 * layout and for each trap. Most of it runs as processes; what only a container can show is at the end.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { OutputView, ResultView, RunView } from '../../src/api/views.js';
import { encodeNrrd } from '../../src/kit/nrrd.js';
import { sendTo } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { containersOf, dockerAt, engineSocket, missingForDocker } from '../support/docker.js';
import { mhubImage } from '../support/mhub/image.js';
import { standInDockerPackage, standInPackage, type StandInModel } from '../support/mhub/package.js';
import { mixedStudy, segOn, type MixedStudy } from '../support/mhub/study.js';
import { letGo } from '../support/model-package.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { ellipsoid, labelMapOf } from '../support/seg.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';

type Run = RunView & { results: ResultView[]; outputs: OutputView[]; logPath: string };

const ENDED = ['done', 'failed', 'rejected', 'cancelled'];
/** So that several run at the same time. */
const SMALL = { cpus: 0.25, memoryMb: 200 };

const STUDY = mixedStudy('mhub contract', {
  ct: { modality: 'CT' },
  thin: { modality: 'CT', slices: 6 },
  pt: { modality: 'PT', spacingMm: 5 },
  t2w: { modality: 'MR' },
  adc: { modality: 'MR' },
  hbv: { modality: 'MR' },
});
/** What somebody drew on the CT before; it is a member of the study. */
const DRAWN = segOn(STUDY.series.ct.source, 'drawn before');

const CT = STUDY.series.ct.seriesInstanceUid;
const SEGS = Object.fromEntries(Object.values(STUDY.series).map(({ seriesInstanceUid, seg }) => [`${seriesInstanceUid}.seg.dcm`, seg]));
const answer = (ending: string, content: string | Uint8Array) => ({ [`${CT}${ending}`]: content });

/** A model of the suite with the rule that runs it: the series of each input by its description. */
interface Case extends StandInModel {
  readonly takes?: string | Readonly<Record<string, string>>;
  readonly workflow?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

const MR = { modality: 'MR' };
const TWO_CTS = { takes: { thick: 'ct', thin: 'thin' }, inputs: [{ modality: 'CT' }, { modality: 'CT' }] };
/** With arguments of the package's own before those of the node. */
const started = (program: string, ...args: string[]) => ({ command: [process.execPath, program, ...args] });
const PREDICTION = [{ type: 'Prediction', valueType: 'Likelihood', label: 'likelihood' }];
const liver = labelMapOf(STUDY.series.ct.source.grid, [ellipsoid(STUDY.series.ct.source.grid, [0.45, 0.55, 0.5], 0.3)]);
const onOtherGrid = { ...liver, grid: { ...liver.grid, originMm: [-28, -40, 0] as const } };
const labelMaps = [{ file: '*.nrrd', labels: { 1: 'LIVER' } }];

const LAYOUTS: readonly (Case & { readonly places: Readonly<Record<string, string>>; readonly on: string })[] = [
  { name: 'flat', takes: 'ct', places: { '': 'ct' }, on: 'ct' },
  {
    name: 'ct_pt',
    inputs: [{ modality: 'CT' }, { modality: 'PT' }],
    takes: { ct: 'ct', pt: 'pt' },
    yaml: { input: { layout: 'ct-pt' } },
    standIn: { importer: '$id/ct,$id/pt', target: 'pt' },
    places: { '{study}/ct/': 'ct', '{study}/pt/': 'pt' },
    on: 'pt',
  },
  {
    // Its card names the PET first, as that of gc_autopet_fpr does.
    name: 'ct_pet',
    inputs: [{ modality: 'PT' }, { modality: 'CT' }],
    takes: { ct: 'thin', pet: 'pt' },
    yaml: { input: { layout: 'ct-pet' } },
    standIn: { importer: '$id/ct,$id/pet', target: 'pet' },
    places: { '{study}/ct/': 'thin', '{study}/pet/': 'pt' },
    on: 'pt',
  },
  {
    name: 't2w_adc_hbv',
    inputs: [MR, MR, MR],
    takes: { t2w: 't2w', adc: 'adc', hbv: 'hbv' },
    yaml: { input: { layout: 't2w-adc-hbv' } },
    standIn: { importer: '$id/t2w,$id/adc,$id/hbv', target: 't2w' },
    places: { '{study}/t2w/': 't2w', '{study}/adc/': 'adc', '{study}/hbv/': 'hbv' },
    on: 't2w',
  },
  {
    name: 't2_adc',
    inputs: [MR, MR],
    takes: { T2: 't2w', ADC: 'adc' },
    yaml: { input: { layout: 't2-adc' } },
    standIn: { importer: '$id/T2,$id/ADC', target: 'T2' },
    places: { '{study}/T2/': 't2w', '{study}/ADC/': 'adc' },
    on: 't2w',
  },
  {
    name: 'ct_with_its_seg',
    inputs: [{ modality: 'CT' }, { modality: 'SEG', format: 'DICOMSEG' }],
    takes: { ct: 'ct', seg: 'SEG' },
    yaml: { input: { layout: 'ct-seg' } },
    places: { '': 'ct', 'seg:': 'SEG' },
    on: 'ct',
  },
];

const TRAPS: readonly Case[] = [
  { name: 'raises', standIn: { trap: 'raises' }, yaml: { exportLogs: true } },
  { name: 'subprocess_fails', standIn: { trap: 'subprocess-fails' } },
  { name: 'module_raises', standIn: { trap: 'module-raises' } },
  { name: 'no_such_workflow', workflow: 'heart' },
  { name: 'no_such_config', yaml: started('mhub.run.mjs', '--config', 'config/gone.yml') },
  { name: 'one_of_two_raises', ...TWO_CTS, standIn: { trap: 'raises', raisesFor: CT }, yaml: { exportLogs: true } },
  {
    name: 'stops_on_error',
    ...TWO_CTS,
    standIn: { trap: 'raises', raisesFor: CT },
    yaml: started('mhub.run.mjs', '--print', '--stop-on-error'),
  },
  { name: 'stop_on_error_alone', standIn: { trap: 'raises' }, yaml: started('mhub.run.mjs', '--stop-on-error') },
  { name: 'test_fails', yaml: started('mhub.test.mjs', 'mte', 'default') },
  { name: 'test_fails_in_silence', yaml: started('mhub.test.mjs', 't', 'default') },
  { name: 'organizer_raises', standIn: { trap: 'organizer-raises' }, yaml: { exportLogs: true } },
  { name: 'module_missing', standIn: { trap: 'module-missing' } },
  { name: 'finds_no_case', standIn: { importer: '$id/ct' } },
  { name: 'other_workflow', workflow: 'fast', workflows: ['default', 'fast'] },
  { name: 'waits', standIn: { trap: 'waits' } },
  { name: 'fills_scratch', standIn: { trap: 'fills-scratch' }, yaml: { maxScratchMb: 4 } },
  { name: 'own_file_name', standIn: { name: 'CaSuSt' } },
  {
    name: 'settings_of_every_kind',
    settings: {
      'modules.Runner.fast': true,
      'modules.Runner.fold': '1.0',
      'modules.Runner.name': 'two words',
    },
  },
  {
    name: 'other_inputs',
    takes: { ct: 'ct', pet: 'pt' },
    inputs: [{ modality: 'CT' }, { modality: 'PT' }],
    yaml: { input: { layout: 'ct-pt' } },
  },
  {
    name: 'seg_of_another_series',
    takes: { ct: 'thin', seg: 'SEG' },
    inputs: [{ modality: 'CT' }, { modality: 'SEG', format: 'DICOMSEG' }],
    yaml: { input: { layout: 'ct-seg' } },
  },
  { name: 'only_json', outputs: PREDICTION, standIn: { answers: ['.json'] }, answers: answer('.json', '{"likelihood": 0.41, "x": NaN}') },
  { name: 'only_csv', outputs: PREDICTION, standIn: { answers: ['.csv'] }, answers: answer('.csv', 'feature,value\na,1\n') },
  { name: 'only_tiff', outputs: PREDICTION, standIn: { answers: ['.tiff'] }, answers: answer('.tiff', 'II*') },
  {
    name: 'half_a_json',
    outputs: PREDICTION,
    standIn: { answers: ['.json'], trap: 'half-an-answer' },
    answers: answer('.json', '{"a": [1, 2]}'),
  },
  { name: 'empty_json', outputs: PREDICTION, standIn: { answers: ['.json'] }, answers: answer('.json', '') },
  { name: 'seg_and_json', standIn: { answers: ['.seg.dcm', '.json'] }, answers: answer('.json', '{"volume": 12}') },
  { name: 'json_in_place_of_seg', standIn: { answers: ['.json'] }, answers: answer('.json', '{"volume": 12}') },
  { name: 'label_map', standIn: { answers: ['.nrrd'] }, answers: answer('.nrrd', encodeNrrd(liver)), yaml: { outputs: { labelMaps } } },
  {
    name: 'label_map_elsewhere',
    standIn: { answers: ['.nrrd'] },
    answers: answer('.nrrd', encodeNrrd(onOtherGrid)),
    yaml: { outputs: { labelMaps } },
  },
  {
    name: 'label_without_a_name',
    standIn: { answers: ['.nrrd'] },
    answers: answer('.nrrd', encodeNrrd({ ...liver, labels: liver.labels.map((label) => 3 * label) })),
    yaml: { outputs: { labelMaps } },
  },
];

function ruleFor({ name, takes = 'ct', workflow, settings }: Case): Record<string, unknown> {
  const seriesOf = (description: string) =>
    description === 'SEG' ? [{ tag: 'Modality', equals: 'SEG' }] : [{ tag: 'SeriesDescription', equals: description }];
  const chosen =
    typeof takes === 'string'
      ? { when: seriesOf(takes) }
      : { inputs: Object.fromEntries(Object.entries(takes).map(([input, description]) => [input, { when: seriesOf(description) }])) };
  const more = { ...(workflow === undefined ? {} : { workflow }), ...(settings === undefined ? {} : { settings }) };
  return { name: name.replaceAll('_', '-'), ...chosen, model: name, destinations: ['archive'], ...more };
}

const rulesFor = (cases: readonly Case[]) => ({ 'rules.yaml': stringify({ rules: cases.map(ruleFor) }) });

function filesOfStudy(study: MixedStudy): string[] {
  const drawn = join(tempFolder('drawn'), 'seg.dcm');
  writeFileSync(drawn, DRAWN);
  return [...study.files, drawn];
}

const runsOf = (node: TestNode) => node.admin.get<Run[]>(`/runs?study=${STUDY.studyInstanceUid}`);

interface Testimony {
  readonly input: readonly { readonly path: string; readonly sid: string }[];
  readonly args: readonly string[];
}

/** As `anteroom models add --activate` does, without a process for each. */
async function addModel(node: TestNode, folder: string): Promise<void> {
  await node.admin.post('/models', { folder, activate: { by: 'test', reason: 'test' } });
}

/** What the stand-in says that it saw. */
function testimonyOf(run: Run): Testimony {
  const line = readFileSync(run.logPath, 'utf8')
    .split('\n')
    .find((one) => one.startsWith('testimony '));
  return JSON.parse(line?.slice('testimony '.length) ?? 'null') as Testimony;
}

describeWith("MHub's contract, as processes", missingForNode(), () => {
  const cases = [...LAYOUTS, ...TRAPS];
  let node: TestNode;
  let runs: readonly Run[];
  let told: string;
  /** What `anteroom runs` said of the one that waits, while it waited. */
  let waiting: Run;

  const run = (name: string): Run => runs.find(({ model }) => model === name) as Run;

  beforeAll(async () => {
    node = await startNode({ rules: rulesFor(cases), settings: { runs: { concurrency: 6, resources: { cpus: 8, memoryMb: 8192 } } } });
    for (const { yaml, answers, ...model } of cases) {
      const outputs = { mustExist: 'card', ...(yaml?.outputs as object | undefined) };
      await addModel(node, standInPackage({ ...model, answers: { ...SEGS, ...answers }, yaml: { ...SMALL, ...yaml, outputs } }));
    }
    await sendTo(node, filesOfStudy(STUDY));
    const atWork = async () => (await runsOf(node)).find(({ model }) => model === 'waits');
    waiting = await until(
      'the model that waits to tell how far it is',
      async () => {
        const one = await atWork();
        return one?.progressText?.startsWith('Runner') === true && one;
      },
      60_000,
    );
    letGo(node, waiting.run, 1);
    runs = await until(
      'every run to end',
      async () => {
        const all = await runsOf(node);
        return all.length === cases.length && all.every(({ state }) => ENDED.includes(state)) && all;
      },
      60_000,
    );
    told = (await node.command('runs', '--study', STUDY.studyInstanceUid)).stdout;
  }, 120_000);

  afterAll(async () => {
    await node.remove();
  });

  /** What `anteroom runs` says of a run that has a reason. */
  const account = (name: string) =>
    told
      .split(/\n(?=run \d+ )/)
      .filter((part) => part.startsWith(`run ${run(name).run} `))
      .join('\n');

  it.each(LAYOUTS)('lays out $name: each series in its folder, and no more', ({ name, places, on }) => {
    const { state, reason, results } = run(name);
    expect({ state, reason }).toEqual({ state: 'done', reason: null });
    expect(results.map((result) => result.state)).toEqual(['passed']);
    const expected = Object.entries(places).flatMap(([place, key]) => {
      if (key === 'SEG') return [''];
      const { source } = STUDY.series[key];
      const folder = place.replace('{study}', STUDY.studyInstanceUid);
      return source.slices.map(({ sopInstanceUid }) => `${folder}${sopInstanceUid}.dcm`);
    });
    const seen = testimonyOf(run(name)).input;
    const images = seen.filter(({ sid }) => Object.values(STUDY.series).some(({ seriesInstanceUid }) => seriesInstanceUid === sid));
    expect(images.map(({ path }) => path).sort()).toEqual(expected.filter((path) => path !== '').sort());
    expect(seen).toHaveLength(expected.length);
    // The answer is of the image that the model was asked to draw on, whatever its name.
    const series = STUDY.series[on].seriesInstanceUid;
    expect(run(name).outputs.map(({ path }) => path)).toEqual([
      name === 'flat' || name === 'ct_with_its_seg' ? `${series}/stand_in.seg.dcm` : `${STUDY.studyInstanceUid}/stand_in.seg.dcm`,
    ]);
  });

  it('refuses inputs of other names than the layout has, before anything starts', () => {
    expect(run('other_inputs')).toMatchObject({ state: 'failed', failureCode: 'MODEL_INPUTS_OTHER' });
    expect(account('other_inputs')).toMatch(/inputs ct, pet; the model takes ct, pt[\s\S]*what to do: Name the inputs of the rule/);
  });

  it('does not give a segmentation to a model that is of another series than the one beside it', () => {
    expect(run('seg_of_another_series')).toMatchObject({ state: 'failed', failureCode: 'INPUT_UNRELATED' });
    expect(account('seg_of_another_series')).toContain(`is of series ${CT}, expected ${STUDY.series.thin.seriesInstanceUid} (input ct)`);
  });

  it('exit code 0 although the model failed: failed, with the error that its engine kept to itself', () => {
    expect(run('raises')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
    expect(account('raises')).toMatch(
      /exit code 0, but no file in the output[\s\S]*Runner: Runner failed processing instance .*CUDA out of memory/,
    );
    expect(testimonyOf(run('raises')).args).toContain(
      '--config:modules.DataOrganizer.targets=["dicomseg-->[i:sid]/stand_in.seg.dcm","log-->[i:sid]/mlog/[d:module].log"]',
    );
  });

  it('exit code 0 although a program that it calls failed: failed', () => {
    expect(run('subprocess_fails')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
  });

  it('exit code 1 from outside of a case: failed with the traceback', () => {
    expect(run('module_raises')).toMatchObject({ state: 'failed', failureCode: 'MODEL_EXITED' });
    expect(account('module_raises')).toMatch(/exit code 1, expected 0[\s\S]*AssertionError/);
  });

  it('exit code 0 for a workflow that there is not: failed with what it says', () => {
    expect(run('no_such_workflow')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
    expect(account('no_such_workflow')).toContain('Workflow heart not found.');
  });

  it('exit code 0 for a file of a workflow that there is not: failed with what it says', () => {
    expect(run('no_such_config')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
    expect(account('no_such_config')).toContain('Config file config/gone.yml not found.');
  });

  it('exit code 0 although its last step failed, which takes even the logs with it: failed', () => {
    expect(run('organizer_raises')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT', outputs: [] });
  });

  it('exit code 1 at the first error where it is told to: failed with the traceback, what was good is lost', () => {
    expect(run('stops_on_error')).toMatchObject({ state: 'failed', failureCode: 'MODEL_EXITED', outputs: [] });
    expect(account('stops_on_error')).toMatch(/exit code 1, expected 0[\s\S]*CUDA out of memory/);
    expect(run('stop_on_error_alone')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
  });

  it('exit code 170 of a test of the image: failed; where it is asked for none, what is missing tells', () => {
    expect(run('test_fails')).toMatchObject({ state: 'failed', failureCode: 'MODEL_EXITED' });
    expect(account('test_fails')).toContain('exit code 170, expected 0');
    expect(run('test_fails_in_silence')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
  });

  it('exit code 0 although it failed for one of two series: the answer of the other counts, and the log warns', () => {
    const { run: id, state, reason, results, outputs } = run('one_of_two_raises');
    expect({ state, reason, results: results.map((result) => result.state) }).toEqual({ state: 'done', reason: null, results: ['passed'] });
    expect(outputs.map(({ path }) => path)).toEqual(
      expect.arrayContaining([`${STUDY.series.thin.seriesInstanceUid}/stand_in.seg.dcm`, `${CT}/mlog/Runner.log`]),
    );
    const warnings = node.log.filter(({ message }) => message === 'the model left an answer, and its engine tells of errors');
    expect(warnings).toEqual([expect.objectContaining({ level: 'warn', run: id, count: 1 })]);
  });

  it('exit code 0 although a module of the chain is not in the image: failed with what it says', () => {
    expect(run('module_missing')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
    expect(account('module_missing')).toContain('Module Converter is not installed.');
  });

  it('exit code 0 although it found nothing in its input: failed with what it says', () => {
    expect(run('finds_no_case')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
    expect(account('finds_no_case')).toContain('FileStructureImporter 0/0');
  });

  it('closes stdin, which the engine reads to its end before anything else', () => {
    expect(readFileSync(run('flat').logPath, 'utf8')).toContain('stdin ended after 0 bytes');
  });

  it('keeps the lines of the engine without its colours', () => {
    const log = readFileSync(run('no_such_workflow').logPath, 'utf8');
    expect(log).toContain('\nPlease cite MHub and the model.\n');
    expect(log).not.toContain('\u001b');
  });

  it('runs the workflow that the rule names', () => {
    expect(run('other_workflow')).toMatchObject({ state: 'done', reason: null });
    expect(testimonyOf(run('other_workflow')).args.join(' ')).toContain('--workflow fast --non-interactive --stream-json-progress');
  });

  it('tells progress while the model is at work, not when it has ended', () => {
    expect(waiting).toMatchObject({ state: 'running', progressText: 'Runner (step 2 of 4)' });
    expect(waiting.progress).toBeGreaterThanOrEqual(0.25);
    expect(run('waits')).toMatchObject({ state: 'done', progress: 1 });
  });

  it('ends a model that fills the disk beside its output', () => {
    expect(run('fills_scratch')).toMatchObject({ state: 'failed', failureCode: 'MODEL_SCRATCH_TOO_LARGE' });
    expect(account('fills_scratch')).toContain('wrote more than 4 MB beside its output, expected at most that');
  });

  it('takes an answer under any name', () => {
    expect(run('own_file_name')).toMatchObject({ state: 'done', outputs: [{ path: `${CT}/CaSuSt.seg.dcm` }] });
    expect(run('own_file_name').results).toHaveLength(1);
  });

  it('hands over settings so that they are read back as what they are', () => {
    expect(testimonyOf(run('settings_of_every_kind')).args).toEqual(
      expect.arrayContaining([
        '--config:modules.Runner.fast=True',
        '--config:modules.Runner.fold="1.0"',
        '--config:modules.Runner.name=two words',
      ]),
    );
    expect(testimonyOf(run('only_json')).args).toContain('--config:StandIn.answers=[".json"]');
  });

  it('keeps what has no DICOM form, and says so', async () => {
    for (const [name, kind, ending] of [
      ['only_json', 'json', 'json'],
      ['only_csv', 'csv', 'csv'],
      ['only_tiff', 'other', 'tiff'],
    ] as const) {
      expect(run(name)).toMatchObject({ state: 'done', failureCode: null, results: [] });
      expect(run(name).outputs).toEqual([expect.objectContaining({ kind, result: null })]);
      expect(account(name)).toMatch(
        new RegExp(
          `no DICOM form: .*\\.${ending}[\\s\\S]*what has no DICOM form; it is kept in /[\\s\\S]*\\.${ending} \\(${kind}, \\d+ bytes\\)`,
        ),
      );
    }
    const { stdout } = await node.command('account', STUDY.studyInstanceUid);
    expect(stdout).toMatch(/only-json.*\n?.*no DICOM form/);
  });

  it('does not take half a file or an empty one for an answer', () => {
    expect(run('half_a_json')).toMatchObject({ state: 'rejected', failureCode: 'GATE_REJECTED' });
    expect(account('half_a_json')).toMatch(/no JSON from its beginning to its end, expected a whole file/);
    expect(run('empty_json')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
  });

  it('takes the segmentation among several files, and keeps the others', () => {
    expect(run('seg_and_json')).toMatchObject({ state: 'done', reason: null, results: [{ state: 'passed' }] });
    expect(account('seg_and_json')).toMatch(/left what has no DICOM form[\s\S]*stand_in\.json \(json, 14 bytes\)/);
  });

  it('does not take numbers for the segmentation that the card promises', () => {
    expect(run('json_in_place_of_seg')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
  });

  it('makes a DICOM-SEG of a label map whose labels the package names', () => {
    expect(run('label_map')).toMatchObject({ state: 'done', reason: null });
    const drawn = Array.from<number>(liver.labels).filter((label) => label !== 0).length;
    expect(run('label_map').results).toEqual([
      expect.objectContaining({
        state: 'passed',
        summary: expect.objectContaining({ segments: [expect.objectContaining({ structure: 'LIVER', voxels: drawn })] }) as unknown,
      }),
    ]);
  });

  it('refuses a label map on another grid, and a label without a name', () => {
    expect(run('label_map_elsewhere')).toMatchObject({ state: 'rejected', failureCode: 'GATE_REJECTED' });
    expect(account('label_map_elsewhere')).toMatch(/geometry: frame 1: .* columns and .* rows off the voxels of slice/);
    expect(run('label_without_a_name')).toMatchObject({ state: 'rejected', failureCode: 'GATE_REJECTED' });
    expect(account('label_without_a_name')).toContain('label 3, expected none but 1, which model.yaml names');
  });

  it('has rules checked against the names of the layout', async () => {
    const { stdout, stderr } = await node.command('rules', 'check');
    expect(stdout + stderr).toMatch(/has no input called "pet"; it has ct, pt/);
    expect(stdout + stderr).not.toMatch(/has no input called "(?:t2w|adc|hbv|T2|ADC|seg)"/);
  });
});

const DOCKER_CASES: readonly Case[] = [
  { name: 'as_it_is', takes: 'ct', yaml: { exportLogs: true } },
  { name: 'needs_root', standIn: { trap: 'needs-root' } },
  {
    name: 'needs_root_and_has_none',
    standIn: { trap: 'needs-root', name: 'as_node' },
    yaml: { user: 'node', readOnlyRoot: true, exportLogs: true },
  },
  { name: 'writes_beside_its_input', standIn: { trap: 'writes-beside-input' }, yaml: { exportLogs: true } },
  { name: 'needs_shared_memory', standIn: { trap: 'needs-shared-memory' }, yaml: { shmMb: 256 } },
  { name: 'fills_its_layer', standIn: { trap: 'fills-scratch' }, yaml: { maxScratchMb: 4 } },
];

describeWith("MHub's contract, in containers", [...missingForNode(), ...missingForDocker('anteroom/base')], () => {
  let node: TestNode;
  let image: string;
  let runs: readonly Run[];
  const run = (name: string): Run => runs.find(({ model }) => model === name) as Run;

  beforeAll(async () => {
    image = await mhubImage(
      dockerAt(engineSocket()),
      DOCKER_CASES.map(({ name }) => name),
      SEGS,
    );
    node = await startNode({
      rules: rulesFor(DOCKER_CASES),
      settings: { docker: { socket: engineSocket() }, runs: { concurrency: 5, resources: { cpus: 8, memoryMb: 8192 } } },
    });
    for (const { yaml, ...model } of DOCKER_CASES)
      await addModel(node, standInDockerPackage({ ...model, yaml: { cpus: 0.5, ...yaml } }, image));
    await sendTo(node, filesOfStudy(STUDY));
    runs = await until(
      'every run to end',
      async () => {
        const all = await runsOf(node);
        return all.length === DOCKER_CASES.length && all.every(({ state }) => ENDED.includes(state)) && all;
      },
      90_000,
    );
  }, 150_000);

  afterAll(async () => {
    await node.remove();
    await dockerAt(engineSocket()).getImage(image).remove({ force: true });
  }, 60_000);

  it('runs an image of its own entry point unchanged, with the logs of its engine exported', () => {
    expect(run('as_it_is')).toMatchObject({ state: 'done', reason: null, results: [{ state: 'passed' }] });
    const output = join(run('as_it_is').logPath, '..', 'out', CT, 'stand_in.seg.dcm');
    // Root's, and still anybody's to read and delete.
    expect(statSync(output).mode & 0o777).toBe(0o666);
  });

  it('bears an image that must be root and writes all over its file system, where model.yaml says so', () => {
    expect(run('needs_root')).toMatchObject({ state: 'done', reason: null });
    expect(run('needs_root_and_has_none')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
    expect(run('needs_root_and_has_none').reason).toMatch(/Runner failed processing instance .*EACCES/);
  });

  it('does not let an image write into its input: failed with what its engine kept to itself', () => {
    expect(run('writes_beside_its_input')).toMatchObject({ state: 'failed', failureCode: 'MODEL_NO_OUTPUT' });
    expect(run('writes_beside_its_input').reason).toMatch(/Runner failed processing instance .*EROFS/);
  });

  it('gives the shared memory that model.yaml asks for', () => {
    expect(run('needs_shared_memory')).toMatchObject({ state: 'done', reason: null });
  });

  it('ends a container whose own layer grows beyond its limit', () => {
    expect(run('fills_its_layer')).toMatchObject({ state: 'failed', failureCode: 'MODEL_SCRATCH_TOO_LARGE' });
  });

  it('leaves no container', async () => {
    await until('all containers to be gone', async () => (await containersOf(engineSocket(), node.dataDir)).length === 0);
  });
});
