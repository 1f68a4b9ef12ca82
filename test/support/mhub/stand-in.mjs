/**
 * A stand-in for an image with MHub's contract: it keeps what that engine does, its traps included, and draws nothing itself. Its answers lie
 * beside it, named by the series that they are of. Runs in a container and as a process; needs nothing but Node.
 *
 *   --config:StandIn.importer=dicom | PATTERN,PATTERN   one case for each series anywhere, or a fixed structure such as $id/ct,$id/pt
 *   --config:StandIn.target=NAME                        the input (last part of its pattern) that the answer is on
 *   --config:StandIn.trap=NAME                          what goes wrong, see TRAPS
 *   --config:StandIn.raisesFor=SERIES                   the one case for which the trap `raises` is laid; all if left out
 *   --config:StandIn.answers=[".seg.dcm"]               endings of the answers that are left
 *
 * Under the name mhub.test it is the test of such an image: MODE WORKFLOW.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const IN_CONTAINER = process.env.ANTEROOM_INPUT_DIR === undefined;
const INPUT = process.env.ANTEROOM_INPUT_DIR ?? '/app/data/input_data';
const OUTPUT = process.env.ANTEROOM_OUTPUT_DIR ?? '/app/data/output_data';
const MODEL = process.env.ANTEROOM_MODEL_DIR ?? '/app/models/stand_in';
/** In the container's own layer, as MHub's engine has it. */
const SCRATCH = IN_CONTAINER ? '/app/data' : (process.env.TMPDIR ?? '/tmp');
const STEPS = ['Importer', 'Runner', 'Converter', 'DataOrganizer'];
const SEGMENTATION = ['1.2.840.10008.5.1.4.1.1.66.4', '1.2.840.10008.5.1.4.1.1.66.7'];

/** Raised outside of a case: the whole run ends with a traceback and exit code 1. */
class ModuleFailed extends Error {}

