/** `anteroom models search|show|catalogue`. */
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { CardView, SearchView, StoreModelView } from '../api/store-views.js';
import { standingLines, type StandingModel } from './models-use.js';
import { clientFor, wholeNumber, withCommonOptions, type CommonOptions } from './options.js';
import { json, line, table } from './print.js';

type JsonOption = CommonOptions & { readonly json?: boolean };

interface SearchOptions extends JsonOption {
  readonly modality?: string;
  readonly bodyPart?: string;
  readonly structure?: string;
  readonly output?: string;
  readonly contrast?: string;
  readonly maxSliceThickness?: string;
  readonly licence?: string;
  readonly gpu?: string;
  readonly tested?: boolean;
  readonly installed?: boolean;
  readonly limit: number;
}

/** Adds the commands of the store to `models`. */
export function addStoreCommands(models: Command): void {
  addSearch(models);
  addShow(models);
  addCatalogue(models);
}

function addSearch(models: Command): void {
  withCommonOptions(
    models
      .command('search')
      .description('finds models, installed and installable, by what they take and give; asked in English or Chinese'),
  )
    .argument('[words...]', 'as in "CT models that segment the left upper lobe"')
    .option('--modality <code>', 'CT, MR, PT, …')
    .option('--body-part <part>', 'CHEST, ABDOMEN, …')
    .option('--structure <name>', 'name or id; parts of it count')
    .addOption(new Option('--output <kind>', 'what it gives').choices(['segmentation', 'prediction']))
    .addOption(new Option('--contrast <kind>', 'series with or without contrast agent').choices(['required', 'without']))
    .option('--max-slice-thickness <mm>', 'it must take slices up to this thickness')
    .addOption(new Option('--licence <use>', 'what code and weights together allow').choices(['commercial', 'non-commercial', 'unclear']))
    .addOption(new Option('--gpu <need>', 'whether it needs one').choices(['none', 'required']))
    .option('--tested', 'only models that have passed their test here')
    .option('--installed', 'only models that are registered here')
    .option('--limit <n>', 'how many are shown', wholeNumber, 20)
    .option('--json', 'print JSON')
    .action(async (words: string[], options: SearchOptions) => {
      const { modality, bodyPart, structure, output, contrast, licence, gpu, tested, installed, maxSliceThickness } = options;
      const conditions = {
        modality,
        bodyPart,
        structure,
        output,
        contrast,
        licence,
        gpu,
        tested,
        installed,
        sliceThicknessMm: maxSliceThickness,
      };
      const query = new URLSearchParams({ q: words.join(' ') });
      for (const [key, value] of Object.entries(conditions)) if (value !== undefined) query.set(key, String(value));
      const found = await clientFor(options).get<SearchView>(`/models/search?${query.toString()}`);
      if (options.json) return json(found);
      tell(found, options.limit);
    });
}

function tell({ hits, notUnderstood }: SearchView, limit: number): void {
  if (notUnderstood.length > 0) line(`not understood, and in no card: ${notUnderstood.join(', ')}`);
  if (hits.length === 0) line('no model is found; `anteroom models catalogue --folder DIR` reads cards of models that could be installed');
  for (const { name, version, title, licence, reasons, ...hit } of hits.slice(0, limit)) {
    line(`${name} ${version}  ${title}  [${standing({ ...hit, state: hit.state })}; ${licence.use}]`);
    line(`    ${reasons.join('; ')}`);
  }
  if (hits.length > limit) line(`and ${hits.length - limit} more; see --limit`);
}

function standing({ state, tested, otherVersion }: Pick<StoreModelView, 'state' | 'tested' | 'otherVersion'>): string {
  if (state === null) return 'not installed';
  return [`installed, ${state}`, tested ? 'tested' : [], otherVersion === null ? [] : `catalogue has ${otherVersion}`].flat().join(', ');
}

function addShow(models: Command): void {
  withCommonOptions(
    models.command('show').description("a model's card: use, data, limits, licences, citation, structures with their codes"),
  )
    .argument('<name>', 'name of the model')
    .option('--json', 'print JSON')
    .action(async (name: string, options: JsonOption) => {
      const card = await clientFor(options).get<ShownCard>(`/models/${encodeURIComponent(name)}/card`);
      if (options.json) return json(card);
      tellCard(card);
    });
}

type ShownCard = CardView & { readonly standing: StandingModel | null };

