export { type Law, laws, type TestPluginOptions, testPlugin } from './test-plugin.ts';
