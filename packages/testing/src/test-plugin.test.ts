import { blobs } from '../../core/test/blobs.ts';
import { testPlugin } from './test-plugin.ts';

testPlugin(blobs(), { engines: ['cpu', 'wasm', 'onnx'] });
