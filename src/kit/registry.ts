/** The modules that a workflow can name. A new module is added here and nowhere else. */
import { DataOrganizer } from './modules/data-organizer.js';
import { DicomImporter } from './modules/dicom-importer.js';
import { DsegConverter } from './modules/dseg-converter.js';
import { LungSegmenter } from './modules/lung-segmenter.js';
import type { Registry } from './workflow.js';

export const MODULES: Registry = { DicomImporter, LungSegmenter, DsegConverter, DataOrganizer };