// ---- the command line: what is not known is ignored
const args = process.argv.slice(2);
const valueAfter = (flag) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
const settings = new Map();
for (const arg of args) {
  const [, key, value] = /^--config:([^=]+)=(.*)$/s.exec(arg) ?? [];
  if (key !== undefined) settings.set(key, parsed(value));
}
function parsed(text) {
  const python = { None: null, True: true, False: false };
  if (text in python) return python[text];
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
const trap = settings.get('StandIn.trap') ?? 'none';
const name = settings.get('StandIn.name') ?? 'stand_in';
const endings = settings.get('StandIn.answers') ?? ['.seg.dcm'];
// Without its logger it prints everything as plain lines: no progress, no logs of modules.
const plain = args.includes('--print');
const streams = !plain && args.includes('--stream-json-progress');
const stopsOnError = (plain && args.includes('--stop-on-error')) || process.env.MLOG_STOP_ON_ERROR === 'YES';

// ---- what it prints: block-buffered until the end, unless the environment says otherwise
const live = (process.env.PYTHONUNBUFFERED ?? '') !== '';
let held = '';
function print(line) {
  if (live) writeSync(1, `${line}\n`);
  else held += `${line}\n`;
}
process.on('exit', () => {
  if (held !== '') writeSync(1, held);
});

const logs = new Map();
/** Logs of modules are kept inside; a target copies them. */
function log(sid, module, level, text) {
  if (plain) return print(text);
  const key = `${sid}/${module}`;
  return logs.set(key, [...(logs.get(key) ?? []), `[${level}|25.11.26 12:00:00]: ${text}`]);
}

const modules = STEPS.map((label, index) => ({ label, index, num_instances: null, start: null, stop: null, indtance_avg: null }));
let cases = [];
function progress(finished, label, done) {
  if (!streams) return;
  const current = { module: { label, index: finished, num_instances: cases.length, instance_progress: done } };
  const instance = { attr: null, str: null, index: done };
  print(JSON.stringify({ current: { ...current, instance }, total: { modules, instances: cases.map(({ sid }) => ({ id: sid, sid })) } }));
}

function step(index, work) {
  progress(index, STEPS[index], 0);
  cases.forEach((one, done) => {
    try {
      if (!one.failed) work(one);
    } catch (error) {
      if (error instanceof ModuleFailed || stopsOnError) throw error;
      one.failed = true;
      log(
        one.sid,
        STEPS[index],
        'ERROR',
        `ERROR: ${STEPS[index]} failed processing instance <I:${one.sid}>: ${error.message} in Traceback ...`,
      );
    }
    progress(index, STEPS[index], done + 1);
  });
  progress(index + 1, null, 0);
}

// ---- the little of DICOM that is needed
function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
/** A UID of the data set, in explicit little endian, looked for from a place on. */
function uid(bytes, group, element, from = 132) {
  const key = Buffer.from([group & 255, group >> 8, element & 255, element >> 8, 0x55, 0x49]);
  const at = bytes.indexOf(key, from);
  return at < 0 ? undefined : bytes.toString('latin1', at + 8, at + 8 + bytes.readUInt16LE(at + 6)).replace(/\0$/, '');
}
function described(path) {
  const bytes = readFileSync(path);
  if (bytes.toString('latin1', 128, 132) !== 'DICM') return undefined;
  // The UID of the series stands right behind that of the study; earlier ones are of what the object refers to.
  const behindStudy = bytes.indexOf(Buffer.from([0x20, 0, 0x0d, 0, 0x55, 0x49]), 132);
  return { path, sid: uid(bytes, 0x0020, 0x000e, Math.max(132, behindStudy)), sopClass: uid(bytes, 0x0008, 0x0016), bytes };
}
function bySeries(paths) {
  const series = new Map();
  for (const one of paths.map(described)) if (one?.sid !== undefined) series.set(one.sid, [...(series.get(one.sid) ?? []), one]);
  return series;
}

// ---- importers
function importDicom() {
  const series = bySeries(filesUnder(INPUT));
  const images = new Map([...series].filter(([, files]) => !SEGMENTATION.includes(files[0].sopClass)));
  const found = [...images].map(([sid]) => ({ sid, target: sid, parts: [] }));
  for (const [, files] of [...series].filter(([sid]) => !images.has(sid))) {
    if (files.length !== 1) throw new ModuleFailed('AssertionError: expected exactly one file');
    // Which image it is of stands in it; here by the UID of that series anywhere in the file.
    const parents = found.filter(({ sid }) => files[0].bytes.includes(Buffer.from(sid)));
    if (parents.length !== 1) throw new ModuleFailed('AssertionError: expected exactly one matching instance');
    parents[0].parts.push(files[0].sid);
  }
  return found;
}
/** `$id/ct`: a folder of any name with `ct` in it. What lies elsewhere is not seen; what is missing makes no case. */
function importStructure(patterns) {
  const found = new Map();
  for (const pattern of patterns) {
    const parts = pattern.split('/');
    const ids = readdirSync(INPUT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name: id } of ids) {
      const folder = join(INPUT, ...parts.map((part) => (part.startsWith('$') ? id : part)));
      if (!existsSync(folder)) continue;
      const series = bySeries(filesUnder(folder).filter((path) => path.endsWith('.dcm')));
      found.set(id, { ...found.get(id), [parts.at(-1)]: [...series.keys()] });
    }
  }
  const target = settings.get('StandIn.target');
  return [...found]
    .filter(([, inputs]) => Object.keys(inputs).length === patterns.length)
    .map(([id, inputs]) => ({ sid: id, target: inputs[target ?? Object.keys(inputs)[0]][0], parts: Object.values(inputs).flat() }));
}

// ---- traps: what goes wrong in the step of the model
const TRAPS = {
  none: () => undefined,
  // In main: nothing runs.
  'module-missing': () => undefined,
  raises: ({ sid }) => {
    if ((settings.get('StandIn.raisesFor') ?? sid) === sid) throw new Error('CUDA out of memory');
  },
  // The exit code of a program that it calls is never looked at: later steps find nothing.
  'subprocess-fails': (one) => {
    log(one.sid, 'Runner', 'EXTERNAL', 'itkimage2segimage: cannot read the series');
    one.nothing = true;
  },
  'module-raises': () => {
    throw new ModuleFailed('AssertionError');
  },
  waits: () => {
    while (!existsSync(join(INPUT, 'go'))) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  },
  'fills-scratch': () => {
    for (let n = 0; n < 8; n++) writeFileSync(join(SCRATCH, `big-${n}`), Buffer.alloc(1_000_000));
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  },
  // Data loaders need more of it than the 64 MB that an engine gives by itself.
  'needs-shared-memory': () => {
    const { bsize, blocks } = statfsSync('/dev/shm');
    if (bsize * blocks < 200_000_000) throw new Error(`bus error: ${bsize * blocks} bytes of shared memory`);
  },
  // Weights lie below /root, the engine writes all over its file system.
  'needs-root': () => {
    readFileSync('/root/weights');
    writeFileSync('/root/.cache-file', 'x');
    writeFileSync('/app/models/stand_in/compiled', 'x');
  },
  // In organize: not even the logs come out.
  'organizer-raises': () => undefined,
  // Converters put their files beside what they read, and the input is mounted read-only.
  'writes-beside-input': () => writeFileSync(join(INPUT, 'converted.nii'), 'x'),
  'half-an-answer': (one) => {
    one.half = true;
  },
};

