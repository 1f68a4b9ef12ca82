/**
 * The catalogue of errors: every refusal that a person can see has one entry here.
 * The kind alone decides what happens next (DESIGN: "Failure has a kind").
 */

/** `transient`: try again. `ambiguous`: ask the other side first. `permanent`: the input is at fault. `operator`: a person must act. */
export type FailureKind = 'transient' | 'ambiguous' | 'permanent' | 'operator';

interface CatalogueEntry {
  readonly kind: FailureKind;
  /** What is wrong, in one sentence without values; the values are the error's `seen`. */
  readonly text: string;
  /** What the reader can do about it. */
  readonly remedy: string;
  /** DIMSE status of a C-STORE-RSP (PS3.4 table B.2-1), where a DIMSE peer is answered with it. */
  readonly dimseStatus?: number;
  /** HTTP status, where an HTTP client is answered with it. */
  readonly httpStatus?: number;
}

const entry = (e: CatalogueEntry): CatalogueEntry => e;

export const CATALOGUE = {
  // foundation
  INTERNAL: entry({
    kind: 'operator',
    text: 'An unexpected error in the node itself',
    remedy: 'Look at the log around this time and report it with the lines found there.',
    dimseStatus: 0x0110,
    httpStatus: 500,
  }),
  FILE_UNREADABLE: entry({
    kind: 'operator',
    text: 'A file cannot be read',
    remedy: 'Check that the path exists and that the node may read it.',
    httpStatus: 400,
  }),
  CATALOGUE_UNREADABLE: entry({
    kind: 'operator',
    text: 'A catalogue of models cannot be read',
    remedy:
      'Check the address: a folder with models/NAME/meta.json, an image with a model card, or a URL that answers in the form of the MHub API.',
    httpStatus: 502,
  }),
  CONFIG_INVALID: entry({
    kind: 'operator',
    text: 'The settings are not valid',
    remedy: 'Correct the lines named and start again; `anteroom doctor` checks them without starting.',
    httpStatus: 400,
  }),
  DATA_FOLDER_UNUSABLE: entry({
    kind: 'operator',
    text: 'The data folder cannot be used',
    remedy: 'Make the folder and give it to the user that runs the node, or name another one: `dataDir` in the settings, or --data.',
  }),
  FOLDER_UNUSABLE: entry({
    kind: 'operator',
    text: 'The folder cannot be made',
    remedy: 'Name another folder, or make it and give it to the user that needs it.',
  }),
  FILES_UNDELETABLE: entry({
    kind: 'operator',
    text: 'Files that are needed no longer cannot be deleted',
    remedy:
      "Delete them as root, or give them to the user that runs the node: a model with `user: image` leaves folders of root's. The node goes on with everything else, keeps what it cannot delete, and tries again each hour and at its start.",
  }),
  COHORT_INVALID: entry({
    kind: 'operator',
    text: 'The cohort file is not valid',
    remedy: 'Correct the lines named; README.md has an example.',
    httpStatus: 400,
  }),
  COMPARISON_OTHER: entry({
    kind: 'operator',
    text: 'The folder holds another comparison',
    remedy: 'Name another folder with --out, or give the command with the cohort and models that the comparison was begun with.',
  }),
  USAGE: entry({
    kind: 'operator',
    text: 'The command was not understood',
    remedy: 'Correct what the text names; the command with `--help` has all options.',
    httpStatus: 400,
  }),
  NOT_FOUND: entry({
    kind: 'operator',
    text: 'Nothing of that name is known',
    remedy: 'List what there is (`anteroom studies`, `runs`, `deliveries`, `models list`, `rules revisions`) and use one of those names.',
    httpStatus: 404,
  }),
  NODE_NOT_RUNNING: entry({
    kind: 'operator',
    text: 'No node answers in this data folder',
    remedy: 'Start it with `anteroom serve`, or name its data folder with --data.',
  }),
  NODE_ALREADY_RUNNING: entry({
    kind: 'operator',
    text: 'Another node works in this data folder',
    remedy: 'Stop it first, or name another data folder with --data.',
  }),
  PORT_UNAVAILABLE: entry({
    kind: 'operator',
    text: 'The port cannot be opened',
    remedy: 'Free the port, or choose another port or address in anteroom.yaml; ports below 1024 need rights.',
  }),
  TLS_FILES: entry({
    kind: 'operator',
    text: 'The files for TLS are of no use',
    remedy: 'Check that certificate, key and CA are PEM files that the node may read, that they belong together, and the passphrase.',
  }),
  BACKUP_BUSY: entry({
    kind: 'operator',
    text: 'Another backup is being written to this folder',
    remedy: 'Wait until it has ended.',
  }),
  BACKUP_INVALID: entry({
    kind: 'operator',
    text: 'The backup cannot be used',
    remedy: 'Name the folder that `anteroom backup` wrote to, or another snapshot of it with --snapshot.',
  }),
  RESTORE_REFUSED: entry({
    kind: 'operator',
    text: 'Restoring would touch what is there',
    remedy: 'Name an empty data folder with --data, or move what is there aside with --force; it is never deleted.',
  }),
  STATE_MOVE_REFUSED: entry({
    kind: 'operator',
    text: 'Its state does not allow this step',
    remedy:
      'See its state in `anteroom studies`, `runs`, `deliveries` or `models list`; what is done is done again by `anteroom run MODEL STUDY --again`.',
    httpStatus: 409,
  }),

  // dicom
  DICOM_NOT_P10: entry({
    kind: 'permanent',
    text: 'The file is not a DICOM Part 10 file',
    remedy: 'Send DICOM files with preamble and file meta information (PS3.10).',
    dimseStatus: 0xc000,
    httpStatus: 400,
  }),
  DICOM_DAMAGED: entry({
    kind: 'permanent',
    text: 'The data set cannot be parsed',
    remedy: 'Export the object again at its source; it is damaged or truncated.',
    dimseStatus: 0xc000,
    httpStatus: 400,
  }),
  DICOM_UID_MISSING: entry({
    kind: 'permanent',
    text: 'The data set has no valid SOP, study or series instance UID',
    remedy: 'Have the sender fill SOPClassUID, SOPInstanceUID, StudyInstanceUID and SeriesInstanceUID (PS3.5 section 9).',
    dimseStatus: 0xa900,
    httpStatus: 409,
  }),
  DICOM_UID_MISMATCH: entry({
    kind: 'permanent',
    text: 'The data set is not the instance that the command named',
    remedy: 'The sender announced another SOP instance or class than it sent; have the sender corrected.',
    dimseStatus: 0xa900,
    httpStatus: 409,
  }),
  GEOMETRY_REFUSED: entry({
    kind: 'permanent',
    text: 'The series is not one regular stack of slices',
    remedy: 'Choose a series with one orientation, even spacing and one volume.',
  }),
  PIXELS_UNSUPPORTED: entry({
    kind: 'permanent',
    text: 'The pixel data cannot be decoded',
    remedy: 'Send the series in a transfer syntax that the node decodes (see README).',
    httpStatus: 406,
  }),

  // intake
  DISK_LOW: entry({
    kind: 'transient',
    text: 'The disk is too full to take more',
    remedy: 'Free space in the data folder; receiving resumes by itself.',
    dimseStatus: 0xa700,
    httpStatus: 507,
  }),
  STORE_FAILED: entry({
    kind: 'transient',
    text: 'The disk did not take what was to be written',
    remedy:
      'Check the disk of the data folder: is it mounted, writable and without errors (dmesg)? Nothing was acknowledged; it is tried again, by the sender or by the node.',
    dimseStatus: 0xa700,
    httpStatus: 507,
  }),
  INSTANCE_CONFLICT: entry({
    kind: 'operator',
    text: 'The same SOPInstanceUID arrived with other pixels',
    remedy: 'Find out which object is right; the study is held until someone decides.',
    dimseStatus: 0x0111,
    httpStatus: 409,
  }),

  STUDY_KEPT: entry({
    kind: 'operator',
    text: 'The study must not be purged',
    remedy:
      'See `anteroom studies`, `runs --study UID` and `deliveries --study UID` for what is still to be done, then try again; one that is kept: `anteroom unkeep`.',
    httpStatus: 409,
  }),
  STUDY_OF_EVALUATION: entry({
    kind: 'operator',
    text: 'The study is the copy of a case, made for a comparison: nothing clinical is run on it',
    remedy: "Run it on the patient's own study, or let `anteroom compare` run the model.",
    httpStatus: 409,
  }),
  STUDY_PURGED: entry({
    kind: 'operator',
    text: 'The files of the study were purged',
    remedy: 'Have the study sent again (or fetch it), then ask once more.',
    httpStatus: 409,
  }),

  // routing and models
  RULES_INVALID: entry({
    kind: 'operator',
    text: 'A rule file is not valid; the rules in force stay',
    remedy: 'Correct the lines named; `anteroom rules check` shows them.',
    httpStatus: 400,
  }),
  RULES_FOLDER_UNWRITABLE: entry({
    kind: 'operator',
    text: 'The folder of rules cannot be written',
    remedy:
      'Let the user that runs the node write there, or put the files there yourself: `anteroom rules show REVISION FILE` prints them.',
    httpStatus: 409,
  }),
  MODEL_UNKNOWN: entry({
    kind: 'operator',
    text: 'The model is not registered',
    remedy: 'Register it with `anteroom models add`.',
    httpStatus: 404,
  }),
  MODEL_SUSPENDED: entry({
    kind: 'operator',
    text: 'The model is suspended',
    remedy: '`anteroom doctor` says why; correct it, then `anteroom resume model NAME`, and give the command again.',
  }),
  MODEL_INVALID: entry({
    kind: 'operator',
    text: 'The model package is not valid',
    remedy: 'Correct meta.json or model.yaml as named.',
    httpStatus: 400,
  }),
  SAMPLE_REFUSED: entry({
    kind: 'operator',
    text: "A model's sample and reference cannot be had",
    remedy:
      'Name a folder or ZIP archive with WORKFLOW/sample and WORKFLOW/reference, or its URL (`--from`, or `test.data` in model.yaml), or two folders.',
    httpStatus: 400,
  }),
  MODEL_UNTESTED: entry({
    kind: 'operator',
    text: 'The model has not passed a test with this digest',
    remedy:
      'Add it without --activate, then `anteroom models test` and `anteroom models activate`; or give `--reason TEXT` (and `--by NAME`), which is recorded and shown with the model.',
    httpStatus: 409,
  }),
  MODEL_IN_USE: entry({
    kind: 'operator',
    text: 'The model is in use, and would become another one under the same digest without a test',
    remedy:
      'Give the changed package an image of its own (another digest), which is tested beside the one in use; or answer for it: `anteroom models add FOLDER --activate --reason TEXT` takes effect at once and ends its tests and its permission.',
    httpStatus: 409,
  }),
  MODEL_TEST_OTHER: entry({
    kind: 'operator',
    text: 'What was tested is not what is registered',
    remedy: 'Test the folder, model.yaml and workflow that are registered (`anteroom models show NAME`), or register what was tested.',
    httpStatus: 409,
  }),
  USE_NOT_PERMITTED: entry({
    kind: 'permanent',
    text: 'The licence or the status of the model does not allow this use',
    remedy:
      'Run it with `shadow: true`, or send to a destination marked `research: true`. Somebody who answers for it can allow it for a time: `anteroom models allow MODEL --by NAME --reason TEXT --until DATE`.',
    httpStatus: 409,
  }),
  MODEL_TOO_LARGE: entry({
    kind: 'operator',
    text: 'The model asks for more than the node may give to models',
    remedy:
      'Raise `runs.resources` in anteroom.yaml as far as the machine has it, or correct cpus, memoryMb, gpu or gpuMemoryMb in model.yaml.',
    httpStatus: 409,
  }),
  PAUSE_UNKNOWN: entry({
    kind: 'operator',
    text: 'There is nothing of that name to pause or resume',
    remedy: 'See `anteroom models list`, the rules in force (`anteroom rules check`) and the destinations in the settings.',
    httpStatus: 404,
  }),

  MODEL_FILE_REFUSED: entry({
    kind: 'operator',
    text: 'The exported model cannot be taken in',
    remedy: 'Copy the file again, or export the model again for this kind of machine; nothing of it was registered.',
  }),
  MODEL_PACK_FAILED: entry({
    kind: 'operator',
    text: 'The image of the model cannot be built',
    remedy: 'Correct what the text names and pack the model again; `npm run demo` makes the base image.',
  }),

  // runs
  ENGINE_UNREACHABLE: entry({
    kind: 'transient',
    text: 'The container engine does not answer',
    remedy: 'Start the Docker engine or correct `docker.socket`; runs wait until it is back.',
  }),
  IMAGE_MISSING: entry({
    kind: 'operator',
    text: 'The image of the model is not on this machine',
    remedy:
      'Make it (`npm run image` for those that are shipped, `anteroom models pack FOLDER`), load or pull it. What is registered needs the same digest again: `anteroom models update NAME` says whether an image made anew has another. Then `anteroom retry` the runs that failed.',
  }),
  CONTAINER_START_FAILED: entry({
    kind: 'operator',
    text: 'The container could not be started',
    remedy: "See the engine's message; check GPU, memory and mounts in model.yaml.",
  }),
  CONTAINER_FOREIGN: entry({
    kind: 'operator',
    text: 'A container of that name exists that is not of this run',
    remedy: "Rename or remove it with the engine's own commands; the node touches only what carries its labels.",
  }),
  MODEL_EXITED: entry({
    kind: 'permanent',
    text: 'The model ended with an error',
    remedy: "Read the run's log; the last lines stand in its reason.",
  }),
  MODEL_TIMEOUT: entry({
    kind: 'permanent',
    text: 'The model did not end in time and was stopped',
    remedy: 'Raise `timeoutS` in model.yaml if the model is right, or look in the log where it hangs.',
  }),
  MODEL_OOM: entry({
    kind: 'permanent',
    text: 'The model ran out of memory and was killed',
    remedy: 'Raise `memoryMb` in model.yaml or choose a smaller series.',
  }),
  MODEL_OUTPUT_TOO_LARGE: entry({
    kind: 'permanent',
    text: 'The model wrote more than its limit',
    remedy: 'Raise `maxOutputMb` in model.yaml if the model is right.',
  }),
  MODEL_SCRATCH_TOO_LARGE: entry({
    kind: 'permanent',
    text: 'The model wrote more than its limit beside its output',
    remedy: "Raise `maxScratchMb` in model.yaml if the model is right; MHub's engine copies its whole input a few times.",
  }),
  WORKFLOW_INVALID: entry({
    kind: 'operator',
    text: 'The workflow of the model is not valid',
    remedy: 'Correct the lines named; `--list` shows the modules and their settings.',
  }),
  CASE_DATA_OTHER: entry({
    kind: 'permanent',
    text: 'A case holds other data than a module of the workflow takes',
    remedy: 'Correct the query in the settings of the module, or what the modules before it leave; `--list` shows both.',
  }),
  PROGRAM_FAILED: entry({
    kind: 'permanent',
    text: 'A program that the workflow calls failed',
    remedy: "Read its lines in the run's log; try it by itself on the same files.",
  }),
  WEIGHTS_REFUSED: entry({
    kind: 'operator',
    text: 'The weights of the model are not those that its package names',
    remedy: 'Get the right file, or write the SHA-256 of this one into the workflow, and pack the model again.',
  }),
  ONNX_RUNTIME_MISSING: entry({
    kind: 'operator',
    text: 'ONNX Runtime cannot be loaded',
    remedy: 'Use the base image as set-up builds it; on the host run `npm run demo` or `npm test` once, which fetch it.',
  }),
  NETWORK_FAILED: entry({
    kind: 'permanent',
    text: 'The network ended with an error',
    remedy: 'Check the shape of the input against what the network was trained on; see the text of ONNX Runtime.',
  }),
  MODEL_INPUTS_OTHER: entry({
    kind: 'operator',
    text: 'The run has other inputs than the package of the model takes',
    remedy: 'Name the inputs of the rule as `input.layout` of model.yaml does, or correct model.yaml; then `anteroom retry` the run.',
  }),
  INPUT_UNRELATED: entry({
    kind: 'permanent',
    text: 'A segmentation or structure set among the inputs is not of the image beside it',
    remedy: 'Correct the rule so that it chooses the image that the object was drawn on, and one object only.',
  }),
  MODEL_INPUT_MISSING: entry({
    kind: 'permanent',
    text: 'The input holds nothing that the model takes',
    remedy: 'Check the rule that chose the series against the model card.',
  }),
  MODEL_FOUND_NOTHING: entry({
    kind: 'permanent',
    text: 'The model did not find what its card says must exist',
    remedy: 'Check that the series shows the body part of the model card; correct the rule that chose it if not.',
  }),
  MODEL_NO_OUTPUT: entry({
    kind: 'permanent',
    text: 'The model ended without the output that its card promises',
    remedy: "Read the run's log; MHub images end with exit code 0 even when they failed.",
  }),
  OUTDATED: entry({
    kind: 'permanent',
    text: 'A newer version of the study has taken its place',
    remedy: 'Nothing needs to be done: see the newest run of the study (`anteroom runs --study UID`).',
    httpStatus: 409,
  }),
  RUN_CANCELLED: entry({
    kind: 'operator',
    text: 'The run was cancelled',
    remedy: 'Start it again with `anteroom retry` if that was a mistake.',
  }),
  RUN_NOT_WANTED: entry({
    kind: 'operator',
    text: 'The rules do not ask for the run any more',
    remedy: 'Nothing needs to be done: `anteroom explain STUDY` says what the rules decide now.',
  }),
  RUN_NOT_WRITTEN: entry({
    kind: 'transient',
    text: 'What became of a run could not be written down',
    remedy: 'Check the disk of the data folder: space, rights, errors. It is written down as soon as that is possible.',
  }),
  FOLDER_NOT_REMOVED: entry({
    kind: 'operator',
    text: 'A folder of a run could not be removed',
    remedy: 'Give what is in it to the user that runs the node, or remove it by hand; what is left of it goes with its study.',
  }),
  INPUT_NOT_TAKEN: entry({
    kind: 'operator',
    text: 'The model does not take the series',
    remedy:
      'The model became active after the study was decided, and its card says that it does not take what was chosen: `anteroom reroute STUDY` has the rules choose again.',
  }),
  RUN_LOST: entry({
    kind: 'transient',
    text: 'The container is gone and left no exit code',
    remedy:
      'The run is started again by itself, a few times; if that was in vain, find out what ends the containers, then `anteroom retry --run`.',
  }),

  // results
  RESULTS_DEADLY: entry({
    kind: 'operator',
    text: 'The node died each time that the results of the run were made',
    remedy:
      "Find out what ended it (its log, the kernel's or the supervisor's: as a rule too little memory for what the model left), give the node more memory or have the model leave less; then `anteroom retry` the run.",
  }),
  LABEL_MAP_REFUSED: entry({
    kind: 'permanent',
    text: 'A label map of the model cannot be read',
    remedy: 'Have the model write whole labels as MHA, NRRD or NIfTI, on the grid of its input and in one file.',
  }),
  STRUCTURE_SET_REFUSED: entry({
    kind: 'permanent',
    text: 'A structure set cannot be drawn on its images',
    remedy: 'Export it again with the series that it was drawn on; names that the table lacks go into the setting `roi`.',
  }),
  GATE_REJECTED: entry({
    kind: 'permanent',
    text: 'The output did not pass the gate',
    remedy: 'The reason names what was seen and expected; the model or its package must be corrected.',
  }),

  // dicomweb
  MULTIPART_MALFORMED: entry({
    kind: 'permanent',
    text: 'The multipart/related body cannot be read',
    remedy: 'Send multipart/related with a boundary, each part with its Content-Type, and the closing delimiter (PS3.18 8.6.1.2).',
    httpStatus: 400,
  }),
  QUERY_INVALID: entry({
    kind: 'operator',
    text: 'The query is not valid',
    remedy: 'Correct the URL (PS3.18 sections 8.3 and 10.6) or the identifier (PS3.4 annex C) as named.',
    dimseStatus: 0xa900,
    httpStatus: 400,
  }),
  MOVE_DESTINATION_UNKNOWN: entry({
    kind: 'operator',
    text: 'The destination of a C-MOVE is not known',
    remedy: 'Name its AE title with host and port in `peers`, or as a destination of kind cstore.',
    dimseStatus: 0xa801,
  }),
  PEER_UNKNOWN: entry({
    kind: 'operator',
    text: 'Where to report a storage commitment is not known',
    remedy: 'Name the AE title with host and port in `peers`; then have the sender ask again.',
  }),
  NOT_ACCEPTABLE: entry({
    kind: 'operator',
    text: 'The object is not available in the form asked for',
    remedy: 'Ask for one of the media types named in the Accept header; transfer-syntax=* takes it as it is stored.',
    httpStatus: 406,
  }),
  MEDIA_TYPE_UNSUPPORTED: entry({
    kind: 'operator',
    text: 'The body is of a media type that is not taken',
    remedy: 'Send multipart/related; type="application/dicom", or one object as application/dicom.',
    httpStatus: 415,
  }),

  // delivery
  DESTINATION_UNREACHABLE: entry({
    kind: 'transient',
    text: 'The destination does not answer',
    remedy: 'Check host, port and network; it is tried again by itself.',
  }),
  DESTINATION_UNSURE: entry({
    kind: 'ambiguous',
    text: 'It is not known whether the destination has the object: it broke off, or answered that it may have failed in the middle',
    remedy: 'The node asks the destination and sends the same object again if it is not there.',
  }),
  DESTINATION_AUTH: entry({
    kind: 'operator',
    text: 'The destination refused our credentials',
    remedy: 'Correct the credentials of the destination, then `anteroom retry` the delivery; nothing is lost meanwhile.',
  }),
  DESTINATION_REFUSED: entry({
    kind: 'permanent',
    text: 'The destination refused the object',
    remedy: "See the destination's reason; correct its configuration, then `anteroom retry`.",
  }),
  DESTINATION_BUSY: entry({
    kind: 'transient',
    text: 'The destination is busy or out of resources',
    remedy: 'It is tried again by itself.',
  }),
  DESTINATION_NO_SERVICE: entry({
    kind: 'transient',
    text: 'The destination says that there is nothing at this address',
    remedy: 'Check its `url`; a server that is just starting answers so too, so it is tried again by itself.',
  }),
  DESTINATION_SETTINGS: entry({
    kind: 'operator',
    text: 'The destination does not take us as the two are set up',
    remedy: 'Correct address and AE titles here or there, then `anteroom retry` the delivery; nothing is lost meanwhile.',
  }),
  DESTINATION_UNKNOWN: entry({
    kind: 'operator',
    text: 'No destination of that name is in the settings',
    remedy: 'Add it to `destinations` in anteroom.yaml or correct the rule.',
  }),
  DESTINATION_TLS: entry({
    kind: 'operator',
    text: 'The TLS connection to the destination failed',
    remedy: 'Check certificate, private CA (`tls.ca`) and host name of the destination.',
  }),
  RESULT_EDITED: entry({
    kind: 'operator',
    text: 'The object at the destination is not the one that was delivered',
    remedy: 'Somebody has changed it, so the node leaves it there: compare the two results at the destination and remove the wrong one.',
  }),
  SUCCESSOR_MISSING: entry({
    kind: 'operator',
    text: 'The newer result is not at the destination any more',
    remedy: 'Find out who removed it there; when it is back, `anteroom retry --withdrawal` takes back the earlier one.',
  }),

  // fetching
  FETCH_NOTHING: entry({
    kind: 'operator',
    text: 'No study at the source matches',
    remedy: 'Check number, patient and dates, or ask another source (`--source`).',
    httpStatus: 404,
  }),
  FETCH_TOO_MANY: entry({
    kind: 'operator',
    text: 'More studies match than the source may be asked for at once',
    remedy: 'Ask for a shorter range of dates or one accession number, or raise `maxMatches` of the source.',
    httpStatus: 400,
  }),
  FETCH_INCOMPLETE: entry({
    kind: 'transient',
    text: 'The source lists instances that it did not send',
    remedy: 'It is tried again a few times; then look at the log of the source, and whether it knows our address (C-MOVE).',
  }),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof CATALOGUE;

/** An error of the catalogue with what was seen and what was expected. */
export class AnteroomError extends Error {
  readonly code: ErrorCode;
  /** What was seen and expected, one sentence; must hold no patient data (it reaches logs and tables). */
  readonly seen: string;

  constructor(code: ErrorCode, seen: string, options?: ErrorOptions) {
    super(`${CATALOGUE[code].text}: ${seen}`, options);
    this.name = 'AnteroomError';
    this.code = code;
    this.seen = seen;
  }

  get kind(): FailureKind {
    return CATALOGUE[this.code].kind;
  }

  get remedy(): string {
    return CATALOGUE[this.code].remedy;
  }

  get dimseStatus(): number {
    return CATALOGUE[this.code].dimseStatus ?? 0x0110;
  }

  get httpStatus(): number {
    return CATALOGUE[this.code].httpStatus ?? 500;
  }
}

/** True of a code whose cause a person or time can remove: what failed with it is worth another try. */
export function mayPass(code: string): boolean {
  const kind = code in CATALOGUE ? CATALOGUE[code as ErrorCode].kind : undefined;
  return kind === 'operator' || kind === 'transient';
}

/** Any thrown value as an error of the catalogue; what is not ours becomes INTERNAL with the original as its cause. */
export function toAnteroomError(thrown: unknown): AnteroomError {
  if (thrown instanceof AnteroomError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AnteroomError('INTERNAL', message, { cause: thrown });
}
