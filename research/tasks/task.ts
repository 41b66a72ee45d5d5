import type { Dataset, Engine, Estimator, Network, Plugin, RealImage, Sample, SizedForm } from '@simgan/core';

/** A task with labeled real pictures, to find out what simulated pictures are worth to it. */
export interface Task<Annotation> {
  /** As given to `--tasks`. */
  readonly name: string;
  /** What is learned from and tested on what, as text for people. */
  readonly title: string;
  /** Its simulator draws the raw pictures; a labeled set can be one. */
  readonly plugin: Plugin<Annotation>;
  readonly image: SizedForm;
  readonly estimator: Estimator<Annotation>;
  /** A network that learns longer, to find out what pictures are worth. Default: `estimator`. */
  readonly tested?: Estimator<Annotation>;
  /** Samples in a training set, unless stated otherwise. */
  readonly length: number;
  /** Real pictures without labels; they may be learned from. */
  readonly real: Dataset<RealImage>;
  /** Labeled real pictures that are none of the tested ones, for upper bounds. */
  readonly labeled?: Dataset<Sample<Annotation>>;
  /** What the score is: `accuracy, %`. */
  readonly unit: string;
  readonly higherIsBetter: boolean;
  /** A difference of scores from which a set counts as harmful: two points of accuracy. */
  readonly harm: number;
  /** Whether a small shift of the picture keeps its labels. */
  readonly shiftable: boolean;
  /** Raw pictures with exact labels; another seed, other pictures. */
  raw(seed: number, length?: number): Promise<Dataset<Sample<Annotation>>>;
  /** Scores a network on real pictures whose labels are known. The first figure is the task's score. */
  score(network: Network, engine: Engine): Promise<Readonly<Record<string, number>>>;
}

/** Where to find pictures. */
export interface TaskPlaces {
  /** The folder with `digits`, `eyes-open-closed` and `eyes-gaze-webcam`. */
  readonly data: string;
  /** The folder of Fashion-MNIST's four files. Default: where Debian's package `dataset-fashion-mnist` puts them. */
  readonly fashion: string;
  /** The folder with the folders `dejavu` and `liberation`. Default: where Debian puts them. */
  readonly fonts: string;
}

/** Default places. */
export const defaultPlaces: Omit<TaskPlaces, 'data'> = {
  fashion: '/usr/share/datasets/fashion-mnist',
  fonts: '/usr/share/fonts/truetype',
};
