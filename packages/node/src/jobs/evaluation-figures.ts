import { join } from 'node:path';
import type { EvaluationFile } from '@simgan/report';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { resultFiles } from '../runs/run-folder.ts';
import type { Evaluation } from './evaluate-dataset.ts';
import { verdictParts } from './report-figures.ts';

/** An evaluation as a report of the same run reads it; see `evaluationSchema` of @simgan/report. */
export function evaluationFigures({ verdict, use, ...measured }: Evaluation): EvaluationFile {
  const { certificate } = verdict;
  // Of plain values only, as the file has them: a report may be given them without one.
  return JSON.parse(
    JSON.stringify({
      ...measured,
      ...(use && { use: { raw: use.raw, ...use.treatments } }),
      ...(certificate && { certificate }),
      verdict: verdictParts(verdict),
    }),
  ) as EvaluationFile;
}

/**
 * Writes `evaluation.json` into a folder, which is made if it is not there: in a run's folder, `reportRun` shows it.
 *
 * @returns the file's whole path.
 * @throws SimganError OUTPUT_FAILED if it cannot be written.
 */
export async function writeEvaluation(dir: string, evaluation: Evaluation): Promise<string> {
  await makeFolder(dir);
  const file = join(dir, resultFiles.evaluation);
  await writeFileAtomic(file, `${JSON.stringify(evaluationFigures(evaluation), undefined, 2)}\n`);
  return file;
}
