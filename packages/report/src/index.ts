export {
  type EvaluationFile,
  evaluationSchema,
  type LabelFigures,
  type LabelPairs,
  type VerdictPart,
} from './evaluation.ts';
export { renderLosses, renderReport } from './page/report-page.ts';
export type { ReportData, ReportMoment, ReportReject, Triplet } from './report-data.ts';
export { headline, verdictOf } from './verdict.ts';
