import { bundlePage, servePage } from './bundle.ts';

const { url } = await servePage(await bundlePage(), 8080);
process.stdout.write(`Open ${url} in a browser with WebGPU.\n`);
