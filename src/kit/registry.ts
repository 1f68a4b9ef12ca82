/** The modules that a workflow can name. A new module is added here and nowhere else. */
import { CommandRunner } from './modules/command-runner.js';
import { DataOrganizer } from './modules/data-organizer.js';
import { DicomImporter } from './modules/dicom-importer.js';
import { DsegConverter } from './modules/dseg-converter.js';
import { DsegExtractor } from './modules/dseg-extractor.js';
import { FileFilter } from './modules/file-filter.js';
import { FileStructureImporter } from './modules/file-structure-importer.js';
import { LabelMapPostprocessor } from './modules/label-map-postprocessor.js';
import { LobeSplitter } from './modules/lobe-splitter.js';
import { LungSegmenter } from './modules/lung-segmenter.js';
import { NiftiConverter } from './modules/nifti-converter.js';
import { NrrdExporter } from './modules/nrrd-exporter.js';
import { OnnxRunner } from './modules/onnx-runner.js';
import { ReportExporter } from './modules/report-exporter.js';
import { RtStructConverter } from './modules/rt-struct-converter.js';
import { RtStructImporter } from './modules/rt-struct-importer.js';
import { SegmentCombiner } from './modules/segment-combiner.js';
import type { Registry } from './workflow.js';

export const MODULES: Registry = {
  DicomImporter,
  FileStructureImporter,
  FileFilter,
  NiftiConverter,
  RtStructImporter,
  LungSegmenter,
  LobeSplitter,
  OnnxRunner,
  CommandRunner,
  LabelMapPostprocessor,
  SegmentCombiner,
  NrrdExporter,
  DsegConverter,
  DsegExtractor,
  RtStructConverter,
  ReportExporter,
  DataOrganizer,
};
