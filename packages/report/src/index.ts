export {
  type EvaluationFile,
  evaluationSchema,
  type LabelFigures,
  type LabelPairs,
  type VerdictPart,
} from './evaluation.ts';
export { renderLosses, renderReport } from './page/report-page.ts';
export type { ReportData, ReportMoment, ReportReject, Triplet } from './report-data.ts';
export type { TuringResults, TuringScore } from './turing/results-view.ts';
export { articleTuring, type TrialPicture } from './turing/trial.ts';
export {
  type ExportedTrial,
  renderExportedTrial,
  renderTuringPage,
  renderTuringResults,
} from './turing/turing-page.ts';
export { headline, verdictOf } from './verdict.ts';
