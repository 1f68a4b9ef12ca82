/** The files of a new package around an ONNX network, with everything that only its author knows left to fill in. */
import { randomUUID } from 'node:crypto';
import { FILL_IN } from './image-context.js';

/** A tensor as the file tells it; a name stands where any size goes. */
export interface TensorFacts {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

export interface ScaffoldInput {
  readonly name: string;
  readonly weightsFile: string;
  readonly sha256: string;
  readonly input: TensorFacts;
  readonly output: TensorFacts;
  readonly modality: string;
}

/** Path in the package → text. */
export function scaffoldFiles(facts: ScaffoldInput): Record<string, string> {
  return {
    'meta.json': `${JSON.stringify(cardOf(facts), null, 2)}\n`,
    'model.yaml': modelYamlOf(facts),
    'config/default.yml': workflowOf(facts),
  };
}

function modelYamlOf({ name }: ScaffoldInput): string {
  return `# How the node runs it; every key: the schema of model.yaml in the node's documentation.
runtime: docker
image: anteroom/${name}
memoryMb: 4096
cpus: 2
timeoutS: 600
outputs:
  mustExist: card        # or a list; what need not be there is left out
test:
  data: test             # test/default/sample: a series; test/default/reference: what is known to come of it
# weights:               # where \`models pack\` takes weights from that do not lie in the package
#   weights/net.onnx: https://example.org/net.onnx
`;
}

interface Guess {
  readonly input: string;
  readonly output: string;
  readonly kind: string;
  readonly size: string;
  readonly more: string;
}

/** What shapes tell: four axes are slices [n, 1, rows, columns], five a volume [1, 1, slices, rows, columns] as PyTorch has them. */
function guessFrom({ input, output }: ScaffoldInput): Guess {
  const slices = input.shape.length === 4;
  const spatial = slices ? ['j', 'i'] : ['k', 'j', 'i'];
  const axes = input.shape.slice(-spatial.length);
  const sizes = [...(slices ? ['source'] : []), ...axes.map((size) => (typeof size === 'number' ? String(size) : 'source'))].reverse();
  const hasClassAxis = output.shape.length === input.shape.length;
  const classes = hasClassAxis ? output.shape[1] : 1;
  const kind = !hasClassAxis || /int/.test(output.type) ? 'labels' : classes === 1 ? 'probability' : 'logits';
  const first = slices ? 'n' : '1';
  const channel = hasClassAxis ? [kind === 'logits' ? 'c' : '1'] : [];
  const batch = slices && typeof input.shape[0] === 'number' ? `    batch_slices: ${input.shape[0]}\n` : '';
  const threshold =
    kind === 'probability'
      ? '    # threshold 0.5 is for a network that ends with a sigmoid; without one say threshold: 0 under output\n'
      : '';
  return {
    input: [first, '1', ...spatial].join(', '),
    output: [first, ...channel, ...spatial].join(', '),
    kind,
    size: sizes.every((size) => size === 'source') ? 'source' : `[${sizes.join(', ')}]`,
    more: batch + threshold,
  };
}

function workflowOf(facts: ScaffoldInput): string {
  const { name, weightsFile, sha256, input, output, modality } = facts;
  const guess = guessFrom(facts);
  const labels = guess.kind === 'logits' && typeof output.shape[1] === 'number' ? output.shape[1] - 1 : 1;
  const shapeOf = (tensor: TensorFacts) => `${tensor.type} [${tensor.shape.join(', ')}]`;
  return `# Which modules run, and what the network expects. \`anteroom kit run DIR --list\` explains every setting.
# In the file: ${input.name} ${shapeOf(input)} → ${output.name} ${shapeOf(output)}
general:
  data_base_dir: /app/data
  version: 1.0.0
  description: "${FILL_IN}: what it finds on what"

execute:
  - DicomImporter
  - OnnxRunner
  - LabelMapPostprocessor
  - NrrdExporter
  - DsegConverter
  - DataOrganizer

modules:
  DicomImporter:
    modality: ${modality}

  OnnxRunner:
    file: ${weightsFile}
    sha256: ${sha256}
    grid:                            # the grid that the network was trained on
      orientation: LPS               # where i, j and k run to: L left, P to the back, S to the head
      spacing_mm: source             # or [1, 1, 1]
      size: ${guess.size}
      multiple_of: [1, 1, 1]         # padded up, as a U-Net of four levels needs [16, 16, 1]
    intensity:                       # "${FILL_IN}": what was done to the values in training, in order; for example
      - clamp: { from: -1000, to: 1000 }
      - scale: { from: [-1000, 1000], to: [0, 1] }
    input: { name: ${input.name}, layout: [${guess.input}], type: ${input.type} }
    output: { name: ${output.name}, layout: [${guess.output}], kind: ${guess.kind} }
${guess.more}    labels:                          # ids of structures, such as LUNG, LIVER or LIVER+NEOPLASM
${Array.from({ length: labels }, (_, n) => `      ${n + 1}: "${FILL_IN}"`).join('\n')}

  LabelMapPostprocessor:
    steps:                           # what is not needed is left out
      - keep_components: { above_percent_of_largest: 5 }
      - fill_holes: { in: slices }

  DataOrganizer:
    targets:
      - dicomseg-->[i:sid]/${name}.seg.dcm
      - nrrd-->[i:sid]/${name}.nrrd
`;
}

function cardOf({ name, modality }: ScaffoldInput): unknown {
  const part = (title: string, what: string) => ({ title, text: `${FILL_IN}: ${what}`, references: [], tables: [] });
  return {
    id: randomUUID(),
    name,
    title: name,
    summary: {
      description: `${FILL_IN}: what it finds on what`,
      inputs: [
        {
          label: 'Image',
          description: `${FILL_IN}: which series it is for`,
          format: 'DICOM',
          modality,
          bodypartexamined: FILL_IN,
          slicethickness: 'n/a',
          'non-contrast': true,
          contrast: true,
        },
      ],
      outputs: [
        {
          type: 'Segmentation',
          label: 'Segmentation',
          description: `${FILL_IN}: what is outlined`,
          classes: [`${FILL_IN}: the structures of the workflow`],
        },
      ],
      model: { architecture: FILL_IN, training: 'supervised', cmpapproach: '3D' },
      data: { training: { vol_samples: 0 }, evaluation: { vol_samples: 0 }, public: false, external: false },
    },
    details: {
      name,
      version: '1.0.0',
      devteam: FILL_IN,
      type: FILL_IN,
      date: { code: 'n/a', weights: 'n/a', pub: 'n/a' },
      cite: FILL_IN,
      license: { code: 'Apache-2.0', weights: `${FILL_IN}: the licence of the weights` },
      publications: [],
      github: 'n/a',
    },
    info: {
      use: part('Intended use', 'what it is for, and what it is not for'),
      analyses: part('How it works', 'the method in a few sentences'),
      evaluation: part('Evaluation', 'how good it is, on which data'),
      training: part('Training', 'on which data it was trained'),
      limitations: part('Limitations', 'where it fails'),
    },
  };
}