function tellCard(card: ShownCard): void {
  line(`${card.name} ${card.version === '0' ? '(version not stated)' : card.version}: ${card.title}`);
  line(`  ${standing(card)}`);
  for (const { kind, source } of card.offeredBy) line(`  in the catalogue from ${kind} ${source}`);
  line(`  ${card.description}`);
  for (const input of card.inputs) {
    const written = input.asWritten === null ? '' : `, as written ${JSON.stringify(input.asWritten)}`;
    const thickness = input.sliceThicknessMm === null ? 'not stated' : `at most ${input.sliceThicknessMm} mm`;
    line(
      `takes      ${input.modalities.join(' or ')} of ${input.bodyPart ?? 'any part'}; slices ${thickness}; contrast ${input.contrast}${written}`,
    );
  }
  line(`licences   code ${said(card.licence.code)}, weights ${said(card.licence.weights)}: ${card.licence.use}`);
  if (card.standing !== null) for (const [title, text] of standingLines(card.standing)) line(`${title.padEnd(11)}${text}`);
  line(`GPU        ${card.gpu ?? 'not stated'}`);
  tellText('use', card.use);
  tellText('training', card.training, card.training.samples);
  tellText('evaluation', card.evaluation, card.evaluation.samples);
  tellText('analyses', card.analyses);
  tellText('limits', card.limitations);
  tellText('ethics', card.ethics);
  line(`cite       ${said(card.cite)}`);
  for (const picture of card.pictures) line(`picture    ${picture}`);
  for (const output of card.outputs.filter(({ type }) => type !== 'segmentation')) line(`gives      ${said(output.label)}`);
  table(
    ['STRUCTURE', 'CODE', 'SIDE', 'NAME'],
    card.outputs.flatMap(({ structures }) =>
      structures.map(({ id, name, chinese, code, laterality }) => [
        id,
        code === null ? null : `${code.scheme} ${code.value}`,
        laterality,
        // Last: Chinese characters are wider than the table's columns count them.
        name === null ? 'not in the table' : [name, ...chinese.slice(0, 1)].join(' '),
      ]),
    ),
    'no structure is segmented',
  );
}

function tellText(title: string, section: { readonly text?: unknown } | null, samples: number | null = null): void {
  const text = typeof section?.text === 'string' ? section.text : '';
  const count = samples === null ? '' : `${samples} volumes. `;
  line(`${title.padEnd(11)}${said(`${count}${text}`)}`);
}

function said(text: string): string {
  return text.trim() === '' ? 'not stated' : text;
}

interface CatalogueOptions extends JsonOption {
  readonly folder?: string;
  readonly image?: string;
  readonly url?: string;
  readonly remove?: string;
}

function addCatalogue(models: Command): void {
  withCommonOptions(
    models.command('catalogue').description('cards of models that could be installed; reads a source of them, or lists all'),
  )
    .option('--folder <folder>', 'a clone of MHubAI/models, or any folder with NAME/meta.json')
    .option('--image <image>', 'the card in an image, which is not started')
    .option('--url <url>', 'an answer in the form of the MHub API')
    .option('--remove <source>', 'forgets what was read there')
    .option('--json', 'print JSON')
    .action(async (options: CatalogueOptions, command: Command) => {
      const { folder, image, url, remove } = options;
      const asked = [folder && { folder: resolve(folder) }, image && { image }, url && { url }, remove && { remove }].filter(Boolean);
      if (asked.length > 1) command.error('error: name one of --folder, --image, --url and --remove');
      const client = clientFor(options);
      if (asked.length === 0) return listCatalogue(await client.get<StoreModelView[]>('/models/catalogue'), options.json === true);
      const read = await client.post<{ source: string; models: string[]; faults: { file: string; path: string; message: string }[] }>(
        '/models/catalogue',
        asked[0],
      );
      if (options.json) return json(read);
      for (const { file, path, message } of read.faults) line(`left out: ${file} ${path}: ${message}`);
      line(remove === undefined ? `${read.models.length} model(s) read from ${read.source}` : `${read.source} is forgotten`);
    });
}

function listCatalogue(models: readonly StoreModelView[], asJson: boolean): void {
  if (asJson) return json(models);
  for (const [title, these] of [
    ['INSTALLED', models.filter(({ state }) => state !== null)],
    ['INSTALLABLE', models.filter(({ state }) => state === null)],
  ] as const)
    table(
      [title, 'VERSION', 'TAKES', 'STRUCTURES', 'LICENCE', 'STANDING'],
      these.map((one) => [one.name, one.version, one.modalities.join(','), one.structureCount, one.licence.use, standing(one)]),
      `no model is ${title.toLowerCase()}`,
    );
}
