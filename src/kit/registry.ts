/** The modules that a workflow can name. A new module is added here and nowhere else. */
import { DataOrganizer } from './modules/data-organizer.js';
import { DicomImporter } from './modules/dicom-importer.js';
import { DsegConverter } from './modules/dseg-converter.js';
import { LabelMapPostprocessor } from './modules/label-map-postprocessor.js';
import { LobeSplitter } from './modules/lobe-splitter.js';
import { LungSegmenter } from './modules/lung-segmenter.js';
import { NrrdExporter } from './modules/nrrd-exporter.js';
import { OnnxRunner } from './modules/onnx-runner.js';
import { SegmentCombiner } from './modules/segment-combiner.js';
import type { Registry } from './workflow.js';

export const MODULES: Registry = {
  DicomImporter,
  LungSegmenter,
  LobeSplitter,
  OnnxRunner,
  LabelMapPostprocessor,
  SegmentCombiner,
  NrrdExporter,
  DsegConverter,
  DataOrganizer,
};
