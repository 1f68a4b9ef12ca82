/** Twenty rules as a large hospital may have them: for the time that it takes to ask them. */

interface Wanted {
  readonly name: string;
  readonly modality: string;
  readonly parts: readonly string[];
  readonly words: string;
}

const WANTED: readonly Wanted[] = [
  { name: 'chest-lungs', modality: 'CT', parts: ['CHEST', 'THORAX', 'LUNG'], words: 'chest|thorax|lung' },
  { name: 'chest-nodules', modality: 'CT', parts: ['CHEST', 'THORAX', 'LUNG'], words: 'chest|thorax|lung' },
  { name: 'chest-heart', modality: 'CT', parts: ['CHEST', 'HEART'], words: 'chest|cardiac|heart' },
  { name: 'chest-ribs', modality: 'CT', parts: ['CHEST', 'THORAX'], words: 'rib|chest' },
  { name: 'abdomen-liver', modality: 'CT', parts: ['ABDOMEN', 'LIVER'], words: 'abdomen|liver' },
  { name: 'abdomen-organs', modality: 'CT', parts: ['ABDOMEN', 'ABDOMENPELVIS'], words: 'abdomen|pelvis' },
  { name: 'abdomen-kidneys', modality: 'CT', parts: ['ABDOMEN', 'KIDNEY'], words: 'kidney|renal|abdomen' },
  { name: 'abdomen-aorta', modality: 'CT', parts: ['ABDOMEN', 'AORTA'], words: 'aorta|abdomen' },
  { name: 'pelvis-bones', modality: 'CT', parts: ['PELVIS', 'HIP'], words: 'pelvis|hip' },
  { name: 'head-bleeding', modality: 'CT', parts: ['HEAD', 'BRAIN', 'SKULL'], words: 'head|brain|skull' },
  { name: 'spine-vertebrae', modality: 'CT', parts: ['SPINE', 'CSPINE', 'LSPINE'], words: 'spine|vertebra' },
  { name: 'body-composition', modality: 'CT', parts: ['ABDOMEN', 'WHOLEBODY'], words: 'abdomen|whole body' },
  { name: 'brain-tissue', modality: 'MR', parts: ['BRAIN', 'HEAD'], words: 'brain|head' },
  { name: 'brain-lesions', modality: 'MR', parts: ['BRAIN', 'HEAD'], words: 'flair|brain' },
  { name: 'brain-tumour', modality: 'MR', parts: ['BRAIN', 'HEAD'], words: 'brain|head' },
  { name: 'prostate-zones', modality: 'MR', parts: ['PROSTATE', 'PELVIS'], words: 'prostate|pelvis' },
  { name: 'knee-cartilage', modality: 'MR', parts: ['KNEE'], words: 'knee' },
  { name: 'pet-lesions', modality: 'PT', parts: ['WHOLEBODY', 'CHEST', 'ABDOMEN'], words: 'fdg|whole body|pet' },
  { name: 'mammography-density', modality: 'MG', parts: ['BREAST'], words: 'breast|mammo' },
  { name: 'chest-xray', modality: 'DX', parts: ['CHEST'], words: 'chest|thorax' },
];

/** The rules; with `leastSlices` every fourth asks for more slices than it did. */
export function twentyRules(leastSlices = 20): string {
  return `rules:\n${WANTED.map((wanted, index) => ruleText(wanted, index % 4 === 0 ? leastSlices : 20)).join('')}`;
}

function ruleText({ name, modality, parts, words }: Wanted, slices: number): string {
  return `
  - name: ${name}
    when:
      - { tag: Modality, equals: ${modality} }
      - any:
          - { tag: BodyPartExamined, oneOf: [${parts.join(', ')}] }
          - all:
              - { tag: BodyPartExamined, absent: true }
              - any: [{ tag: StudyDescription, matches: '(?i)${words}' }, { tag: SeriesDescription, matches: '(?i)${words}' }]
    series:
      where:
        - { fact: isLocalizer, equals: false }
        - not: { fact: isDerived, equals: true }
        - { fact: sliceCount, atLeast: ${slices} }
        - { fact: sliceThicknessMm, atMost: 5 }
        - { fact: stack, oneOf: [regular, tilted] }
      prefer: [{ kernel: ['^B[1-4]', 'STANDARD', 'SOFT'] }, { thinnest: true }, { mostInstances: true }]
    model: ${name.replaceAll('-', '_')}
    destinations: [archive]
`;
}
