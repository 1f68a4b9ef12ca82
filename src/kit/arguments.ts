/** The command line of MHub's contract, as far as the kit keeps it. */
import { AnteroomError } from '../foundation/errors.js';
import type { Override } from './workflow.js';

export interface KitArguments {
  readonly workflow: string;
  /** A workflow file in place of a name. */
  readonly config?: string;
  readonly overrides: readonly Override[];
  readonly streamJsonProgress: boolean;
  /** Where what the cases hold after each step is kept. */
  readonly debugDir?: string;
  /** The step to go on at, counted from 1. */
  readonly startAt?: number;
  readonly show?: 'help' | 'list' | 'modules' | 'check' | 'inspect';
  /** The ONNX file to be inspected. */
  readonly onnx?: string;
}

export const HELP = `Runs the workflow of a model on the DICOM series in its input folder.

  --workflow NAME            config/NAME.yml of the model (default: default)
  --config FILE              a workflow file elsewhere
  --config:PATH=VALUE        another value for a setting, as in --config:modules.LungSegmenter.closing_mm=8
  --stream-json-progress     one JSON object per step of progress on stdout
  --debug-dir DIR            keeps what the cases hold after each step in DIR, to look at and to go on from
  --start-at N               goes on at step N (from 1) with what DIR has of the step before it
  --check                    checks all workflows of this model, its weights and its card; runs nothing
  --inspect FILE             the inputs and outputs of an ONNX file, as JSON
  --list                     the workflows of this model, their modules and settings
  --modules                  all modules that there are, with their settings, as Markdown
  --help                     this text

Folders: /app/data/input_data, /app/data/output_data, /app/models/<name>; or those in ANTEROOM_INPUT_DIR,
ANTEROOM_OUTPUT_DIR and ANTEROOM_MODEL_DIR. The log goes to stderr.
Exit code 0: every series was worked on. 1: at least one was not, the log says why. 2: the workflow or the command is wrong.
`;

/** Flags of MHub's engine that have nothing to do here: the kit never asks, and always logs. */
const WITHOUT_MEANING = ['--non-interactive', '--print', '--debug', '--stop-on-error'];

/**
 * Reads the arguments.
 * @throws AnteroomError USAGE for a flag that is not known
 */
export function parseArguments(args: readonly string[]): KitArguments {
  const found: {
    workflow: string;
    config?: string;
    overrides: Override[];
    streamJsonProgress: boolean;
    debugDir?: string;
    startAt?: number;
    show?: KitArguments['show'];
    onnx?: string;
  } = {
    workflow: 'default',
    overrides: [],
    streamJsonProgress: false,
  };
  const rest = [...args];
  const valueOf = (flag: string) => {
    const value = rest.shift();
    if (value === undefined) throw new AnteroomError('USAGE', `${flag} needs a value`);
    return value;
  };
  for (let flag = rest.shift(); flag !== undefined; flag = rest.shift()) {
    if (flag === '--workflow' || flag === '-w') found.workflow = valueOf(flag);
    else if (flag === '--config' || flag === '-c') found.config = valueOf(flag);
    else if (flag.startsWith('--config:')) found.overrides.push(overrideOf(flag));
    else if (flag === '--stream-json-progress') found.streamJsonProgress = true;
    else if (flag === '--debug-dir') found.debugDir = valueOf(flag);
    else if (flag === '--start-at') found.startAt = stepFrom(valueOf(flag));
    else if (flag === '--list') found.show = 'list';
    else if (flag === '--modules') found.show = 'modules';
    else if (flag === '--check') found.show = 'check';
    else if (flag === '--inspect') Object.assign(found, { show: 'inspect', onnx: valueOf(flag) });
    else if (flag === '--help' || flag === '-h') found.show = 'help';
    else if (!WITHOUT_MEANING.includes(flag)) throw new AnteroomError('USAGE', `"${flag}" is no flag of the kit; see --help`);
  }
  return found;
}

function stepFrom(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new AnteroomError('USAGE', `--start-at ${text}, expected the number of a step, from 1`);
}

function overrideOf(flag: string): Override {
  const [, path, value] = /^--config:([\w.-]+)=(.*)$/s.exec(flag) ?? [];
  if (path === undefined) throw new AnteroomError('USAGE', `"${flag}" is not --config:PATH=VALUE`);
  return { path, value: valueFrom(value) };
}

/** As MHub reads them: None, True and False of Python, JSON, or else text. */
function valueFrom(text: string): unknown {
  const python = { None: null, True: true, False: false }[text];
  if (python !== undefined) return python;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
