export { type ImageFolder, type ReadImagesOptions, readImages } from './read-images.ts';
