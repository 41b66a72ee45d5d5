import { testPlugin } from '@simgan/core/testing';
import { eyes } from './eyes.ts';

testPlugin(eyes());
testPlugin(eyes({ color: true }));
