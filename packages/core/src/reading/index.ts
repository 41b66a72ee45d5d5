export {
  type DatasetReader,
  type Folder,
  type LabeledFolder,
  type PictureForm,
  type ReaderOptions,
  type Reject,
  readEach,
  type StoredPicture,
} from './reader.ts';
export { idKey, idProblem, idsOfFiles, idsOfNames, stemOf } from './sample-ids.ts';
