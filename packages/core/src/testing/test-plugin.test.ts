import { blobs } from '../../test/blobs.ts';
import { testPlugin } from './test-plugin.ts';

testPlugin(blobs({ width: 30, height: 26, channels: 1, bits: 8 }), { engines: ['cpu', 'wasm', 'onnx'] });
testPlugin(blobs({ width: 30, height: 26, channels: 3, bits: 16, range: [1000, 5000] }));
