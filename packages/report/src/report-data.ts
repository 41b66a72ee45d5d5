import type { TrainStep } from '@simgan/core';
import type { EvaluationFile } from './evaluation.ts';

/** Everything that a report shows of a run. Pictures are data URLs. */
export interface ReportData {
  /** The run's name, such as that of its folder. */
  readonly title: string;
  readonly plugin: string;
  readonly recipe: string;
  /** Whether the training has ended, and how far it is. */
  readonly isDone: boolean;
  readonly step: number;
  readonly steps: number | undefined;
  /** Of the pictures, px. */
  readonly size: { readonly width: number; readonly height: number };
  /** The same pictures before and after; the difference in orange and blue. */
  readonly triplets: readonly Triplet[];
  readonly real: readonly string[];
  readonly moments: readonly ReportMoment[];
  /** The step whose refiner is used, where it is not the last. */
  readonly best?: number | undefined;
  readonly log: readonly TrainStep[];
  /** Of `report.json` and `evaluation.json`, put together. */
  readonly figures: EvaluationFile;
  readonly warnings: readonly string[];
  readonly rejects: { readonly total: number; readonly first: readonly ReportReject[] };
  /** Lines of what it was made of: label and text. */
  readonly provenance: readonly (readonly [label: string, text: string])[];
  /** The command that makes it again. */
  readonly command: string;
}

/** A sample before and after refinement. */
export interface Triplet {
  readonly id: string;
  readonly synthetic: string;
  readonly refined: string;
  readonly difference: string;
}

/** The same samples at one moment of the training. */
export interface ReportMoment {
  readonly step: number;
  /** A strip of the refined pictures. */
  readonly strip: string;
  /** How much refinement changes a value on average, as a share of the range. */
  readonly change: number;
  readonly labels: Readonly<
    Record<string, { readonly unit: string; readonly mean: number; readonly std: number }>
  >;
}

/** An input that was left out. */
export interface ReportReject {
  readonly file: string;
  readonly reason: string;
}
