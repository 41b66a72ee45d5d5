import { blobs } from '../../core/test/blobs.ts';
import { marks } from '../../core/test/marks.ts';
import { testPlugin } from './test-plugin.ts';

testPlugin(blobs(), { engines: ['cpu', 'wasm', 'onnx'] });
testPlugin(marks(), { engines: ['cpu', 'wasm', 'onnx'] });