function main() {
  print('\x1b[95m'.concat('Please cite MHub and the model.', '\x1b[0m'));
  for (let n = 0; n < 15; n++) print(`\x1b[95mcitation line ${n}\x1b[0m`);
  // Without a terminal a workflow may come from stdin: it is read to its end before anything else.
  const piped = Buffer.alloc(16);
  let read = 0;
  for (let more = readStdin(piped); more > 0; more = readStdin(piped)) read += more;
  if (settings.get('StandIn.testify') === true) print(`stdin ended after ${read} bytes`);
  const workflow = valueAfter('--workflow') ?? valueAfter('-w') ?? 'default';
  const config = valueAfter('--config') ?? valueAfter('-c');
  if (config !== undefined && !existsSync(config)) return print(`Config file ${config} not found.`);
  if (!existsSync(join(MODEL, 'config', `${workflow}.yml`))) return print(`Workflow ${workflow} not found.`);
  const importer = settings.get('StandIn.importer') ?? 'dicom';
  cases = importer === 'dicom' ? importDicom() : importStructure(importer.split(','));
  print(`${importer === 'dicom' ? 'DicomImporter' : 'FileStructureImporter'} ${cases.length}/${cases.length}`);
  // A warning is all that it says of a module that is not in the image; the exit code stays 0.
  if (trap === 'module-missing') return print('Module Converter is not installed.');
  // Everything is copied into its scratch first.
  step(0, ({ sid }) => {
    const sorted = join(SCRATCH, 'sorted_data', sid);
    mkdirSync(sorted, { recursive: true });
    for (const path of filesUnder(INPUT).filter((file) => file.endsWith('.dcm'))) copyFileSync(path, join(sorted, basename(path)));
  });
  step(1, (one) => TRAPS[trap](one));
  step(2, (one) => {
    one.made = one.nothing ? [] : endings.filter((ending) => existsSync(join(MODEL, 'answers', one.target + ending)));
    if (one.made.length === 0) log(one.sid, 'Converter', 'WARNING', 'nothing to convert');
  });
  step(3, organize);
  if (trap !== 'organizer-raises') organizeLogs();
  return undefined;
}

function readStdin(buffer) {
  try {
    return readSync(0, buffer);
  } catch (error) {
    if (error.code === 'EAGAIN') return 1;
    return 0;
  }
}

function organize({ sid, target, made, half }) {
  if (trap === 'organizer-raises') throw new Error('File exists');
  for (const ending of made ?? []) {
    const bytes = readFileSync(join(MODEL, 'answers', target + ending));
    leave(join(sid, `${name}${ending}`), half ? bytes.subarray(0, bytes.length / 2) : bytes);
  }
}

/** Only where a target asks for them; what failed before is copied too. */
function organizeLogs() {
  const targets = settings.get('modules.DataOrganizer.targets') ?? [];
  const target = targets.find((one) => one.startsWith('log-->'));
  if (target === undefined) return;
  for (const [key, lines] of logs) {
    const [sid, module] = [dirname(key), basename(key)];
    leave(target.slice('log-->'.length).replace('[i:sid]', sid).replace('[d:module]', module), Buffer.from(`${lines.join('\n')}\n`));
  }
}

/** Owned by whoever it runs as, open to all. */
function leave(path, bytes) {
  const whole = join(OUTPUT, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, bytes, { mode: 0o600 });
  chmodSync(dirname(whole), 0o777);
  chmodSync(whole, 0o666);
}

/** For the tests: what was in the input, and what it was told. Not part of the contract. */
function testify() {
  const input = filesUnder(INPUT)
    .filter((path) => basename(path) !== 'go')
    .map((path) => ({
      path: relative(INPUT, path),
      sid: described(path)?.sid,
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
    }));
  print(`testimony ${JSON.stringify({ input, args })}`);
}

if (settings.get('StandIn.testify') === true) testify();
/** Letters of the mode: m runs the model, t compares with a reference, of which there is none here; only e makes a failure an exit code. */
function mhubTest(mode) {
  if (mode.includes('m')) main();
  if (mode.includes('t')) print('Comparison failed, missing files');
  if (mode.includes('e')) process.exitCode = 170;
}

try {
  if (basename(process.argv[1]).startsWith('mhub.test')) mhubTest(args[0]);
  else main();
} catch (error) {
  writeSync(2, `Traceback (most recent call last):\n${error.message}\n`);
  process.exitCode = 1;
}
