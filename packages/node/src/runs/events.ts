import type { SizedForm, TrainStep } from '@simgan/core';
import type { PlannedCorrection } from '@simgan/core/matching';
import type { Signals, Symptom } from '@simgan/core/monitoring';
import type { Outcome } from './outcome.ts';
import type { Moment } from './timeline-file.ts';

/** What a job is doing, where that takes long. */
export type JobPhase =
  | 'read'
  | 'simulate'
  | 'train'
  | 'refine'
  | 'evaluate'
  | 'estimate'
  | 'check'
  | 'merge'
  | 'convert'
  | 'judge'
  | 'label';

/** What a job says while it runs. */
export type JobEvent =
  /**
   * The engine was chosen; `passedOver` would come first but does not load here, or is slower. `remark` is what else there
   * is to know, such as how long a step of training takes on a GPU and on the processor.
   */
  | {
      readonly type: 'engine';
      readonly name: string;
      readonly device: string;
      readonly remark?: string;
      readonly passedOver: readonly {
        readonly name: string;
        readonly reason: string;
        readonly isSlower?: true;
      }[];
    }
  /** A set of pictures was opened: a folder with its whole path, `simulator`, `stand-in`, `dataset`, or
   * `renderer` with its address or command. */
  | {
      readonly type: 'synthetic' | 'real';
      readonly origin: string;
      readonly count: number;
      readonly rejects: number;
      /** Pictures that had to be scaled. */
      readonly resized?: number;
      /** Pictures with transparency, which became 0. */
      readonly transparent?: number;
      /** Which stored values of 16-bit pictures became black and white, if it is not the whole range. */
      readonly range?: readonly [low: number, high: number];
      /** The lowest and the highest value of pictures of floats. */
      readonly span?: readonly [low: number, high: number];
      /** Files that are no pictures. */
      readonly ignored?: number;
      readonly format?: string;
      /** How stored values became those of the pictures, where they are not the same. */
      readonly values?: string;
      readonly annotations?: 'plugin' | 'foreign';
      /** What the fields of foreign annotations were declared to be. */
      readonly labelGeometry?: Readonly<Record<string, string>>;
    }
  /** Corrections of light were decided on. */
  | {
      readonly type: 'match';
      /** In one line, as `match` takes it. */
      readonly text: string;
      readonly corrections: readonly PlannedCorrection[];
      readonly omitted: readonly PlannedCorrection[];
    }
  /** What pictures are judged by: what small networks learn from them, and the form in which they see them. */
  | { readonly type: 'task'; readonly what: string; readonly image: SizedForm }
  /** A rung of the ladder was judged, or skipped. */
  | { readonly type: 'rung'; readonly name: string; readonly taken: boolean; readonly reason: string }
  /** It was decided what is done to the pictures. */
  | {
      readonly type: 'treatment';
      /** `raw`, or rungs with commas, as `treat` takes them. */
      readonly treat: string;
      readonly reason: string;
      readonly chosen: 'judged' | 'by hand' | 'not judged';
    }
  /** Pictures are made towards the next of several cameras. */
  | { readonly type: 'camera'; readonly name: string; readonly index: number; readonly count: number }
  /** A trained refiner was opened. */
  | { readonly type: 'refiner'; readonly origin: string; readonly recipe: string | undefined }
  /** Something was done in an earlier run already. */
  | { readonly type: 'resume'; readonly phase: JobPhase; readonly done: number; readonly total: number }
  | ({ readonly type: 'step' } & TrainStep)
  /** The same pictures were refined and measured again; `file` shows them. */
  | ({ readonly type: 'moment'; readonly file: string } & Moment)
  /** A training was looked at: what was found, and the step of the best refiner so far. */
  | {
      readonly type: 'look';
      readonly signals: Signals;
      readonly symptoms: readonly Symptom[];
      readonly best: number | undefined;
    }
  /** A training that is looked at has ended; shares in [0, 1] of its time were spent on looks and on judging use. */
  | ({
      readonly type: 'outcome';
      readonly timeShares: { readonly looks: number; readonly use: number };
    } & Outcome)
  /** `done` of `total`; the last event of a phase has both equal, unless the job ends before. */
  | {
      readonly type: 'progress';
      readonly phase: JobPhase;
      readonly done: number;
      readonly total: number;
      readonly detail?: string;
    }
  /** Something that must not be overlooked. */
  | { readonly type: 'warning'; readonly message: string };

/** Options that all jobs share. */
export interface JobOptions {
  /** Called with everything that the job says while it runs. */
  readonly onEvent?: ((event: JobEvent) => void) | undefined;
  /** Stops the job after what is in progress; what is done is safe and can be resumed. */
  readonly signal?: AbortSignal | undefined;
  /** What relative paths and plugins are found from. Default: the current folder. */
  readonly cwd?: string;
  /** The URL of a module whose packages are searched for plugins after those of `cwd`. */
  readonly beside?: string;
}
