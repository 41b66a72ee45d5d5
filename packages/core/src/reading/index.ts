export {
  type DatasetReader,
  type Folder,
  type LabeledFolder,
  type PictureForm,
  type ReaderOptions,
  type Reject,
  readEach,
} from './reader.ts';
export { idKey, idProblem, idsOfFiles, idsOfNames, stemOf } from './sample-ids.ts';
